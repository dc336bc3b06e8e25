import type { JsonValue } from "@bufbuild/protobuf";
import { Code, PorticoError } from "@portico/runtime";
import { beforeAll, describe, expect, test } from "vitest";
import { FakeUpstream, type InvokeOptions, invoke } from "../support/invoke.js";
import { found, type Hand, hand } from "./hand.js";
import { users } from "./shop.js";

// biome-ignore lint/suspicious/noExplicitAny: what resolvers are given is what is tested.
type Given = any;

let shop: Hand;
beforeAll(async () => {
  shop = await hand();
});

const answers = {
  ...users,
  "shop.v1.Orders/ListOrders": () => ({ orders: [{ id: "o1", userId: "u1", cents: "5" }] }),
};

/** Calls a method whose function is this; the others are never run. */
function call(
  method: string,
  resolver: unknown,
  request: JsonValue = {},
  { more = {}, ...options }: InvokeOptions & { more?: Record<string, (request: Given) => unknown> } = {},
) {
  const upstream = new FakeUpstream(shop.compiled.registry, { ...answers, ...more });
  const name = method[0]!.toLowerCase() + method.slice(1);
  const resolvers = { [name]: resolver };
  return invoke(shop.api, upstream, `api.v1.Shop/${method}`, request, { ...options, resolvers }).then(
    (result) => ({ ...result, made: upstream.calls.map((one) => one.method) }),
  );
}

const support = { subject: "anna", roles: ["support"], scopes: [], claims: {} };

