import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { respond } from "../../plugin/src/cli/plugin.js";
import { buf, descriptorsOf, root, withFiles } from "./roundtrip.js";

// The public files of a workspace, as clients get them.

const INTERNAL = {
  "acme/orders/v1/orders.proto": `
    syntax = "proto3";
    package acme.orders.v1;
    import "acme/orders/v1/tags.proto";
    service OrdersService {
      rpc GetOrder(GetOrderRequest) returns (Order);
    }
    message GetOrderRequest { string id = 1; }
    message Order { string id = 1 [(tag) = "k"]; string secret = 2; map<string, int64> counts = 3; }`,
  "acme/orders/v1/tags.proto": `
    syntax = "proto3";
    package acme.orders.v1;
    import "google/protobuf/descriptor.proto";
    extend google.protobuf.FieldOptions { string tag = 50001; }`,
};

const PUBLIC = {
  "shop/api/v1/orders.proto": `// Copyright of the shop.

syntax = "proto3";

package shop.api.v1;

import "acme/orders/v1/orders.proto";
import "acme/orders/v1/tags.proto";
import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "portico/v1/options.proto";
import "shop/api/v1/common.proto";
import "shop/api/v1/unused.proto";

option go_package = "shop/api/v1;apiv1";

// All about orders.
service OrdersService {
  // Goes with the option.
  option (portico.v1.service) = {
    from: "acme.orders.v1.OrdersService" // internal
    allow: {public: true}
  };

  // One order.
  rpc GetOrder(GetOrderRequest) returns (GetOrderResponse) {
    option (portico.v1.method).timeout = "1s";
    option (google.api.http) = {
      get: "/v1/{id=orders/*}"
      additional_bindings: {get: "/v1/o/{id}"}
    };
  }
}

// Not served by the gateway.
service AdminService {
  rpc Purge(PurgeRequest) returns (PurgeResponse);
}

message PurgeRequest {}

message PurgeResponse {
  // An internal type, which no public method reaches.
  acme.orders.v1.Order order = 1;
}

// What is asked for.
message GetOrderRequest {
  string id = 1 [
    (google.api.field_behavior) = REQUIRED,
    (google.api.field_behavior) = IMMUTABLE
  ]; // Its name.
}

message GetOrderResponse {
  option (portico.v1.message).let = "";

  string order_id = 1 [
    (portico.v1.field).from = "id",
    (acme.orders.v1.tag) = "internal",
    json_name = "order"
  ];

  // Apart.

  Money price = 2 [(portico.v1.field).unset = true];
  map<string, int64> counts = 3;
  optional string note = 4 [(portico.v1.field).unset = true];
  oneof rest {
    string a = 5 [(portico.v1.field).unset = true];
    string b = 6 [(portico.v1.field).unset = true];
  }
  reserved 7 to 9;
  reserved "old";
}
`.replace('  option (portico.v1.message).let = "";\n\n', ""),
  "shop/api/v1/common.proto": `syntax = "proto3";

package shop.api.v1;

option go_package = "shop/api/v1;apiv1";

message Money {
  int64 units = 1; // Of the currency.
}
`,
  "shop/api/v1/unused.proto": `syntax = "proto3";
package shop.api.v1;
message Unused {}
`,
};

const FOREIGN = ["google/api/annotations.proto", "google/api/http.proto", "google/api/field_behavior.proto"];

/** Runs the plugin as buf does where google/api comes from a dependency; gives its files, or throws with its findings. */
function generate(parameter: string): Map<string, string> {
  return withFiles(Object.entries({ ...INTERNAL, ...PUBLIC }), (folder) => {
    cpSync(join(root, "proto"), folder, { recursive: true });
    for (const name of FOREIGN) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      cpSync(join(root, "test/corpora/googleapis", name), join(folder, name));
    }
    const { file } = fromBinary(FileDescriptorSetSchema, buf(folder, "build", "-o", "-#format=binpb"));
    originals = descriptorsOf(buf(folder, "build", "--exclude-source-info", "-o", "-#format=json"));
    const request = create(CodeGeneratorRequestSchema, {
      fileToGenerate: [...Object.keys(INTERNAL), ...Object.keys(PUBLIC)],
      protoFile: file,
      sourceFileDescriptors: file,
      parameter,
    });
    const response = respond(request);
    if (response.error !== "") throw new Error(response.error);
    return new Map(response.file.map(({ name, content }) => [name, content] as const));
  });
}

let originals: Map<string, string> = new Map();
const all = generate("public_protos=api");
const files = new Map(
  [...all].filter(([name]) => name.startsWith("api/")).map(([name, text]) => [name.slice(4), text]),
);

test("public files, and what they need, and nothing else", () => {
  const names = ["buf.yaml", "shop/api/v1/common.proto", "shop/api/v1/orders.proto", ...FOREIGN];
  expect([...files.keys()].sort()).toEqual(names.sort());
  for (const [name, text] of files)
    if (name.startsWith("shop/")) expect(text).not.toMatch(/portico|acme|[Aa]dmin/);
});

