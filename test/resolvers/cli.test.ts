import { afterEach, beforeEach, expect, test } from "vitest";
import { Workspace } from "../cli/workspace.js";
import { typeErrors } from "../support/check-code.js";

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
  workspace.edit(
    PUBLIC,
    "string product = 2;",
    'string product = 2 [(portico.v1.field) = {resolver: "product" reads: "note"}];',
  );
  workspace.edit(
    PUBLIC,
    "message NewOrder { string id = 1; }",
    'message NewOrder { string id = 1 [(portico.v1.field).resolver = "newId"]; }',
  );
});
afterEach(() => workspace.remove());

const PUBLIC = "public/api/v1/orders.proto";
const FILE = "src/resolvers.ts";

test("writes a file to start from, which fits the generated types, and is then left alone", () => {
  expect(workspace.portico("resolvers", "--check")).toEqual({
    status: 1,
    out: "",
    err: `${FILE}: the resolver "newId" is missing: \`portico resolvers\` adds a stub
${FILE}: the resolver "product" is missing: \`portico resolvers\` adds a stub
`,
  });
  expect(() => workspace.read(FILE)).toThrow();
  expect(workspace.portico("resolvers")).toEqual({
    status: 0,
    out: "",
    err: `${FILE}: added a stub for "newId"\n${FILE}: added a stub for "product"\n`,
  });
  expect(workspace.read(FILE)).toBe(`import type { Resolvers } from "../gen/gateway_resolvers.js";

/** The values that are written by hand. */
export const resolvers: Resolvers = {
  /** api.v1.NewOrder.id */
  async newId(_reads, _context) {
    throw new Error("the resolver newId is not written yet");
  },
  /** api.v1.Order.product */
  async product(_reads, _context) {
    throw new Error("the resolver product is not written yet");
  },
};
`);
  const before = workspace.read(FILE);
  expect(workspace.portico("resolvers")).toEqual({ status: 0, out: "", err: "" });
  expect(workspace.portico("resolvers", "--check").status).toBe(0);
  expect(workspace.read(FILE)).toBe(before);
  expect(workspace.buf("generate").status).toBe(0);
  expect(workspace.read("gen/gateway_resolvers.ts")).toContain("newId(");
});

const OWN = `// Ours.
import type { Resolvers } from "../gen/gateway_resolvers.js"
import   {old}   from './old'

export const resolvers = {
    // Why it is so.
    product: async ({note}) => (  note ?? 'none' ),   // odd, and ours
    ...old
    /* the end */
} satisfies Resolvers
function after( ) { return  1 }
`;

test("adds what is missing, and leaves bodies, comments and formatting alone", () => {
  workspace.write(FILE, OWN);
  workspace.write("src/old.ts", "export const old = { gone() {} };\n");
  const { status, err } = workspace.portico("resolvers");
  expect(err).toBe(
    `${FILE}: added a stub for "newId"\n${FILE}:5: no annotation names the resolver "gone": remove it\n`,
  );
  expect(status).toBe(0);
  const stub = `    /** api.v1.NewOrder.id */
    async newId(_reads, _context) {
        throw new Error('the resolver newId is not written yet');
    },
`;
  const text = workspace.read(FILE);
  expect(text).toBe(OWN.replace("...old\n", "...old,\n").replace("} satisfies", `${stub}} satisfies`));
  // Told again, and not touched again.
  const check = workspace.portico("resolvers", "--check");
  expect(check.status).toBe(1);
  expect(check.err).toContain('"gone"');
  workspace.portico("resolvers");
  expect(workspace.read(FILE)).toBe(text);
});

test.each([
  ["an empty object", "export const r: Resolvers = {};\n", "export const r: Resolvers = {\nSTUBS};\n"],
  [
    "one line",
    "export const r: Resolvers = { product };\n",
    "export const r: Resolvers = { product, \nSTUBS};\n",
  ],
  [
    "tabs and CRLF",
    "export const r: Resolvers = {\r\n\tproduct,\r\n};\r\n",
    "export const r: Resolvers = {\r\n\tproduct,\r\nSTUBS};\r\n",
  ],
])("adds to %s", (_, before, after) => {
  workspace.write("mine.ts", before);
  expect(workspace.portico("resolvers", "mine.ts").status).toBe(0);
  const [start, end] = after.split("STUBS") as [string, string];
  const text = workspace.read("mine.ts");
  expect(text.startsWith(start)).toBe(true);
  expect(text.endsWith(`},${before.includes("\r") ? "\r" : ""}\n${end}`)).toBe(true);
  expect(text).toContain("async newId(");
  expect(/(?<!\r)\n/.test(text)).toBe(!before.includes("\r"));
  expect(workspace.portico("resolvers", "--check", "mine.ts")).toMatchObject({ status: 0, err: "" });
});