describe("a unary method", () => {
  test("is made from the request, by who calls, and from what its calls answered", async () => {
    const seen: Given[] = [];
    const search = async (request: Given, { calls, auth, requestId, metadata }: Given) => {
      seen.push(request, calls, auth, requestId, metadata.size);
      return { orders: calls.source.orders.map(({ id }: Given) => ({ id })), note: calls.me?.email };
    };
    const request = { text: "a", pageSize: 3, filter: { minCents: "7" } };
    const { response, error, made } = await call("Search", search, request, { principal: support });
    expect(error).toBeUndefined();
    expect(response).toEqual({ orders: [{ id: "o1" }], note: "direct@x.example" });
    expect(made).toEqual(["shop.v1.Orders/ListOrders", "shop.v1.Users/GetUser"]);
    expect(seen[0]).toEqual({ text: "a", pageSize: 3, filter: { minCents: 7n } });
    expect(seen[1]).toMatchObject({
      source: { orders: [{ id: "o1", userId: "u1", cents: 5n, parts: new Map() }] },
      // What is marked internal is not given.
      me: { id: "a", email: "direct@x.example" },
    });
    expect(Object.keys(seen[1].me)).toEqual(["id", "email"]);
    expect(seen.slice(2)).toEqual([support, "test", 0]);
  });

  test("gets nothing of a call that is not made, or whose error is let pass", async () => {
    let given: Given;
    const search = (_: Given, { calls }: Given) => {
      given = calls;
      return {};
    };
    expect((await call("Search", search)).response).toEqual({});
    expect(Object.keys(given)).toEqual(["source"]);
    const more = { "shop.v1.Users/GetUser": () => FakeUpstream.error(Code.UNAVAILABLE) };
    expect((await call("Search", search, { text: "a" }, { more })).response).toEqual({});
    expect(Object.keys(given)).toEqual(["source"]);
  });

  test("gets what `select` picks, and its own name for it", async () => {
    let given: Given;
    const pick = (_: Given, { calls }: Given) => {
      given = calls;
      return {};
    };
    const more = { "shop.v1.Users/GetUser": () => ({ id: "1", email: "e", age: 4 }) };
    expect((await call("Pick", pick, {}, { more })).error).toBeUndefined();
    expect(given).toEqual({ myAge: 4, all: [{ id: "u1", email: "u1@x.example" }] });
    const none = { "shop.v1.Users/GetUser": () => ({ id: "1" }) };
    await call("Pick", pick, {}, { more: none });
    expect(Object.keys(given)).toEqual(["all"]);
  });

  test("gets what `select` picks as the source", async () => {
    const picked = (_: Given, { calls }: Given) => ({ note: JSON.stringify(calls) });
    const more = {
      "shop.v1.Orders/CreateOrder": () => ({ id: "1", address: { city: "Bern", doorCode: "9" } }),
    };
    const { response } = await call("Picked", picked, {}, { more });
    expect(response).toEqual({ note: '{"source":{"city":"Bern"}}' });
    const none = { "shop.v1.Orders/CreateOrder": () => ({ id: "1" }) };
    expect((await call("Picked", picked, {}, { more: none })).response).toEqual({ note: "{}" });
  });

  test("does not run where an `ensure` does not hold, or its policy denies", async () => {
    let runs = 0;
    const search = () => {
      runs++;
      return {};
    };
    const many = Array.from({ length: 5 }, (_, i) => ({ id: `${i}` }));
    const more = { "shop.v1.Orders/ListOrders": () => ({ orders: many }) };
    const { error } = await call("Search", search, {}, { more });
    expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, message: "too many" });
    // Decided by the request.
    const denied = await call("Search", search, { text: "forbidden" }, { principal: support });
    expect(denied.error?.code).toBe(Code.PERMISSION_DENIED);
    expect(denied.made).toEqual([]);
    expect(runs).toBe(0);
  });

  test("is checked before anything is done: malformed requests, and fields that the caller may not set", async () => {
    let runs = 0;
    const alone = () => {
      runs++;
      return {};
    };
    const malformed = await call("Alone", alone, Uint8Array.of(10, 5, 1) as never);
    expect(malformed.error).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "malformed request" });
    const utf8 = await call("Alone", alone, Uint8Array.of(10, 1, 255) as never);
    expect(utf8.error?.code).toBe(Code.INVALID_ARGUMENT);
    const guarded = { filter: { hidden: true } };
    expect((await call("Alone", alone, guarded)).error?.code).toBe(Code.UNAUTHENTICATED);
    expect(runs).toBe(0);
    expect((await call("Alone", alone, guarded, { principal: support })).error).toBeUndefined();
    expect(runs).toBe(1);
  });

  test("sets no field that the caller may not, by the mask of an update either", async () => {
    const update = (request: Given) => ({ note: JSON.stringify(request) });
    const fine = await call("Update", update, { order: { id: "1" }, updateMask: "id,kin" });
    // Kin have phones too.
    expect(fine.error?.code).toBe(Code.UNAUTHENTICATED);
    expect((await call("Update", update, { updateMask: "id,cents" })).error).toBeUndefined();
    // Nobody knows what a function takes for a path.
    const unknown = ["kin.phone", "order.phone", "kin.kin.kin.phone", "nothing"];
    for (const updateMask of ["phone", "kin", "id,phone", ...unknown]) {
      expect((await call("Update", update, { updateMask })).error?.code).toBe(Code.UNAUTHENTICATED);
      const { response } = await call("Update", update, { updateMask }, { principal: support });
      expect(JSON.stringify(response)).toContain("paths");
    }
  });

  test("writes no field that the caller may not have, at any depth", async () => {
    const alone = () => ({
      secret: "s",
      orders: [{ id: "a", phone: "1", kin: [{ id: "b", phone: "2" }] }],
      byId: new Map([["c", { phone: "3" }]]),
    });
    expect((await call("Alone", alone)).response).toEqual({
      orders: [{ id: "a", kin: [{ id: "b" }] }],
      byId: { c: {} },
    });
    const { response } = await call("Alone", alone, {}, { principal: support });
    expect(response).toEqual({
      orders: [{ id: "a", phone: "1", kin: [{ id: "b", phone: "2" }] }],
      byId: { c: { phone: "3" } },
    });
    const asked = await call("Alone", alone, { text: "secret" }, { principal: support });
    expect(asked.response).toMatchObject({ secret: "s" });
  });

  test("is cut to what the client wants", async () => {
    const alone = () => ({ note: "n", orders: [{ id: "a", kin: [{ id: "b" }] }] });
    const { response } = await call("Alone", alone, { readMask: "orders.kin" });
    expect(response).toEqual({ orders: [{ kin: [{ id: "b" }] }] });
    const { error } = await call("Alone", alone, { readMask: "nothing" });
    expect(error?.code).toBe(Code.INVALID_ARGUMENT);
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a text", "x"],
    ["an array", []],
    ["a Map", new Map()],
    ["a field of another type", { note: 5 }],
    ["a list that is none", { orders: {} }],
    ["an element of another type", { orders: ["x"] }],
    ["an enum value that is none", { orders: [{ level: "HIGH" }] }],
    ["a number for a bigint", { orders: [{ cents: 5 }] }],
    ["a text that is no UTF-16", { note: "\ud800" }],
    ["bytes", Uint8Array.of(1)],
    ["a promise that nobody waits for", { orders: [Promise.resolve({})] }],
  ])("that gives %s is INTERNAL, and the log says why", async (_, value) => {
    const { error, response } = await call("Alone", async () => value);
    expect(response).toBeUndefined();
    expect(error).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
    expect(String(error?.cause)).toContain('the resolver "alone" gave a wrong value');
  });

  test("that gives more than a response may hold is RESOURCE_EXHAUSTED", async () => {
    const alone = () => ({ note: "x".repeat(100) });
    const { error } = await call("Alone", alone, {}, { limits: { maxResponseBytes: 99 } });
    expect(error?.code).toBe(Code.RESOURCE_EXHAUSTED);
  });

  test("that throws is INTERNAL without its text; a PorticoError is what it says", async () => {
    const thrown = new Error("secret 10.0.0.7");
    const one = await call("Alone", () => {
      throw thrown;
    });
    expect(one.error).toMatchObject({ code: Code.INTERNAL, message: "internal error", cause: thrown });
    const two = await call("Alone", async () => Promise.reject(new PorticoError(Code.ABORTED, "again")));
    expect(two.error).toMatchObject({ code: Code.ABORTED, message: "again" });
    const three = await call("Alone", () => ({
      get note() {
        throw thrown;
      },
    }));
    expect(three.error).toMatchObject({ code: Code.INTERNAL, cause: thrown });
  });

  test("is not waited for once the call has ended, and what it calls then fails", async () => {
    const failure = new PorticoError(Code.DEADLINE_EXCEEDED, "deadline exceeded");
    let cancel = (): void => {};
    let late: unknown;
    let proceed = (): void => {};
    const over = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    const finished = new Promise<void>((resolve) => {
      const alone = async (_: Given, { upstreams, signal }: Given) => {
        cancel();
        await over;
        late = await upstreams["shop.v1.Users"].getUser({ id: "1" }).catch((thrown: unknown) => thrown);
        expect(signal.reason).toBe(failure);
        resolve();
        return { note: "late" };
      };
      call("Alone", alone, {}, { onCall: (one) => (cancel = () => one.cancel(failure)) }).then((result) => {
        expect(result.error).toBe(failure);
        expect(result.response).toBeUndefined();
        expect(result.made).toEqual([]);
        proceed();
      });
    });
    await finished;
    expect(late).toBe(failure);
  });

  test("calls what it may, in the budget of the method", async () => {
    const seen: unknown[] = [];
    const times =
      (n: number) =>
      async (_: Given, { upstreams }: Given) => {
        seen.push(Object.keys(upstreams), Object.keys(upstreams["shop.v1.Users"]));
        let note: unknown;
        for (let i = 0; i < n; i++) note = (await upstreams["shop.v1.Users"].getUser({ id: "7" })).email;
        return { note };
      };
    const fine = await call("Alone", times(4));
    expect(fine.response).toEqual({ note: "direct@x.example" });
    expect(fine.made).toHaveLength(4);
    expect(seen).toEqual([["shop.v1.Users"], ["getUser"]]);
    const { error, made } = await call("Alone", times(5));
    expect(error?.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(made).toHaveLength(4);
  });

  test("may use the others of its object", async () => {
    const alone = async function (this: { alone: unknown }) {
      return { note: typeof this.alone };
    };
    expect((await call("Alone", alone)).response).toEqual({ note: "function" });
  });

  test("may write", async () => {
    const change = async ({ text }: Given, { upstreams }: Given) => {
      const { id } = await upstreams["shop.v1.Orders"].createOrder({ userId: text });
      return { note: id };
    };
    const more = { "shop.v1.Orders/CreateOrder": ({ userId }: Given) => ({ id: `for ${userId}` }) };
    expect((await call("Change", change, { text: "u9" }, { more })).response).toEqual({ note: "for u9" });
  });
});