test("reads as its author wrote it", () => {
  expect(files.get("shop/api/v1/orders.proto")).toBe(`// Copyright of the shop.

syntax = "proto3";

package shop.api.v1;

import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "shop/api/v1/common.proto";

option go_package = "shop/api/v1;apiv1";

// All about orders.
service OrdersService {
  // One order.
  rpc GetOrder(GetOrderRequest) returns (GetOrderResponse) {
    option (google.api.http) = {
      get: "/v1/{id=orders/*}"
      additional_bindings: {get: "/v1/o/{id}"}
    };
  }
}

message PurgeRequest {}

// What is asked for.
message GetOrderRequest {
  string id = 1 [
    (google.api.field_behavior) = REQUIRED,
    (google.api.field_behavior) = IMMUTABLE
  ]; // Its name.
}

message GetOrderResponse {
  string order_id = 1 [json_name = "order"];

  // Apart.

  Money price = 2;
  map<string, int64> counts = 3;
  optional string note = 4;
  oneof rest {
    string a = 5;
    string b = 6;
  }
  reserved 7 to 9;
  reserved "old";
}
`);
});

test("builds, lints and is formatted; breaking changes are seen", () => {
  withFiles(files, (folder) => {
    const descriptors = descriptorsOf(buf(folder, "build", "--exclude-source-info", "-o", "-#format=json"));
    for (const name of ["shop/api/v1/orders.proto", "shop/api/v1/common.proto", ...FOREIGN])
      expect(descriptors.get(name)).toBe(surfaceOf(originals.get(name)!));
    expect(() => buf(folder, "lint")).not.toThrow();
    expect(String(buf(folder, "format", "-d", "--path", "shop"))).toBe("");
    buf(folder, "build", "-o", "before.binpb");
    expect(() => buf(folder, "breaking", "--against", "before.binpb")).not.toThrow();
    const path = join(folder, "shop/api/v1/common.proto");
    writeFileSync(path, readFileSync(path, "utf8").replace("int64 units = 1", "string units = 1"));
    expect(() => buf(folder, "breaking", "--against", "before.binpb")).toThrow();
  });
});

/** What should be left of a descriptor, said once more, on its JSON. */
function surfaceOf(text: string): string {
  const file = JSON.parse(text) as Record<string, unknown> & {
    dependency?: string[];
    service?: Array<{ name: string }>;
    messageType?: Array<{ name: string }>;
  };
  const gone = /^(?:acme|portico|shop\/api\/v1\/unused)/;
  if (file.dependency !== undefined) {
    file.dependency = file.dependency.filter((name) => !gone.test(name));
    if (file.dependency.length === 0) delete file.dependency;
  }
  if (file.service !== undefined) file.service = file.service.filter(({ name }) => name !== "AdminService");
  if (file.messageType !== undefined)
    file.messageType = file.messageType.filter(({ name }) => name !== "PurgeResponse");
  const stripped = JSON.stringify(file, (key, value: unknown) => {
    if (/^\[(?:portico|acme)\./.test(key)) return undefined;
    if (key !== "options") return value;
    const kept = Object.entries(value as object).filter(([name]) => !/^\[(?:portico|acme)\./.test(name));
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  });
  return JSON.stringify(JSON.parse(stripped), null, 1);
}

test("its buf.yaml takes the rules of the workspace, and does not lint files of others", () => {
  expect(files.get("buf.yaml")).toMatch(/^version: v2$/m);
  expect(files.get("buf.yaml")).toMatch(
    /^lint:\n(?: {2}.*\n)*? {2}ignore:\n {4}- "google\/api\/annotations.proto"$/m,
  );
  expect(files.get("buf.yaml")).toContain("except:");
});

test("with dependencies, files of others are not copied", () => {
  const dependent = generate("public_protos=api,public_dependency=buf.build/googleapis/googleapis");
  expect([...dependent.keys()].filter((name) => name.startsWith("api/google/"))).toEqual([]);
  expect(dependent.get("api/buf.yaml")).toContain("deps:\n  - buf.build/googleapis/googleapis\n");
  expect(dependent.get("api/buf.yaml")).not.toContain("ignore:");
});

test("without the option there is none", () => {
  expect([...generate("").keys()].filter((name) => /\.(?:proto|yaml)$/.test(name))).toEqual([]);
});

test.each(["public_protos=", "public_protos=../api", "public_protos=/api", "public_dependency=googleapis"])(
  "%s is refused",
  (parameter) => expect(() => generate(parameter)).toThrow(/^option-plugin: unknown or incomplete option/),
);

test("that of the example is the public API, built and linted", () => {
  const bin = join(root, "node_modules/.bin/buf");
  const run = (...args: string[]) =>
    execFileSync(bin, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  expect(() => run("lint", "gen/public")).not.toThrow();
  const published = descriptorsOf(run("build", "gen/public", "--exclude-source-info", "-o", "-#format=json"));
  const source = descriptorsOf(run("build", "--exclude-source-info", "-o", "-#format=json"));
  for (const [name, text] of published) expect(text).toBe(surfaceOf(source.get(name)!));
  expect([...published.keys()].filter((name) => name.startsWith("smpl/"))).toHaveLength(3);
});
