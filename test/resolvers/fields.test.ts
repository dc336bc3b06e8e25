import type { GatewayApi } from "@portico/runtime";
import { Code, PorticoError, UpstreamError } from "@portico/runtime";
import { expect, test } from "vitest";
import { explain } from "../../plugin/src/emit/report/explain.js";
import { explainText } from "../../plugin/src/emit/report/explain-text.js";
import { makePlan } from "../../plugin/src/plan/plan.js";
import { sourceTexts } from "../../plugin/src/source/text.js";
import { type Compiled, compile, load } from "../support/compile.js";
import { type Answer, FakeUpstream, type InvokeOptions, invoke } from "../support/invoke.js";
import { internal, order, shop, users } from "./shop.js";

// biome-ignore lint/suspicious/noExplicitAny: what resolvers are given is what is tested.
type Reads = any;
interface Shop {
  readonly compiled: Compiled;
  readonly api: GatewayApi;
}

const known = new Map<string, Promise<Shop>>();

/** A shop with these fields; the same text is compiled once. */
function made(fields: string, more = "", inside = internal): Promise<Shop> {
  const key = fields + more + inside;
  const shop = known.get(key) ?? make(fields, more, inside);
  known.set(key, shop);
  return shop;
}

async function make(fields: string, more: string, inside: string): Promise<Shop> {
  const compiled = compile({ "shop.proto": inside, "api.proto": shop(fields, more) });
  return { compiled, api: await load(compiled) };
}

function list(
  { compiled, api }: Shop,
  orders: unknown,
  options: InvokeOptions,
  answers: Record<string, Answer> = {},
) {
  const upstream = new FakeUpstream(compiled.registry, {
    ...users,
    "shop.v1.Orders/ListOrders": () => ({ orders }),
    ...answers,
  });
  return invoke(api, upstream, "api.v1.Shop/ListOrders", { pageSize: 7 }, options).then((result) => ({
    ...result,
    upstream,
  }));
}

test("a resolver gets decoded copies of what it reads, and of nothing else", async () => {
  const api = await made(`string greeting = 20 [(portico.v1.field) = {
    resolver: "greeting"
    reads: ["id", "user.email", "note", "cents", "count", "state", "parts", "tags", "placed_at", "address", "user", "user.age",
      "weight", "hash", "dearer = cents * 2"]
  }];`);
  const seen: Reads[] = [];
  const greeting = (reads: Reads) => {
    seen.push(reads);
  };
  const full = {
    ...order,
    note: "",
    state: "STATE_OPEN",
    parts: { a: 1 },
    tags: ["x"],
    placedAt: "2026-01-01T00:00:00.5Z",
    address: { city: "Bern", doorCode: "1", next: { city: "Thun" } },
    weight: 4_294_967_295,
    hash: "AQ==",
  };
  const { response } = await list(api, [full, { id: "o2" }], { resolvers: { greeting } });
  expect(response).toEqual({ orders: [{ id: "o1" }, { id: "o2" }] });
  expect(seen).toEqual([
    {
      id: "o1",
      userEmail: "u1@x.example",
      note: "",
      cents: 1999n,
      count: 3,
      state: "STATE_OPEN",
      parts: new Map([["a", 1]]),
      tags: ["x"],
      placedAt: { seconds: 1_767_225_600n, nanos: 500_000_000 },
      address: { city: "Bern", next: { city: "Thun" } },
      user: { id: "u1", email: "u1@x.example" },
      weight: 4_294_967_295,
      hash: Uint8Array.of(1),
      dearer: 3998n,
    },
    {
      id: "o2",
      cents: 0n,
      count: 0,
      state: "STATE_UNSPECIFIED",
      parts: new Map(),
      tags: [],
      weight: 0,
      hash: new Uint8Array(0),
      dearer: 0n,
    },
  ]);
});