describe("a method that answers with a stream", () => {
  test("is an async generator, asked for one message after the other", async () => {
    const steps: string[] = [];
    const watch = async function* ({ text }: Given, { calls }: Given) {
      try {
        for (let n = 0; n < 3; n++) {
          steps.push(`make ${n}`);
          yield {
            note: `${text} ${n}`,
            secret: "s",
            orders: [{ id: calls.source.orders[0].id, phone: "1" }],
          };
        }
      } finally {
        steps.push("over");
      }
    };
    const { response, error } = await call("Watch", watch, { text: "t", readMask: "note,secret" });
    expect(error).toBeUndefined();
    expect(response).toEqual([{ note: "t 0" }, { note: "t 1" }, { note: "t 2" }]);
    expect(steps).toEqual(["make 0", "make 1", "make 2", "over"]);
  });

  test("gets no more rows than its calls may have", async () => {
    const rows = (n: number) => ({
      more: {
        "shop.v1.Orders/ListOrders": () => ({
          orders: Array.from({ length: n }, (_, i) => ({ id: `${i}` })),
        }),
      },
    });
    let runs = 0;
    const watch = async function* () {
      runs++;
      yield {};
    };
    expect((await call("Watch", watch, {}, rows(3))).error).toBeUndefined();
    expect((await call("Watch", watch, {}, rows(4))).error?.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(runs).toBe(1);
  });

  test("counts the calls of each message by itself", async () => {
    const watch = (...messages: number[]) =>
      async function* (_: Given, { upstreams }: Given) {
        for (const calls of messages) {
          for (let i = 0; i < calls; i++) await upstreams["shop.v1.Users"].getUser({ id: "1" });
          yield {};
        }
      };
    // One is made before it.
    expect((await call("Watch", watch(2, 3, 3))).response).toHaveLength(3);
    expect((await call("Watch", watch(3))).error?.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect((await call("Watch", watch(2, 4))).error?.code).toBe(Code.RESOURCE_EXHAUSTED);
  });

  test.each<[string, unknown, string]>([
    ["no iterable", () => ({}), "gave no async iterable"],
    ["nothing", () => undefined, "gave no async iterable"],
    ["a list", () => [{}], "gave no async iterable"],
    ["no iterator", () => ({ [Symbol.asyncIterator]: () => ({ next: () => 5 }) }), "gave no iterator"],
    [
      "a message of another type",
      async function* () {
        yield { note: 5 };
      },
      "gave a wrong value",
    ],
  ])("that gives %s is INTERNAL", async (_, watch, text) => {
    const { error } = await call("Watch", watch);
    expect(error).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
    expect(String(error?.cause)).toContain(text);
  });

  test("that throws in the middle ends with it", async () => {
    const thrown = new Error("secret");
    const watch = async function* () {
      yield {};
      throw thrown;
    };
    expect((await call("Watch", watch)).error).toMatchObject({ message: "internal error", cause: thrown });
  });

  test("is left where the call ends, also while it waits", async () => {
    const failure = new PorticoError(Code.CANCELLED, "the client has gone");
    let cancel = (): void => {};
    let isLeft = false;
    const watch = () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          cancel();
          return new Promise(() => {});
        },
        return: () => {
          isLeft = true;
          return new Promise(() => {});
        },
      }),
    });
    const onCall: InvokeOptions["onCall"] = (one) => {
      cancel = () => one.cancel(failure);
    };
    expect((await call("Watch", watch, {}, { onCall })).error).toBe(failure);
    expect(isLeft).toBe(true);
  });
});

