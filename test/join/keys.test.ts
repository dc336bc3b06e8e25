import { describe, expect, it } from "vitest";
import { failure, type Gateway, gateway } from "../support/gateway.js";

describe("one call for each key", () => {
  const schema = gateway(
    `
    service Orders { rpc ListOrders(Empty) returns (Orders_); }
    service Users { rpc GetUser(GetUserRequest) returns (User); }
    message Empty {}
    message Orders_ { repeated Order orders = 1; }
    message Order { string user_id = 1; }
    message GetUserRequest { string id = 1; }
    message User { string id = 1; string email = 2; }
    `,
    `
    service Api {
      option (portico.v1.service) = { from: "in.Orders" allow: {public: true} };
      rpc ListOrders(ListRequest) returns (List);
    }
    message ListRequest {}
    message List { repeated Order orders = 1; }
    message Order {
      option (portico.v1.message).join = {
        name: "user" method: "in.Users/GetUser" key: "user_id -> id" max_keys: 3
      };
      string email = 1 [(portico.v1.field).from = "user.email"];
    }
    `,
  );
  const orders = (...ids: string[]) => ({ orders: ids.map((userId) => ({ userId })) });

  it("the whole reply answers the key; each distinct key is asked for once", async () => {
    const run = await (await schema).run({
      "in.Orders/ListOrders": () => orders("a", "b", "a", ""),
      "in.Users/GetUser": ({ id }) => ({ id: "whatever it says", email: `${id}@x` }),
    });
    expect(run.response).toEqual({ orders: [{ email: "a@x" }, { email: "b@x" }, { email: "a@x" }, {}] });
    expect(run.asked("in.Users/GetUser")).toEqual([{ id: "a" }, { id: "b" }]);
  });

  it("NOT_FOUND is a missing row", async () => {
    const run = await (await schema).run({
      "in.Orders/ListOrders": () => orders("a", "b"),
      "in.Users/GetUser": ({ id }) => {
        if (id === "a") throw failure(5);
        return { email: "b@x" };
      },
    });
    expect(run.response).toEqual({ orders: [{}, { email: "b@x" }] });
  });

  it("any other failure fails the request, and cancels the calls beside it", async () => {
    const run = await (await schema).run({
      "in.Orders/ListOrders": () => orders("a", "b"),
      "in.Users/GetUser": ({ id }) => {
        if (id === "a") throw failure(7);
        return new Promise(() => {});
      },
    });
    expect(run.error).toMatchObject({ code: 13, message: "internal error" });
    expect(run.upstream.log).toContain("xin.Users/GetUser");
    expect(run.upstream.inFlight).toBe(0);
  });

  it("more keys than max_keys are RESOURCE_EXHAUSTED, and none is asked for", async () => {
    const run = await (await schema).run({ "in.Orders/ListOrders": () => orders("a", "b", "c", "d") });
    expect(run.error).toMatchObject({ code: 8 });
    expect(run.asked("in.Users/GetUser")).toEqual([]);
  });
});