const VALUES = `
  string text = 20 [(portico.v1.field).resolver = "text"];
  int64 big = 21 [(portico.v1.field).resolver = "big"];
  optional uint32 small = 22 [(portico.v1.field).resolver = "small"];
  bool yes = 23 [(portico.v1.field).resolver = "yes"];
  bytes raw = 24 [(portico.v1.field).resolver = "raw"];
  double ratio = 25 [(portico.v1.field).resolver = "ratio"];
  Level level = 26 [(portico.v1.field).resolver = "level"];
  Card card = 27 [(portico.v1.field).resolver = "card"];
  repeated Card cards = 28 [(portico.v1.field).resolver = "cards"];
  repeated sint32 numbers = 29 [(portico.v1.field).resolver = "numbers"];
  map<string, Card> by_name = 30 [(portico.v1.field).resolver = "byName"];
  google.protobuf.Timestamp at = 31 [(portico.v1.field).resolver = "at"];
  google.protobuf.Struct extra = 32 [(portico.v1.field).resolver = "extra"];
  google.protobuf.Int64Value wrapped = 33 [(portico.v1.field).resolver = "wrapped"];
  oneof choice {
    string left = 34 [(portico.v1.field).resolver = "left"];
    string right = 35 [(portico.v1.field).resolver = "right"];
  }
`;
const CARD =
  "message Card { string first_line = 1; optional int32 size = 2; Card inner = 3; oneof of { string a = 4; string b = 5; } }";
const nothing = Object.fromEntries(
  [...VALUES.matchAll(/resolver = "(\w+)"/g)].map(([, name]) => [name, () => undefined]),
);

test("values of all types are written", async () => {
  const api = await made(VALUES, CARD);
  const resolvers = {
    text: () => "grüezi",
    big: async () => -(2n ** 63n),
    small: () => 0,
    yes: () => true,
    raw: () => Uint8Array.of(1, 2),
    ratio: () => 0.5,
    level: () => "LEVEL_HIGH",
    card: () => ({ firstLine: "x", size: 0, inner: {}, b: "" }),
    cards: () => [{ firstLine: "1" }, {}],
    numbers: () => [-1, 2],
    byName: () => new Map([["__proto__", { size: 1 }]]),
    at: () => ({ seconds: 1n, nanos: 5 }),
    extra: () => new Map<string, unknown>([["a", [1, null, "x", true, new Map()]]]),
    wrapped: () => 5n,
    left: () => undefined,
    right: () => "r",
  };
  const { response, error } = await list(api, [order], { resolvers });
  expect(error?.cause).toBeUndefined();
  const [first] = (response as { orders: object[] }).orders;
  expect(JSON.parse(JSON.stringify(first))).toEqual(
    JSON.parse(`{"id": "o1", "text": "grüezi", "big": "-9223372036854775808", "small": 0, "yes": true, "raw": "AQI=", "ratio": 0.5,
    "level": "LEVEL_HIGH", "card": {"firstLine": "x", "size": 0, "inner": {}, "b": ""}, "cards": [{"firstLine": "1"}, {}],
    "numbers": [-1, 2], "byName": {"__proto__": {"size": 1}}, "at": "1970-01-01T00:00:01.000000005Z",
    "extra": {"a": [1, null, "x", true, {}]}, "wrapped": "5", "right": "r"}`),
  );
});

test.each([
  ["text", 5],
  ["text", "\ud800"],
  ["text", null],
  ["big", 5],
  ["big", 2n ** 63n],
  ["small", -1],
  ["small", 2 ** 32],
  ["small", 1.5],
  ["yes", "true"],
  ["raw", [1]],
  ["ratio", "1"],
  ["level", "HIGH"],
  ["card", "x"],
  ["card", { firstLine: 5 }],
  ["card", { a: "1", b: "2" }],
  ["card", { inner: { inner: { size: 2 ** 31 } } }],
  ["cards", {}],
  ["cards", [undefined]],
  ["numbers", ["1"]],
  ["byName", { a: {} }],
  ["byName", new Map([[1, {}]])],
  ["at", 5],
  ["at", { seconds: 1 }],
  ["extra", { a: 1 }],
  ["extra", new Map([["a", undefined]])],
  ["wrapped", 5],
])("%s: what its field cannot hold is the gateway's own fault", async (name, value) => {
  const api = await made(VALUES, CARD);
  const resolvers = { ...nothing, [name]: () => value };
  const { error } = await list(api, [order], { resolvers });
  expect(error).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
  expect(String(error?.cause)).toContain(`the resolver "${name}" gave a wrong value`);
});