describe("a method that takes a stream of requests", () => {
  const requests = [{ text: "a" }, { text: "b", pageSize: 2 }, { text: "c" }];

  test("reads them one after the other", async () => {
    const upload = async (all: AsyncIterable<Given>) => {
      const texts: unknown[] = [];
      for await (const request of all) texts.push(request);
      return { note: JSON.stringify(texts) };
    };
    const { response, error } = await call("Upload", upload, {}, { requests });
    expect(error).toBeUndefined();
    expect(JSON.parse((response as { note: string }).note)).toEqual([
      { text: "a", pageSize: 0 },
      { text: "b", pageSize: 2 },
      { text: "c", pageSize: 0 },
    ]);
  });

  test("may answer before they end", async () => {
    const upload = async (all: AsyncIterable<Given>) => {
      for await (const { text } of all) return { note: text };
      return {};
    };
    expect((await call("Upload", upload, {}, { requests })).response).toEqual({ note: "a" });
  });

  test("fails by one that is malformed, or that the caller may not send, whatever the function makes of it", async () => {
    const upload = async (all: AsyncIterable<Given>) => {
      try {
        for await (const _ of all);
      } catch {}
      return { note: "all fine" };
    };
    const malformed = { requests: [{ text: "a" }, Uint8Array.of(10, 5, 1)] };
    expect((await call("Upload", upload, {}, malformed)).error?.code).toBe(Code.INVALID_ARGUMENT);
    const denied = { requests: [{ text: "a" }, { filter: { hidden: true } }], principal: support };
    expect((await call("Upload", upload, {}, denied)).error).toBeUndefined();
    const nobody = { requests: [{ text: "a" }, { filter: { hidden: true } }] };
    expect((await call("Upload", upload, {}, nobody)).error?.code).toBe(Code.UNAUTHENTICATED);
  });

  test("answers each as it comes, in both directions", async () => {
    const chat = async function* (all: AsyncIterable<Given>, { calls }: Given) {
      for await (const { text } of all) yield { note: `${calls.me.email}: ${text}` };
    };
    const { response, error, made } = await call("Chat", chat, {}, { requests });
    expect(error).toBeUndefined();
    expect(response).toEqual(["a", "b", "c"].map((text) => ({ note: `direct@x.example: ${text}` })));
    // The call before it reads the first request.
    expect(made).toEqual(["shop.v1.Users/GetUser"]);
  });
});

test("what it makes, gets and may call is listed", () => {
  const { readable, writable } = JSON.parse(shop.compiled.files.get("exposure.json")!);
  const of = (list: Given[], resolver: string) =>
    list
      .filter((entry) => entry.resolver === resolver)
      .map(({ internal, public: name, through, for: audience }) => [
        internal,
        name,
        through,
        audience.join(),
      ]);
  expect(of(readable, "alone")).toEqual(found.readable);
  expect(of(writable, "alone")).toEqual(found.writable);
  const change = of(writable, "change").map(([internal]) => internal);
  expect(change).toContain("shop.v1.CreateOrderRequest.user_id");
  expect(of(readable, "search").map(([internal]) => internal)).toContain("shop.v1.User.email");
});

test("it is explained", () => {
  const text = shop.explained();
  expect(text).toContain("upstream calls  calls of alone; at most 4");
  expect(text).toMatch(
    /alone {2}resolver alone {2}makes the response; may call shop.v1.Users\/GetUser; waits for nothing/,
  );
  expect(text).toMatch(/orders\.phone +<- the resolver alone/);
  expect(text).toMatch(/search +resolver search +makes the response; waits for source, me/);
});
