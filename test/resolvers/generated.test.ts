import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { rich } from "../differential/rich.js";
import { type Compiled, compile } from "../support/compile.js";
import { internal, shop } from "./shop.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = (name: string) => join(root, "node_modules/.bin", name);
const fields = `
  string text = 20 [(portico.v1.field) = {resolver: "text", reads: ["id", "user.email", "note", "cents", "count", "state", "parts",
    "placed_at", "address", "both = [cents, 2]", "names = {'a': id}", "user"], may_call: "shop.v1.Users/BatchGetUsers"}];
  repeated Card cards = 21 [(portico.v1.field).resolver = "cards"];
  map<int64, Level> levels = 22 [(portico.v1.field).resolver = "levels"];
  google.protobuf.Struct extra = 23 [(portico.v1.field).resolver = "extra"];
  google.protobuf.Int64Value wrapped = 24 [(portico.v1.field).resolver = "wrapped"];
`;
let compiled: Compiled;

beforeAll(() => {
  compiled = compile({
    "shop.proto": internal,
    "api.proto": shop(
      fields,
      "message Card { string first_line = 1; Card inner = 2; optional int32 size = 3; }",
    ),
  });
  expect(compiled.error).toBeUndefined();
});

test("the code is as the formatter leaves it", () => {
  for (const [name, content] of compiled.files) {
    const formatted = execFileSync(bin("biome"), ["format", `--stdin-file-path=gen/${name}`], {
      cwd: root,
      input: content,
      stdio: ["pipe", "pipe", "ignore"],
    });
    expect(formatted.toString()).toBe(content);
  }
});

/** What tsc says of hand-written resolvers beside the generated code. */
function typeErrors(body: string): string {
  const folder = join(root, "test/out/resolver-types");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of compiled.files) writeFileSync(join(folder, name), content);
  writeFileSync(
    join(folder, "resolvers.ts"),
    `import type { Resolvers } from "./gateway_resolvers.js";\nexport const resolvers: Resolvers = {\n${body}\n};\n`,
  );
  const config = {
    extends: "../../../tsconfig.base.json",
    compilerOptions: {
      composite: false,
      declaration: false,
      noEmit: true,
      paths: {
        "@portico/runtime": ["../../../runtime/src/index.ts"],
        "@portico/runtime/generated": ["../../../runtime/src/generated.ts"],
      },
    },
    files: ["gateway.ts", "resolvers.ts"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  try {
    execFileSync(process.execPath, [bin("tsc"), "-p", folder], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return "";
  } catch (error) {
    return String((error as { stdout: Buffer }).stdout);
  }
}

const RIGHT = `
  async text({ id, userEmail, note, cents, count, state, parts, placedAt, address, both, names, user }, { request, auth, upstreams, signal }) {
    const city: string | undefined = address?.next?.city;
    const sum: bigint = cents + (both?.[0] ?? 0n) + (placedAt?.seconds ?? 0n);
    const number: number = count + (parts.get("a") ?? 0) + request.pageSize + (user?.age ?? 0);
    const found = await upstreams["shop.v1.Users"].batchGetUsers({ ids: [id] }, { timeoutMs: 5 });
    const email: string | undefined = found.users[0]?.email ?? userEmail;
    if (state === "STATE_OPEN" || signal.aborted) return undefined;
    return [city, sum, number, email, note, auth?.subject, names?.get("a")].join();
  },
  cards: () => [{ firstLine: "1", inner: { size: undefined } }],
  levels: () => new Map([[1n, "LEVEL_HIGH"]]),
  extra: async () => new Map([["a", [1, null, "x"]]]),
  wrapped: () => 5n,`;

test("the types fit hand-written code", () => {
  expect(typeErrors(RIGHT)).toBe("");
});

test.each([
  ["a value of another type", "wrapped: () => 5n", "wrapped: () => 5", "number"],
  ["a field of another type", 'firstLine: "1"', "firstLine: 1", "not assignable to type 'string'"],
  ["a name that the enum does not have", "LEVEL_HIGH", "HIGH", "HIGH"],
  ["what is not read", "request.pageSize", "request.pageToken", "pageToken"],
  ["what may not be there", "user?.age", "user.age", "undefined"],
  ["what is marked internal", "address?.next?.city", "address?.next?.doorCode", "doorCode"],
  ["what it may not call", "batchGetUsers({ ids: [id] }", "getUser({ id }", "getUser"],
  ["a request of another type", "ids: [id]", "ids: id", "not assignable to type 'readonly string[]'"],
  ["a resolver that is missing", "wrapped: () => 5n,", "", "wrapped"],
])("the types refuse %s", (_, right, wrong, said) => {
  expect(RIGHT).toContain(right);
  expect(typeErrors(RIGHT.replace(right, wrong))).toContain(said);
});

test("without resolvers there is no file for them", () => {
  const plain = compile(rich);
  expect(plain.error).toBeUndefined();
  expect([...plain.files.keys()]).not.toContain("gateway_resolvers.ts");
});