test("a cycle of objects is refused, not followed", async () => {
  const api = await made(VALUES, CARD);
  const card: { inner?: unknown } = {};
  card.inner = card;
  const { error } = await list(api, [order], { resolvers: { ...nothing, card: () => card } });
  expect(String(error?.cause)).toContain("nested too deeply");
});

const HELLO = 'string hello = 20 [(portico.v1.field) = {resolver: "hello", reads: "id"}];';

test("beside what it reads a resolver gets the request and who calls", async () => {
  const api = await made(HELLO);
  const seen: Reads[] = [];
  const principal = { subject: "anna", roles: ["viewer"], scopes: [], claims: { tenant: "t" } };
  const hello = (_: Reads, { request, auth }: Reads) => {
    seen.push(request, auth);
    return auth.subject;
  };
  const { response } = await list(api, [order], { resolvers: { hello }, principal });
  expect(response).toEqual({ orders: [{ id: "o1", hello: "anna" }] });
  expect(seen).toEqual([{ pageSize: 7 }, principal]);
});

const MAY_CALL = `resolver: "hello", reads: "id", may_call: "shop.v1.Users/GetUser"`;
const CALLS = `string hello = 20 [(portico.v1.field) = {${MAY_CALL}}];
  string email = 21 [(portico.v1.field) = {resolver: "email", reads: "id"}];`;
const email = () => undefined;
const alone = { id: "o1" };

test("its calls of internal services are the public call's", async () => {
  const api = await made(CALLS);
  const hello = async ({ id }: Reads, { upstreams }: Reads) => {
    const user = await upstreams["shop.v1.Users"].getUser({ id });
    // What is marked internal is not given.
    return JSON.stringify(user);
  };
  const resolvers = { hello, email };
  const { response, upstream } = await list(api, [alone], { resolvers });
  expect(response).toEqual({ orders: [{ id: "o1", hello: '{"id":"o1","email":"direct@x.example"}' }] });
  expect(upstream.calls.map(({ method }) => method)).toEqual([
    "shop.v1.Orders/ListOrders",
    "shop.v1.Users/GetUser",
  ]);
  const many = Array.from({ length: 5 }, (_, i) => ({ id: `o${i}` }));
  expect(upstream.calls.length).toBe(2);
  const { error } = await list(api, many, { resolvers, limits: { maxCalls: 4 } });
  expect(error?.code).toBe(Code.RESOURCE_EXHAUSTED);
});

test("it can call what it may, and nothing else", async () => {
  const api = await made(CALLS);
  const seen: Reads[] = [];
  const see = (_: Reads, { upstreams }: Reads) => {
    seen.push(Object.keys(upstreams), Object.values(upstreams).map(Object.keys as () => string[]));
  };
  const { error } = await list(api, [alone], { resolvers: { hello: see, email: see } });
  expect(error).toBeUndefined();
  expect(seen).toEqual([["shop.v1.Users"], [["getUser"]], [], []]);
});

test("its calls count in the `max_calls` of the method, together with all others", async () => {
  const text = shop(CALLS).replace(
    "returns (ListOrdersResponse);",
    "returns (ListOrdersResponse) { option (portico.v1.method).max_calls = 3; }",
  );
  const compiled = compile({ "shop.proto": internal, "api.proto": text });
  expect(compiled.error).toBeUndefined();
  const api = { compiled, api: await load(compiled) };
  const hello = async ({ id }: Reads, { upstreams }: Reads) =>
    (await upstreams["shop.v1.Users"].getUser({ id })).email;
  const rows = [{ id: "a" }, { id: "b" }];
  const fine = await list(api, rows, { resolvers: { hello, email } });
  expect(fine.error).toBeUndefined();
  expect(fine.upstream.calls).toHaveLength(3);
  const { error, upstream } = await list(api, [...rows, { id: "c" }], { resolvers: { hello, email } });
  expect(error?.code).toBe(Code.RESOURCE_EXHAUSTED);
  // The one that is too many is not made.
  expect(upstream.calls.length).toBeLessThanOrEqual(3);
});

