import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, expect, test } from "vitest";
import { respond } from "../../plugin/src/cli/plugin.js";
import { imageOf, printAll, withFiles } from "../public-module/roundtrip.js";
import { ScaffoldWorkspace } from "../scaffold/workspace.js";
import { typeErrors } from "../support/check-code.js";

// Protos that other people wrote, as internal ones: a public API is scaffolded for each service, and generated.

const FOLDERS = ["online-boutique", "opentelemetry-demo", "etcd", "googleapis", "grpc-gateway"];

const DEMO = [
  "Cart",
  "Recommendation",
  "ProductCatalog",
  "Shipping",
  "Currency",
  "Payment",
  "Email",
  "Checkout",
  "Ad",
];
const inPackage = (name: string, services: readonly string[]) =>
  services.map((service) => `${name}.${service}`);

/** The services of each public file. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  "hipstershop/api/v1/demo.proto": inPackage(
    "hipstershop",
    DEMO.map((name) => `${name}Service`),
  ),
  "oteldemo/api/v1/demo.proto": inPackage(
    "oteldemo",
    [...DEMO, "FeatureFlag"].map((name) => `${name}Service`),
  ),
  "etcdserverpb/api/v1/rpc.proto": inPackage("etcdserverpb", [
    "KV",
    "Watch",
    "Lease",
    "Cluster",
    "Maintenance",
    "Auth",
  ]),
  "v3lockpb/api/v1/v3lock.proto": ["v3lockpb.Lock"],
  "v3electionpb/api/v1/v3election.proto": ["v3electionpb.Election"],
  "google/api/pubsub/v1/pubsub.proto": inPackage("google.pubsub.v1", [
    "Publisher",
    "Subscriber",
    "SchemaService",
  ]),
  "google/api/bigtable/admin/v2/bigtable_instance_admin.proto": inPackage("google.bigtable.admin.v2", [
    "BigtableInstanceAdmin",
    "BigtableTableAdmin",
  ]),
  "google/api/logging/v2/logging.proto": inPackage("google.logging.v2", [
    "LoggingServiceV2",
    "ConfigServiceV2",
    "MetricsServiceV2",
  ]),
  "google/api/iam/v1/iam_policy.proto": ["google.iam.v1.IAMPolicy"],
  "google/api/longrunning/v1/operations.proto": ["google.longrunning.Operations"],
};

const workspace = new ScaffoldWorkspace(
  {},
  FOLDERS.map((folder) => `test/corpora/${folder}`),
);
afterAll(() => workspace.dispose());

const leftOut: string[] = [];
for (const [name, services] of Object.entries(SERVICES)) {
  const { code, err } = await workspace.scaffold(...services, "--out", join(workspace.folder, "public"));
  if (code !== 0) throw new Error(`${name}: ${err}`);
  leftOut.push(...err.split("\n").filter((line) => line !== ""));
}

test("each stands where its package says", () => {
  for (const name of Object.keys(SERVICES))
    expect(readFileSync(join(workspace.folder, "public", name), "utf8")).toContain(
      "portico/v1/options.proto",
    );
});

test("they are formatted, and buf lint has nothing to say", () => {
  expect(workspace.buf("format", "-d", "public")).toBe("");
  expect(() => workspace.buf("lint")).not.toThrow();
});

test("what is left out needs a decision", () => {
  const reasons = leftOut.map((line) => line.replace(/^left out: [\w./]+: /, ""));
  expect(new Set(reasons)).toEqual(
    new Set([
      "an Any: list the types that it may hold, with `any`",
      "a google.rpc.Status, which has an Any: list the types that it may hold, with `any`",
      "a FieldMask, of which it is not clear what it masks",
    ]),
  );
  // Of more than 1,000 fields.
  expect(leftOut.length).toBeLessThan(20);
});

test("gateways are generated, and type-check", () => {
  workspace.buf("build", "-o", "all.binpb");
  const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(join(workspace.folder, "all.binpb")));
  const response = respond(
    create(CodeGeneratorRequestSchema, {
      fileToGenerate: Object.keys(SERVICES),
      protoFile: file,
      sourceFileDescriptors: file,
      parameter: "public_protos=public",
    }),
  );
  expect(response.error).toBe("");
  expect(response.file.filter(({ name }) => name.endsWith("_gateway.ts"))).toHaveLength(
    Object.keys(SERVICES).length,
  );
  expect(typeErrors(new Map(response.file.map(({ name, content }) => [name, content])))).toBe("");
  // The scaffolded API is public as a whole, with the shared types that it uses.
  const published = response.file.filter(({ name }) => name.startsWith("public/") && name.endsWith(".proto"));
  expect(published.map(({ name }) => name.slice(7)).sort()).toEqual(
    [...Object.keys(SERVICES), "google/type/expr.proto"].sort(),
  );
  for (const { content } of published) expect(content).not.toMatch(/portico/);
});

test("printed from their descriptors, they are the same", () => {
  const before = imageOf(join(workspace.folder, "internal"));
  withFiles(printAll(before.registry), (folder) => {
    const after = imageOf(folder);
    expect(after.descriptors).toEqual(before.descriptors);
    expect(after.comments).toEqual(before.comments);
  });
});