test("a resolver that no field has any more is told with its line, and stays", () => {
  workspace.portico("resolvers");
  workspace.edit(PUBLIC, ' [(portico.v1.field).resolver = "newId"]', "");
  const before = workspace.read(FILE);
  const said = `${FILE}:6: no annotation names the resolver "newId": remove it\n`;
  expect(workspace.portico("resolvers")).toEqual({ status: 0, out: "", err: said });
  expect(workspace.portico("resolvers", "--check")).toEqual({ status: 1, out: "", err: said });
  expect(workspace.read(FILE)).toBe(before);
});

test("methods have stubs as well, by what they take and give", () => {
  workspace.edit(
    PUBLIC,
    "rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);",
    `rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);
  rpc Count(CreateOrderRequest) returns (Count_) { option (portico.v1.method).resolver = "count"; }
  rpc Watch(CreateOrderRequest) returns (stream Count_) { option (portico.v1.method).resolver = "watch"; }
  rpc Upload(stream CreateOrderRequest) returns (Count_) { option (portico.v1.method).resolver = "upload"; }
  rpc Chat(stream CreateOrderRequest) returns (stream Count_) { option (portico.v1.method).resolver = "chat"; }`,
  );
  workspace.edit(PUBLIC, "message NewOrder", "message Count_ { int32 orders = 1; }\nmessage NewOrder");
  expect(workspace.portico("resolvers")).toMatchObject({ status: 0, out: "" });
  const text = workspace.read(FILE);
  const stub = (name: string, head: string) => `  /** api.v1.Orders/${name} */
  async ${head} {
    throw new Error("the resolver ${name.toLowerCase()} is not written yet");
  },
`;
  expect(text).toContain(stub("Count", "count(_request, _context)"));
  expect(text).toContain(stub("Watch", "*watch(_request, _context)"));
  expect(text).toContain(stub("Upload", "upload(_requests, _context)"));
  expect(text).toContain(stub("Chat", "*chat(_requests, _context)"));
  expect(workspace.buf("generate").status).toBe(0);
  const files = [
    ["gateway_resolvers.ts", workspace.read("gen/gateway_resolvers.ts")],
    ["resolvers.ts", text.replace("../gen/", "./")],
  ] as const;
  expect(typeErrors(new Map(files))).toBe("");
  const count =
    'rpc Count(CreateOrderRequest) returns (Count_) { option (portico.v1.method).resolver = "count"; }';
  workspace.edit(PUBLIC, count, "");
  const line = text.split("\n").findIndex((one) => one.includes("count(")) + 1;
  expect(workspace.portico("resolvers", "--check")).toEqual({
    status: 1,
    out: "",
    err: `${FILE}:${line}: no annotation names the resolver "count": remove it\n`,
  });
  expect(workspace.read(FILE)).toBe(text);
});

test.each([
  ["no object of the type", "export const resolvers = {};\n", "no object of the type `Resolvers`"],
  ["two of them", "const a: Resolvers = {}; const b: Resolvers = {};\n", "several objects of the type"],
  ["no TypeScript", "const a: Resolvers = {\n  b c\n};\n", `${FILE}:2: `],
])("a file with %s is not touched", (_, text, said) => {
  workspace.write(FILE, text);
  const { status, err } = workspace.portico("resolvers");
  expect(err).toContain(said);
  expect(status).toBe(2);
  expect(workspace.read(FILE)).toBe(text);
});

test("without resolvers there is nothing to write", () => {
  workspace.edit(PUBLIC, ' [(portico.v1.field).resolver = "newId"]', "");
  workspace.edit(PUBLIC, ' [(portico.v1.field) = {resolver: "product" reads: "note"}]', "");
  expect(workspace.portico("resolvers")).toEqual({ status: 0, out: "", err: "" });
  expect(() => workspace.read(FILE)).toThrow();
});

test("findings come first", () => {
  workspace.edit(PUBLIC, 'reads: "note"', 'reads: "nte"');
  const { status, err } = workspace.portico("resolvers");
  expect(status).toBe(1);
  expect(err).toContain("name-unknown");
});