test("its calls in a stream count for the messages that share them", async () => {
  const text = shop(CALLS).replace(
    "rpc ListOrders(ListOrdersRequest)",
    `rpc WatchOrders(ListOrdersRequest) returns (stream ListOrdersResponse) { option (portico.v1.method).max_calls = 2; }
      rpc ListOrders(ListOrdersRequest)`,
  );
  const compiled = compile({ "shop.proto": internal, "api.proto": text });
  expect(compiled.error).toBeUndefined();
  const api = await load(compiled);
  const hello = async ({ id }: Reads, { upstreams }: Reads) =>
    (await upstreams["shop.v1.Users"].getUser({ id })).email;
  const watch = (...messages: string[][]) => {
    const upstream = new FakeUpstream(compiled.registry, {
      ...users,
      "shop.v1.Orders/WatchOrders": () => messages.map((ids) => ({ orders: ids.map((id) => ({ id })) })),
    });
    return invoke(api, upstream, "api.v1.Shop/WatchOrders", {}, { resolvers: { hello, email } });
  };
  const all = await watch(["a", "b"], ["c", "d"], ["e", "f"]);
  expect(all.error).toBeUndefined();
  expect(all.response).toHaveLength(3);
  expect((await watch(["a", "b", "c"])).error?.code).toBe(Code.RESOURCE_EXHAUSTED);
});

test("an error of its upstream can be caught; else it is the call's", async () => {
  const api = await made(CALLS);
  const answers = { "shop.v1.Users/GetUser": () => FakeUpstream.error(Code.NOT_FOUND) };
  const hello = async ({ id }: Reads, { upstreams }: Reads) => upstreams["shop.v1.Users"].getUser({ id });
  const { error } = await list(api, [alone], { resolvers: { hello, email } }, answers);
  expect(error).toMatchObject({ code: Code.NOT_FOUND, message: "not found" });
  const kind = async (reads: Reads, context: Reads) => hello(reads, context).catch(() => "nobody");
  const caught = await list(api, [alone], { resolvers: { hello: kind, email } }, answers);
  expect(caught.response).toEqual({ orders: [{ id: "o1", hello: "nobody" }] });
});

test("what it throws is INTERNAL, and a PorticoError is what it says", async () => {
  const api = await made(HELLO);
  const thrown = new Error("secret 10.0.0.7");
  const one = await list(api, [order], {
    resolvers: {
      hello: () => {
        throw thrown;
      },
    },
  });
  expect(one.error).toMatchObject({ code: Code.INTERNAL, message: "internal error", cause: thrown });
  const two = await list(api, [order], {
    resolvers: { hello: async () => Promise.reject(new PorticoError(Code.ABORTED, "again")) },
  });
  expect(two.error).toMatchObject({ code: Code.ABORTED, message: "again" });
});

test("a call that ends early waits for no resolver, and tells it", async () => {
  const api = await made(HELLO);
  let aborted: unknown;
  let cancel = (): void => {};
  const hello = (_: Reads, { signal }: Reads) =>
    new Promise(() => {
      signal.addEventListener("abort", () => {
        aborted = signal.reason;
      });
      cancel();
    });
  const failure = new PorticoError(Code.DEADLINE_EXCEEDED, "deadline exceeded");
  const { error } = await list(api, [order], {
    resolvers: { hello },
    onCall: (call) => {
      cancel = () => call.cancel(failure);
    },
  });
  expect(error).toBe(failure);
  expect(aborted).toBe(failure);
});

test("no more than 64 run side by side, and none begins after one has failed", async () => {
  const api = await made(HELLO);
  let running = 0;
  let most = 0;
  const hello = async ({ id }: Reads) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return id;
  };
  const many = Array.from({ length: 200 }, (_, i) => ({ id: `o${i}` }));
  const { response } = await list(api, many, { resolvers: { hello } });
  expect((response as { orders: unknown[] }).orders).toEqual(many.map(({ id }) => ({ id, hello: id })));
  expect(most).toBe(64);
  let begun = 0;
  const bad = async () => {
    begun++;
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error("no");
  };
  expect((await list(api, many, { resolvers: { hello: bad } })).error?.code).toBe(Code.INTERNAL);
  expect(begun).toBe(64);
});

test("more rows than a join may have are refused", async () => {
  const api = await made(HELLO);
  const many = Array.from({ length: 10_001 }, () => ({ id: "o" }));
  let begun = 0;
  const hello = () => {
    begun++;
  };
  const { error } = await list(api, many, { resolvers: { hello }, limits: { maxCalls: 5 } });
  expect(error?.code).toBe(Code.RESOURCE_EXHAUSTED);
  expect(begun).toBe(0);
});