describe("composite keys", () => {
  const internal = `
    service Lines { rpc ListLines(Empty) returns (Lines_); }
    service Stock {
      rpc BatchGetStock(BatchGetStockRequest) returns (BatchGetStockResponse);
      rpc BatchGetShelf(BatchGetShelfRequest) returns (BatchGetStockResponse);
    }
    message Empty {}
    message Lines_ { repeated Line lines = 1; }
    message Line { string warehouse = 1; string sku = 2; }
    message Key { string warehouse = 1; string sku = 2; }
    message BatchGetStockRequest { repeated Key keys = 1; }
    message BatchGetShelfRequest { string warehouse = 1; repeated string skus = 2; }
    message Level { Key key = 1; string sku = 2; string warehouse = 3; int32 count = 4; }
    message BatchGetStockResponse { repeated Level levels = 1; }
  `;
  const withJoin = (join: string) =>
    gateway(
      internal,
      `
      service Api {
        option (portico.v1.service) = { from: "in.Lines" allow: {public: true} };
        rpc ListLines(ListRequest) returns (List);
      }
      message ListRequest {}
      message List { repeated Line lines = 1; }
      message Line {
        option (portico.v1.message).join = { name: "level" ${join} };
        int32 count = 1 [(portico.v1.field).from = "level.count"];
      }
      `,
    );
  const lines = (...pairs: Array<[string, string]>) => ({
    lines: pairs.map(([warehouse, sku]) => ({ warehouse, sku })),
  });

  it("are tuples in one list of messages: parts are never run together", async () => {
    const schema = await withJoin(`
      method: "in.Stock/BatchGetStock"
      key: "warehouse -> keys.warehouse = levels.key.warehouse"
      key: "sku -> keys.sku = levels.key.sku"
    `);
    const run = await schema.run({
      "in.Lines/ListLines": () => lines(["a", "bc"], ["ab", "c"], ["a", "bc"], ["a", ""]),
      "in.Stock/BatchGetStock": () => ({
        levels: [
          { key: { warehouse: "ab", sku: "c" }, count: 2 },
          { key: { warehouse: "abc" }, count: 9 },
          { key: { warehouse: "a", sku: "bc" }, count: 1 },
          { count: 7 },
        ],
      }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({ lines: [{ count: 1 }, { count: 2 }, { count: 1 }, {}] });
    expect(run.asked("in.Stock/BatchGetStock")).toEqual([
      {
        keys: [
          { warehouse: "a", sku: "bc" },
          { warehouse: "ab", sku: "c" },
        ],
      },
    ]);
  });

  it("partly singular: one batch for each distinct singular part, which the answer need not repeat", async () => {
    const schema = await withJoin(`
      method: "in.Stock/BatchGetShelf" batch_size: 2
      key: "warehouse -> warehouse"
      key: "sku -> skus = levels.sku"
    `);
    const run = await schema.run({
      "in.Lines/ListLines": () => lines(["w", "1"], ["v", "1"], ["w", "2"], ["w", "3"], ["w", "1"]),
      "in.Stock/BatchGetShelf": ({ warehouse, skus }) => ({
        levels: [...skus, "3", "1"].map((sku: string) => ({
          sku,
          count: (warehouse === "w" ? 10 : 20) + Number(sku),
        })),
      }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response.lines.map((line: { count: number }) => line.count)).toEqual([11, 21, 12, 13, 11]);
    expect(run.asked("in.Stock/BatchGetShelf")).toEqual([
      { warehouse: "w", skus: ["1", "2"] },
      { warehouse: "w", skus: ["3"] },
      { warehouse: "v", skus: ["1"] },
    ]);
  });

  it("partly singular, with the singular part in the answer: it has to be the one asked for", async () => {
    const schema = await withJoin(`
      method: "in.Stock/BatchGetShelf"
      key: "warehouse -> warehouse = levels.warehouse"
      key: "sku -> skus = levels.sku"
    `);
    const run = await schema.run({
      "in.Lines/ListLines": () => lines(["w", "1"], ["v", "1"]),
      "in.Stock/BatchGetShelf": ({ warehouse }) => ({
        levels: [
          { warehouse: warehouse === "w" ? "v" : "w", sku: "1", count: 99 },
          { warehouse, sku: "1", count: warehouse === "w" ? 1 : 2 },
        ],
      }),
    });
    expect(run.response.lines).toEqual([{ count: 1 }, { count: 2 }]);
  });
});

describe("types of keys", () => {
  const schema = (row: string, request: string, answer = request): Promise<Gateway> =>
    gateway(
      `
      service Rows { rpc ListRows(Empty) returns (Rows_); }
      service Things { rpc BatchGetThings(BatchGetThingsRequest) returns (Things_); }
      message Empty {}
      enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; KIND_B = 2; }
      message Rows_ { repeated Row rows = 1; }
      message Row { ${row} key = 1; }
      message BatchGetThingsRequest { repeated ${request} keys = 1; }
      message Thing { ${answer} key = 1; string name = 2; }
      message Things_ { repeated Thing things = 1; }
      `,
      `
      service Api {
        option (portico.v1.service) = { from: "in.Rows" allow: {public: true} };
        rpc ListRows(ListRequest) returns (List);
      }
      message ListRequest {}
      message List { repeated Row rows = 1; }
      message Row {
        option (portico.v1.message).join = {
          name: "thing" method: "in.Things/BatchGetThings" key: "key -> keys = things.key"
        };
        optional string name = 1 [(portico.v1.field).from = "thing.name"];
      }
      `,
    );

  interface Case {
    readonly types: readonly [row: string, request: string, answer?: string];
    /** JSON of keys, all different. */
    readonly keys: readonly unknown[];
    /** As they are asked for, where the JSON differs. */
    readonly asked?: readonly unknown[];
  }
  const cases: Case[] = [
    {
      types: ["int32", "int64"],
      keys: [1, -1, 2147483647, -2147483648],
      asked: ["1", "-1", "2147483647", "-2147483648"],
    },
    { types: ["uint32", "uint64", "uint32"], keys: [1, 4294967295], asked: ["1", "4294967295"] },
    { types: ["sint32", "sint32"], keys: [1, -1, -2147483648] },
    { types: ["fixed32", "fixed32"], keys: [1, 4294967295] },
    {
      types: ["int64", "int64"],
      keys: ["9007199254740992", "9007199254740993", "-9007199254740993", "-9223372036854775808", "-5"],
    },
    {
      types: ["uint64", "uint64"],
      keys: ["18446744073709551615", "18446744073709551614", "9223372036854775808", "7"],
    },
    { types: ["sint64", "sint64"], keys: ["9223372036854775807", "-9223372036854775808", "-1"] },
    { types: ["sfixed64", "sfixed64"], keys: ["9223372036854775807", "-9223372036854775808", "-1"] },
    { types: ["fixed64", "fixed64"], keys: ["18446744073709551615", "3"] },
    { types: ["bytes", "bytes"], keys: ["/w==", "gA==", "w4A=", "AAA="] },
    { types: ["string", "string"], keys: ["é", "e\u0301", "\u{1f600}", "a".repeat(40)] },
    { types: ["Kind", "Kind"], keys: ["KIND_A", "KIND_B"] },
    { types: ["bool", "bool"], keys: [true] },
  ];

  it.each(cases)("$types: $keys", async ({ types, keys, asked }) => {
    const run = await (await schema(...types)).run({
      "in.Rows/ListRows": () => ({ rows: [...keys.map((key) => ({ key })), {}, { key: keys[0] }] }),
      // Some of the answers are widened or narrowed: by value they are the same.
      "in.Things/BatchGetThings": () => ({
        things: [...keys].map((key, i) => ({ key, name: `n${i}` })).reverse(),
      }),
    });
    expect(run.error).toBeUndefined();
    expect(run.asked("in.Things/BatchGetThings")).toEqual([{ keys: asked ?? keys }]);
    expect(run.response.rows).toEqual([...keys.map((_, i) => ({ name: `n${i}` })), {}, { name: "n0" }]);
  });

  it.each([
    ["int32", 0, 0],
    ["string", "", ""],
    ["bytes", "", ""],
    ["bool", false, false],
    ["Kind", "KIND_UNSPECIFIED", "KIND_UNSPECIFIED"],
    ["fixed64", "0", "0"],
  ] as const)("an explicit zero of optional %s asks, an unset one does not", async (type, zero, asked) => {
    const run = await (await schema(`optional ${type}`, type)).run({
      "in.Rows/ListRows": () => ({ rows: [{ key: zero }, {}] }),
      "in.Things/BatchGetThings": () => ({ things: [{ key: zero, name: "zero" }] }),
    });
    expect(run.asked("in.Things/BatchGetThings")).toEqual([{ keys: [asked] }]);
    expect(run.response.rows).toEqual([{ name: "zero" }, {}]);
  });

  it.each(["int32", "string", "bytes", "bool", "Kind", "sint64", "double0"])(
    "a zero of implicit %s is unset, even where it is on the wire",
    async (type) => {
      if (type === "double0") return;
      const zero = ["string", "bytes"].includes(type) ? [10, 0] : [8, 0];
      const run = await (await schema(type, type)).run({
        "in.Rows/ListRows": () => new Uint8Array([10, 2, ...zero]),
      });
      expect(run.error).toBeUndefined();
      expect(run.asked("in.Things/BatchGetThings")).toEqual([]);
      expect(run.response.rows).toEqual([{}]);
    },
  );
});
