import { beforeAll, expect, test } from "vitest";
import { rich } from "../differential/rich.js";
import { formatted, typeErrors } from "../support/check-code.js";
import { type Compiled, compile } from "../support/compile.js";
import { byHand, inside } from "./hand.js";
import { internal, shop } from "./shop.js";

const fields = `
  string text = 20 [(portico.v1.field) = {resolver: "text", reads: ["id", "user.email", "note", "cents", "count", "state", "parts",
    "placed_at", "address", "both = [cents, 2]", "names = {'a': id}", "user"], may_call: "shop.v1.Users/BatchGetUsers"}];
  repeated Card cards = 21 [(portico.v1.field).resolver = "cards"];
  map<int64, Level> levels = 22 [(portico.v1.field).resolver = "levels"];
  google.protobuf.Struct extra = 23 [(portico.v1.field).resolver = "extra"];
  google.protobuf.Int64Value wrapped = 24 [(portico.v1.field).resolver = "wrapped"];
`;
let compiled: Compiled;
let methods: Compiled;

beforeAll(() => {
  compiled = compile({
    "shop.proto": internal,
    "api.proto": shop(
      fields,
      "message Card { string first_line = 1; Card inner = 2; optional int32 size = 3; }",
    ),
  });
  expect(compiled.error).toBeUndefined();
  methods = compile({ "shop.proto": inside, "api.proto": byHand });
  expect(methods.error).toBeUndefined();
});

test("the code is as the formatter leaves it", () => {
  for (const [name, content] of [...compiled.files, ...methods.files])
    expect(formatted(name, content)).toBe(content);
});

/** What tsc says of hand-written resolvers beside the generated code. */
function errorsOf(body: string, { files } = compiled): string {
  const text = `import type { Resolvers } from "./gateway_resolvers.js";\nexport const resolvers: Resolvers = {\n${body}\n};\n`;
  return typeErrors(new Map([...files, ["resolvers.ts", text]]));
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
  expect(errorsOf(RIGHT)).toBe("");
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
  expect(errorsOf(RIGHT.replace(right, wrong))).toContain(said);
});

const METHODS = `
  async search({ text, filter }, { calls, auth, metadata }) {
    const cents: bigint = filter?.minCents ?? calls.source.orders[0]?.cents ?? 0n;
    const email: string | undefined = calls.me?.email;
    const region: string | undefined = metadata.get("x-region");
    return { orders: [{ id: text, level: "LEVEL_HIGH", cents }], note: [email, auth?.subject, region].join() };
  },
  alone: async ({ pageSize }, { upstreams }) => {
    const user = await upstreams["shop.v1.Users"].getUser({ id: pageSize.toFixed() });
    return { note: user.email, byId: new Map([["a", { id: "1" }]]) };
  },
  pick: (_, { calls }) => ({ note: String(calls.myAge ?? 0) + calls.all.map(({ email }) => email).join() }),
  picked: (_, { calls }) => ({ note: calls.source?.city }),
  update: ({ order, updateMask }) => ({ note: updateMask?.paths.join(), orders: order === undefined ? [] : [order] }),
  async change({ text }, { upstreams }) {
    const { id } = await upstreams["shop.v1.Orders"].createOrder({ userId: text });
    return { note: id };
  },
  async *watch(request, { signal }) {
    while (!signal.aborted) yield { note: request.text };
  },
  async upload(requests) {
    let note = "";
    for await (const { text } of requests) note += text;
    return { note };
  },
  async *chat(requests, { calls }) {
    for await (const { text } of requests) yield { note: calls.me.email + text };
  },`;

test("the types fit methods by hand", () => {
  expect(errorsOf(METHODS, methods)).toBe("");
});

test.each([
  ["a field of the response of another type", "note: id }", "note: 5 }", "number"],
  ["a field that the response does not have", "{ note: id }", "{ nte: id }", "nte"],
  ["nothing for a response", "return { note: id };", "", "is not assignable to type"],
  [
    "a promise for a stream",
    "async *watch(request, { signal }) {\n    while (!signal.aborted) yield { note: request.text };",
    "async watch(request) {\n    return { note: request.text };",
    "AsyncIterable",
  ],
  ["a stream of another type", "yield { note: request.text }", "yield { note: 1 }", "number"],
  ["a field that the request does not have", "{ pageSize }", "{ pageToken }", "pageToken"],
  [
    "one request for a stream of them",
    "for await (const { text } of requests) note",
    "note = requests.text; note",
    "text",
  ],
  ["a call that may not have been made", "calls.me?.email", "calls.me.email", "undefined"],
  ["a call that is not made", "calls.source?.city", "calls.other?.city", "other"],
  ["what it may not call", "].getUser({", "].batchGetUsers({", "batchGetUsers"],
  ["a service that it may not call", '["shop.v1.Users"]', '["shop.v1.Orders"]', "shop.v1.Orders"],
  ["what is marked internal", "calls.source?.city", "calls.source?.doorCode", "doorCode"],
])("the types refuse %s", (_, right, wrong, said) => {
  expect(METHODS).toContain(right);
  expect(errorsOf(METHODS.replace(right, wrong), methods)).toContain(said);
});

test("without resolvers there is no file for them", () => {
  const plain = compile(rich);
  expect(plain.error).toBeUndefined();
  expect([...plain.files.keys()]).not.toContain("gateway_resolvers.ts");
});