test("a row that is dropped keeps the others in step", async () => {
  const { compiled } = await made(HELLO);
  const text = shop(
    `string email = 21 [(portico.v1.field).from = "user.email"]; ${HELLO.replace('"id"', '["id", "user.email"]')}`,
  ).replace('key: "user_id', 'on_missing: DROP key: "user_id');
  const dropping = compile({ "shop.proto": internal, "api.proto": text });
  const api = { compiled: dropping, api: await load(dropping) };
  expect(compiled.error).toBeUndefined();
  const hello = ({ id, userEmail }: Reads) => `${id} ${userEmail}`;
  const rows = [
    { id: "a", userId: "u1" },
    { id: "b", userId: "u0" },
    { id: "c", userId: "u2" },
  ];
  const { response } = await list(api, rows, { resolvers: { hello } });
  expect(response).toEqual({
    orders: [
      { id: "a", hello: "a u1@x.example", email: "u1@x.example" },
      { id: "c", hello: "c u2@x.example", email: "u2@x.example" },
    ],
  });
});

test("in messages that a join finds, and of each message of a stream", async () => {
  const text = shop(
    'Person buyer = 20 [(portico.v1.field).from = "user"]; string at = 21 [(portico.v1.field) = {resolver: "at", reads: "id"}];',
    'message Person { string id = 1; string hello = 2 [(portico.v1.field) = {resolver: "hello", reads: "email"}]; }',
  ).replace(
    "rpc ListOrders(ListOrdersRequest)",
    "rpc WatchOrders(ListOrdersRequest) returns (stream ListOrdersResponse);\n      rpc ListOrders(ListOrdersRequest)",
  );
  const compiled = compile({ "shop.proto": internal, "api.proto": text });
  const api = { compiled, api: await load(compiled) };
  const resolvers = {
    hello: ({ email }: Reads) => `hello ${email}`,
    at: ({ id }: Reads, { request }: Reads) => `${id} of ${request.pageSize}`,
  };
  const orders = [
    { id: "a", userId: "u1" },
    { id: "b", userId: "u0" },
    { id: "c", userId: "u1" },
  ];
  const expected = [
    { id: "a", buyer: { id: "u1", hello: "hello u1@x.example" }, at: "a of 7" },
    { id: "b", at: "b of 7" },
    { id: "c", buyer: { id: "u1", hello: "hello u1@x.example" }, at: "c of 7" },
  ];
  expect((await list(api, orders, { resolvers })).response).toEqual({ orders: expected });
  const upstream = new FakeUpstream(compiled.registry, {
    ...users,
    "shop.v1.Orders/WatchOrders": () => [{ orders: orders.slice(0, 2) }, { orders: orders.slice(2) }],
  });
  const { response } = await invoke(
    api.api,
    upstream,
    "api.v1.Shop/WatchOrders",
    { pageSize: 7 },
    { resolvers },
  );
  expect(response).toEqual([{ orders: expected.slice(0, 2) }, { orders: expected.slice(2) }]);
});

test("later fields read what a resolver has made by `this`", async () => {
  const api = await made(`${HELLO} string twice = 21 [(portico.v1.field).from = "this.hello + this.hello"];`);
  const { response } = await list(api, [order], { resolvers: { hello: () => "ha" } });
  expect(response).toEqual({ orders: [{ id: "o1", hello: "ha", twice: "haha" }] });
});

test("a computed key of a join reads the rows of another", async () => {
  const text = shop('string email = 20 [(portico.v1.field).from = "again.email"];').replace(
    "string id = 1;",
    `option (portico.v1.message).join = {
       name: "again" method: "shop.v1.Users/BatchGetUsers" key: "user.id + '2' -> ids = users.id"
     };
     string id = 1;`,
  );
  const compiled = compile({ "shop.proto": internal, "api.proto": text });
  const { response } = await list({ compiled, api: await load(compiled) }, [order], {});
  expect(response).toEqual({ orders: [{ id: "o1", email: "u12@x.example" }] });
});

test("a resolver does not run for those who may not have its field", async () => {
  const api = await made(
    'optional string hello = 20 [(portico.v1.field) = {resolver: "hello", reads: "id", allow: {role: "support"}}];',
  );
  let runs = 0;
  const hello = () => `run ${++runs}`;
  const who = (role: string) => ({ subject: "anna", roles: [role], scopes: [], claims: {} });
  const denied = await list(api, [order], { resolvers: { hello }, principal: who("viewer") });
  expect(denied.response).toEqual({ orders: [{ id: "o1" }] });
  expect(runs).toBe(0);
  const allowed = await list(api, [order], { resolvers: { hello }, principal: who("support") });
  expect(allowed.response).toEqual({ orders: [{ id: "o1", hello: "run 1" }] });
});

test("a field that reads one that a caller may not have does not run its resolver", async () => {
  const api = await made(
    `optional string hello = 20 [(portico.v1.field) = {resolver: "hello", reads: "id", allow: {role: "support"}}];
     string shout = 21 [(portico.v1.field).from = "this.hello + '!'"];`,
  );
  const who = (role: string) => ({ subject: "anna", roles: [role], scopes: [], claims: {} });
  let runs = 0;
  const hello = () => `run ${++runs}`;
  const denied = await list(api, [order], { resolvers: { hello }, principal: who("customer") });
  expect(denied.response).toEqual({ orders: [{ id: "o1", shout: "!" }] });
  expect(runs).toBe(0);
  const allowed = await list(api, [order], { resolvers: { hello }, principal: who("support") });
  expect(allowed.response).toEqual({ orders: [{ id: "o1", hello: "run 1", shout: "run 1!" }] });
});

test("what a resolver reads is listed as readable, also inside of messages, but for what it does not get", async () => {
  const { compiled } = await made(
    'string hello = 20 [(portico.v1.field) = {resolver: "hello", reads: ["user", "parts", "address.city"]}];',
  );
  const { readable } = JSON.parse(compiled.files.get("exposure.json")!) as {
    readable: Array<{ public: string; internal: string }>;
  };
  const seen = readable
    .filter((entry) => entry.public === "api.v1.Order.hello")
    .map((entry) => entry.internal);
  expect(seen).toEqual([
    "resolver hello",
    "shop.v1.Address.city",
    "shop.v1.BatchGetUsersResponse.users",
    "shop.v1.Order.parts",
    "shop.v1.User.age",
    "shop.v1.User.email",
    "shop.v1.User.id",
  ]);
});

test.each([
  ["ages = user.age + 1", ["resolver hello", "shop.v1.User.age"]],
  ["names = pieces.map(p, p.name)", ["resolver hello", "shop.v1.Order.pieces", "shop.v1.Piece.name"]],
  ["count = size(pieces)", ["resolver hello", "shop.v1.Order.pieces"]],
  ["some = pieces.filter(p, p.name != '')", "all"],
  ["some = [pieces[0]]", "all"],
  ["some = {'first': pieces[0]}", "all"],
  ["one = dyn(pieces[0])", "all"],
])(
  "of what an expression of `reads` reads, only what it gives is listed whole: %s",
  async (read, expected) => {
    const inside = internal
      .replace("repeated string tags", "repeated Piece pieces = 40; repeated string tags")
      .concat("message Piece { string name = 1; int32 price = 2; }");
    const { compiled } = await made(
      `string hello = 20 [(portico.v1.field) = {resolver: "hello", reads: ${JSON.stringify(read)}}];`,
      "",
      inside,
    );
    const { readable } = JSON.parse(compiled.files.get("exposure.json")!) as {
      readable: Array<{ public: string; internal: string }>;
    };
    const seen = readable
      .filter((entry) => entry.public === "api.v1.Order.hello")
      .map((entry) => entry.internal);
    expect(seen).toEqual(
      expected === "all"
        ? ["resolver hello", "shop.v1.Order.pieces", "shop.v1.Piece.name", "shop.v1.Piece.price"]
        : expected,
    );
  },
);

test("what a resolver makes, and what it may call, is listed", async () => {
  const { compiled } = await made(CALLS);
  const list = JSON.parse(compiled.files.get("exposure.json")!);
  const entry = (internal: string, name: string, through: string, resolver: string) => ({
    internal,
    public: name,
    through,
    resolver,
    for: ["public"],
  });
  const user = "shop.v1.Users/GetUser";
  const made1 = (one: { public: string }) => /hello|email/.test(one.public);
  expect(list.readable.filter(made1)).toEqual([
    entry("resolver email", "api.v1.Order.email", "resolver email", "email"),
    entry("resolver hello", "api.v1.Order.hello", "resolver hello", "hello"),
    entry("shop.v1.Order.id", "api.v1.Order.email", "shop.v1.Orders/ListOrders", "email"),
    entry("shop.v1.Order.id", "api.v1.Order.hello", "shop.v1.Orders/ListOrders", "hello"),
    entry("shop.v1.User.age", "api.v1.Order.hello", user, "hello"),
    entry("shop.v1.User.email", "api.v1.Order.hello", user, "hello"),
    entry("shop.v1.User.id", "api.v1.Order.hello", user, "hello"),
  ]);
  expect(list.writable).toContainEqual(
    entry("shop.v1.GetUserRequest.id", "api.v1.ListOrdersRequest", user, "hello"),
  );
});

function explained(text: string): string {
  return explainText(explainedAs(text));
}

function explainedAs(text: string) {
  const compiled = compile({ "shop.proto": internal, "api.proto": text });
  expect(compiled.error).toBeUndefined();
  const { plan } = makePlan({
    registry: compiled.registry,
    targets: ["shop.proto", "api.proto"],
    texts: sourceTexts([]),
    sharedPackages: ["google.protobuf"],
  });
  return explain(plan);
}

test("what a resolver may call is explained, and in the sum of calls", () => {
  const text = explained(shop(CALLS));
  expect(text).toContain(
    "upstream calls  1 + calls of hello; as many as the runtime's limits let a resolver make",
  );
  expect(text).toMatch(/hello +resolver hello +for each of orders; id; may call shop.v1.Users\/GetUser;/);
  const bounded = shop(CALLS).replace(
    "returns (ListOrdersResponse);",
    "returns (ListOrdersResponse) { option (portico.v1.method).max_calls = 7; }",
  );
  expect(explained(bounded)).toContain("upstream calls  1 + calls of hello; at most 7");
});

test("a resolver is one to machines too, and who may have its field is told", () => {
  const text = shop(
    'optional string hello = 20 [(portico.v1.field) = {resolver: "hello", reads: "id", allow: {role: "support"}}];',
  );
  const [method] = explainedAs(text);
  expect(method!.steps.find(({ id }) => id === "hello")).toMatchObject({
    kind: "resolver",
    method: "resolver hello",
    at: ["orders"],
  });
  expect(method!.response.find(({ path }) => path === "orders.hello")).toMatchObject({
    allow: ["role:support"],
  });
  expect(explained(text)).toContain("<- the resolver hello, of source: shop.v1.Order.id, for role support\n");
});

test("who may set a field of a request is told where it goes", () => {
  const text = shop("").replace(
    "{ int32 page_size = 1;",
    '{ optional int32 page_size = 1 [(portico.v1.field).allow = {role: "support"}];',
  );
  expect(explained(text)).toMatch(/source\.page_size +<- request\.page_size, for role support\n/);
});

test("what a resolver reads is explained", () => {
  const text = explained(
    shop('string hello = 20 [(portico.v1.field) = {resolver: "hello", reads: ["id", "user.email"]}];'),
  );
  expect(text).toMatch(/hello +resolver hello +for each of orders; id, user.email/);
  expect(text).toContain(
    "orders.hello  <- the resolver hello, of source: shop.v1.Order.id, user: shop.v1.User.email",
  );
});

test("what a resolver is read from the message around its own", async () => {
  const text = shop(
    'Part part = 20 [(portico.v1.field).from = "address"];',
    'message Part { string city = 1; string at = 2 [(portico.v1.field) = {resolver: "at", reads: ["city", "parent.id"]}]; }',
  );
  const compiled = compile({ "shop.proto": internal, "api.proto": text });
  expect(compiled.error).toBeUndefined();
  const api = { compiled, api: await load(compiled) };
  const at = ({ city, parentId }: Reads) => `${parentId} in ${city}`;
  const rows = [{ id: "o1", address: { city: "Bern" } }];
  const { response } = await list(api, rows, { resolvers: { at } });
  expect(response).toEqual({ orders: [{ id: "o1", part: { city: "Bern", at: "o1 in Bern" } }] });
});

test("a field of the request that a resolver reads is used, by its name or with the whole request", async () => {
  const asking = (reads: string) => {
    const fields = `string hello = 20 [(portico.v1.field) = {resolver: "hello", reads: "${reads}"}];`;
    const text = shop(fields).replace("int32 page_size = 1;", "int32 page_size = 1; string locale = 2;");
    return compile({ "shop.proto": internal, "api.proto": text });
  };
  expect(asking("id").error).toContain("request-unused");
  expect(asking("request.locale").error).toBeUndefined();
  const compiled = asking("request");
  expect(compiled.error).toBeUndefined();
  const hello = ({ request }: Reads) => JSON.stringify(request);
  const { response } = await list({ compiled, api: await load(compiled) }, [order], { resolvers: { hello } });
  expect(response).toEqual({ orders: [{ id: "o1", hello: '{"pageSize":7,"locale":""}' }] });
});

test("a field inside what a resolver makes is not written for those who may not have it", async () => {
  const api = await made(
    'repeated Card cards = 20 [(portico.v1.field).resolver = "cards"];',
    'message Card { string id = 1; optional string pin = 2 [(portico.v1.field).allow = {role: "support"}]; Card inner = 3; }',
  );
  const cards = () => [{ id: "1", pin: "2", inner: { pin: "3" } }];
  const who = (role: string) => ({ subject: "anna", roles: [role], scopes: [], claims: {} });
  const denied = await list(api, [order], { resolvers: { cards }, principal: who("viewer") });
  expect(denied.response).toEqual({ orders: [{ id: "o1", cards: [{ id: "1", inner: {} }] }] });
  const allowed = await list(api, [order], { resolvers: { cards }, principal: who("support") });
  expect(allowed.response).toEqual({
    orders: [{ id: "o1", cards: [{ id: "1", pin: "2", inner: { pin: "3" } }] }],
  });
});

test.each([
  ["dyn(source)", { d: expect.anything() }],
  ["[source]", { d: expect.anything() }],
  ["[dyn(address)]", { d: [{ city: "Bern" }] }],
  ["{'a': dyn(address)}", { d: new Map([["a", { city: "Bern" }]]) }],
  ["dyn(user)", { d: { id: "u1", email: "u1@x.example" } }],
])("what is marked internal is not given, whatever makes the value: %s", async (read, given) => {
  const api = await made(
    `string found = 20 [(portico.v1.field) = {resolver: "found" reads: "d = ${read}"}];`,
  );
  const seen: Reads[] = [];
  const found = (reads: Reads) => {
    seen.push(reads);
  };
  const one = { id: "o1", userId: "u1", address: { city: "Bern", doorCode: "1" } };
  const { error } = await list(api, [one], { resolvers: { found } });
  expect(error).toBeUndefined();
  expect(seen).toEqual([given]);
  const leaves = JSON.stringify(seen, (_, value) =>
    value instanceof Map ? [...value] : typeof value === "bigint" ? String(value) : value,
  );
  expect(leaves).not.toContain("doorCode");
  expect(leaves).not.toContain("secret");
});

test("of a join that failed, a resolver is given nothing, also where it is read as a list", async () => {
  const fields = `string line = 20 [(portico.v1.field) = {
    resolver: "line" reads: ["id", "mails = user.map(u, u.email)", "found = size(user)"]
  }];`;
  const failing = shop(fields).replace('name: "user"', 'name: "user" on_error: {then: EMPTY}');
  const compiled = compile({ "shop.proto": internal, "api.proto": failing });
  const api = await load(compiled);
  const seen: Reads[] = [];
  const line = (reads: Reads) => {
    seen.push(reads);
  };
  const method = { service: "s", name: "m", path: "/s/m", kind: "unary" } as const;
  const down = () => {
    throw new UpstreamError(Code.UNAVAILABLE, "down", method);
  };
  await list({ compiled, api }, [order], { resolvers: { line } }, { "shop.v1.Users/BatchGetUsers": down });
  await list({ compiled, api }, [{ ...order, userId: "u0" }], { resolvers: { line } });
  expect(seen).toEqual([{ id: "o1" }, { id: "o1", mails: [], found: 0n }]);
});
