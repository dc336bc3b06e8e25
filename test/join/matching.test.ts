import { beforeAll, describe, expect, it } from "vitest";
import { type Answers, encoded, failure, type Gateway, gateway } from "../support/gateway.js";

const docs = `
  service Docs { rpc Get(Empty) returns (Docs_); }
  message Empty {}
  message Doc { string key = 1; repeated string keys = 2; }
  message Docs_ { repeated Doc docs = 1; }
`;
const api = `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
  }
  message GetRequest {}
  message GetResponse { repeated Doc docs = 1; }
`;
const keys = (...all: string[]): Answers => ({
  "in.Docs/Get": () => ({ docs: all.map((key) => ({ key })) }),
});
interface Asked {
  readonly ids: readonly string[];
}

describe("where the rows of a reply are", () => {
  interface Case {
    readonly name: string;
    readonly things: string;
    readonly key: string;
    readonly options?: string;
    readonly fields: string;
    readonly reply: (ids: readonly string[]) => unknown;
    readonly expected: (key: string) => object;
  }
  const cases: Case[] = [
    {
      name: "nested lists: the last list on the path",
      things:
        "message Item { string owner_id = 1; string name = 2; } message Group { string id = 1; repeated Item items = 2; } message Reply { repeated Group groups = 1; }",
      key: "key -> ids = groups.items.owner_id",
      fields: 'string name = 1 [(portico.v1.field).from = "thing.name"];',
      reply: (ids) => ({
        groups: [{ items: [] }, ...ids.map((id) => ({ id: "a", items: [{ ownerId: id, name: `n${id}` }] }))],
      }),
      expected: (key) => ({ name: `n${key}` }),
    },
    {
      name: "a list below singular messages, with the key further in",
      things:
        "message Id { string value = 1; } message Item { Id id = 1; string name = 2; } message Page { repeated Item items = 3; } message Reply { Page page = 2; }",
      key: "key -> ids = page.items.id.value",
      fields: 'string name = 1 [(portico.v1.field).from = "thing.name"];',
      reply: (ids) => ({
        page: { items: [{ name: "no id" }, ...ids.map((id) => ({ id: { value: id }, name: `n${id}` }))] },
      }),
      expected: (key) => ({ name: `n${key}` }),
    },
    {
      name: "a map, by its key",
      things: "message Item { string name = 2; } message Reply { map<string, Item> entries = 1; }",
      key: "key -> ids = entries.key",
      fields:
        'string name = 1 [(portico.v1.field).from = "thing.value.name"]; Item item = 2 [(portico.v1.field).from = "thing.value"];',
      reply: (ids) => ({ entries: Object.fromEntries(ids.map((id) => [id, { name: `n${id}` }])) }),
      expected: (key) => ({ name: `n${key}`, item: { name: `n${key}` } }),
    },
    {
      name: "a map of scalars, selected",
      things: "message Reply { map<string, int32> counts = 1; }",
      key: "key -> ids = counts.key",
      options: 'select: "value"',
      fields: 'int32 count = 1 [(portico.v1.field).from = "thing"];',
      reply: (ids) => ({ counts: Object.fromEntries(ids.map((id) => [id, id.charCodeAt(0)])) }),
      expected: (key) => ({ count: key.charCodeAt(0) }),
    },
    {
      name: "a map, by a field of its values",
      things:
        "message Item { string owner_id = 1; string name = 2; } message Reply { map<int32, Item> items = 1; }",
      key: "key -> ids = items.value.owner_id",
      fields: 'repeated Item items = 1 [(portico.v1.field).from = "thing_items"];',
      options: 'select: "value"',
      reply: (ids) => ({
        items: Object.fromEntries(
          ids.flatMap((id, i) => [
            [2 * i, { ownerId: id, name: "1" }],
            [2 * i + 1, { ownerId: id, name: "2" }],
          ]),
        ),
      }),
      expected: () => ({ items: [{ name: "1" }, { name: "2" }] }),
    },
    {
      name: "select: a message of the row",
      things:
        "message Item { string name = 2; } message Row { string id = 1; Item item = 2; } message Reply { repeated Row rows = 1; }",
      key: "key -> ids = rows.id",
      options: 'select: "item"',
      fields:
        'Item item = 1 [(portico.v1.field).from = "thing"]; string name = 2 [(portico.v1.field).from = "thing.name"];',
      reply: (ids) => ({ rows: ids.map((id) => ({ id, item: { name: `n${id}` } })) }),
      expected: (key) => ({ item: { name: `n${key}` }, name: `n${key}` }),
    },
    {
      name: "select: a list of the row",
      things:
        "message Item { string name = 2; } message Row { string id = 1; repeated Item items = 2; repeated int32 counts = 3; } message Reply { repeated Row rows = 1; }",
      key: "key -> ids = rows.id",
      options: 'select: "items"',
      fields: 'repeated Item items = 1 [(portico.v1.field).from = "thing"];',
      reply: (ids) => ({ rows: ids.map((id) => ({ id, items: [{ name: id }, { name: "b" }] })) }),
      expected: (key) => ({ items: [{ name: key }, { name: "b" }] }),
    },
    {
      name: "all rows of a key, from several places in the reply",
      things:
        "message Item { string owner_id = 1; string name = 2; } message Reply { repeated Item items = 1; }",
      key: "key -> ids = items.owner_id",
      fields:
        'repeated Item items = 1 [(portico.v1.field).from = "thing"]; repeated string names = 2 [(portico.v1.field).from = "thing"];'.replace(
          / repeated string.*/,
          "",
        ),
      reply: (ids) => ({ items: ["1", "2"].flatMap((name) => ids.map((id) => ({ ownerId: id, name }))) }),
      expected: () => ({ items: [{ name: "1" }, { name: "2" }] }),
    },
  ];

  it.each(cases)("$name", async ({ things, key, options, fields, reply, expected }) => {
    const schema = await gateway(
      `${docs} service Things { rpc BatchGetThings(BatchGetThingsRequest) returns (Reply); }
      message BatchGetThingsRequest { repeated string ids = 1; } ${things}`,
      `${api}
      message Item { string name = 1; }
      message Doc {
        option (portico.v1.message).join = {
          name: "${fields.includes("thing_items") ? "thing_items" : "thing"}" method: "in.Things/BatchGetThings" key: "${key}" ${options ?? ""}
        };
        ${fields}
      }`,
    );
    const run = await schema.run({
      ...keys("b", "a", "b"),
      "in.Things/BatchGetThings": ({ ids }: Asked) => reply([...ids].reverse()),
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual(["b", "a", "b"].map(expected));
    expect(run.asked("in.Things/BatchGetThings")).toEqual([{ ids: ["b", "a"] }]);
  });
});

describe("without `->`", () => {
  it("the method is called once, and matched in memory", async () => {
    const schema = await gateway(
      `${docs} service Things { rpc ListThings(Empty) returns (Reply); }
      message Thing { string id = 1; string name = 2; } message Reply { repeated Thing things = 1; }`,
      `${api}
      message Doc {
        option (portico.v1.message).join = { name: "thing" method: "in.Things/ListThings" key: "key = things.id" };
        string name = 1 [(portico.v1.field).from = "thing.name"];
      }`,
    );
    const things = { things: ["c", "b", "a"].map((id) => ({ id, name: `n${id}` })) };
    const run = await schema.run({ ...keys("a", "b", "x", "a", ""), "in.Things/ListThings": () => things });
    expect(run.response.docs).toEqual([{ name: "na" }, { name: "nb" }, {}, { name: "na" }, {}]);
    expect(run.asked("in.Things/ListThings")).toEqual([{}]);
    const none = await schema.run(keys(""));
    expect(none.upstream.calls).toHaveLength(1);
  });
});

describe("lists of keys", () => {
  const schema = gateway(
    `${docs} service Labels { rpc BatchGetLabels(BatchGetRequest) returns (Reply); }
    message BatchGetRequest { repeated string ids = 1; }
    message Label { string id = 1; string name = 2; } message Reply { repeated Label labels = 1; string next_page_token = 2; }`,
    `${api}
    message Label {
      option (portico.v1.message).load = { method: "in.Labels/BatchGetLabels" key: "ids = labels.id" };
      option (portico.v1.message).load = { name: "slow" method: "in.Labels/BatchGetLabels" key: "ids = labels.id" batch_size: 1 };
      string name = 1;
    }
    message Doc {
      option (portico.v1.message).join = { name: "by_load" load: "Label" key: "key" };
      option (portico.v1.message).join = { name: "by_slow" load: "Label.slow" key: "key" };
      Label label = 1 [(portico.v1.field).key = "key"];
      repeated Label labels = 2 [(portico.v1.field).key = "keys"];
      string name = 3 [(portico.v1.field).from = "by_load.name"];
      Label slow = 4 [(portico.v1.field) = {key: "key" load: "slow"}];
      string slow_name = 5 [(portico.v1.field).from = "by_slow.name"];
    }`,
  );

  it("give rows in the order of the list, those not found left out; loads are joins like any other", async () => {
    const run = await (await schema).run({
      "in.Docs/Get": () => ({
        docs: [{ key: "a", keys: ["c", "x", "a", "c", ""] }, { keys: [] }, { keys: ["b"] }],
      }),
      "in.Labels/BatchGetLabels": ({ ids }: Asked) => ({
        labels: ids
          .filter((id) => id !== "x" && id !== "")
          .sort()
          .map((id) => ({ id, name: `n${id}` })),
      }),
    });
    const label = (id: string) => ({ name: `n${id}` });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      {
        label: label("a"),
        labels: [label("c"), label("a"), label("c")],
        name: "na",
        slow: label("a"),
        slowName: "na",
      },
      {},
      { labels: [label("b")] },
    ]);
    expect(run.asked("in.Labels/BatchGetLabels")).toEqual([
      { ids: ["a", "c", "x", "", "b"] },
      { ids: ["a"] },
    ]);
  });
});

describe("a reply", () => {
  let schema: Gateway;
  beforeAll(async () => {
    schema = await gateway(
      `${docs} service Things { rpc BatchGetThings(BatchGetThingsRequest) returns (Reply); }
      message BatchGetThingsRequest { repeated string ids = 1; }
      message Thing { string id = 1; string name = 2; }
      message Reply { repeated Thing things = 1; string next_page_token = 2; }`,
      `${api}
      message Doc {
        option (portico.v1.message).join = {
          name: "thing" method: "in.Things/BatchGetThings" key: "key -> ids = things.id" batch_size: 2
        };
        string name = 1 [(portico.v1.field).from = "thing.name"];
      }`,
    );
  });
  const thing = (id: string, name = `n${id}`) => ({ id, name });
  const run = (things: (ids: readonly string[]) => unknown[], more: object = {}) =>
    schema.run({
      ...keys("a", "b", "c", "d"),
      "in.Things/BatchGetThings": ({ ids }: Asked) => ({ things: things(ids), ...more }),
    });

  it.each<[string, (ids: readonly string[]) => unknown[], Array<string | undefined>]>([
    ["whole", (ids) => ids.map((id) => thing(id)), ["na", "nb", "nc", "nd"]],
    ["shuffled", (ids) => [...ids].reverse().map((id) => thing(id)), ["na", "nb", "nc", "nd"]],
    ["short", (ids) => ids.slice(1).map((id) => thing(id)), [undefined, "nb", undefined, "nd"]],
    ["empty", () => [], [undefined, undefined, undefined, undefined]],
    [
      "duplicated: the first counts",
      (ids) => ids.flatMap((id) => [thing(id), thing(id, "2")]),
      ["na", "nb", "nc", "nd"],
    ],
    ["with foreign keys", (ids) => [thing("z"), {}, ...ids.map((id) => thing(id))], ["na", "nb", "nc", "nd"]],
    [
      "with rows of another batch",
      (ids) =>
        [thing("a", "!"), thing("c", "!"), ...ids.map((id) => thing(id))].filter(
          ({ id, name }) => name !== "!" || !ids.includes(id),
        ),
      ["na", "nb", "nc", "nd"],
    ],
  ])("%s", async (_, things, expected) => {
    const { response, error, asked } = await run(things);
    expect(error).toBeUndefined();
    expect(response.docs.map((doc: { name?: string }) => doc.name)).toEqual(expected);
    expect(asked("in.Things/BatchGetThings")).toEqual([{ ids: ["a", "b"] }, { ids: ["c", "d"] }]);
  });

  it("with a next page is an error, since what is on it would be missing", async () => {
    const { error } = await run((ids) => ids.map((id) => thing(id)), { nextPageToken: "2" });
    expect(error).toMatchObject({ code: 13, message: "internal error" });
  });

  it("that fails takes the whole request with it, by its own code", async () => {
    const failed = await schema.run({
      ...keys("a", "b", "c"),
      "in.Things/BatchGetThings": ({ ids }: Asked) => {
        if (ids[0] === "c") throw failure(14);
        return new Promise(() => {});
      },
    });
    expect(failed.error).toMatchObject({ code: 14, message: "unavailable" });
    expect(failed.upstream.inFlight).toBe(0);
  });

  it("in pieces and with duplicate fields: of the key, too, the last one counts", async () => {
    const { registry } = schema.compiled;
    const row = [
      ...encoded(registry, "in.Thing", { id: "x", name: "1" }),
      ...encoded(registry, "in.Thing", { id: "a" }),
    ];
    const reply = new Uint8Array([10, row.length, ...row]);
    const result = await schema.run({ ...keys("a"), "in.Things/BatchGetThings": () => reply });
    expect(result.response.docs).toEqual([{ name: "1" }]);
  });

  it.each([
    ["cut off", [10, 5, 10, 1]],
    ["a key that is cut off", [10, 2, 10, 5]],
    ["a key that is not UTF-8", [10, 3, 10, 1, 0xff]],
    ["a group that does not end", [11]],
  ])("malformed (%s) is INTERNAL", async (_, bytes) => {
    const result = await schema.run({
      ...keys("a"),
      "in.Things/BatchGetThings": () => new Uint8Array(bytes),
    });
    expect(result.error).toMatchObject({ code: 13, message: "internal error" });
  });
});

describe("a map on the wire", () => {
  it("with duplicate keys: the last entry counts, in both ways of matching", async () => {
    const schema = await gateway(
      `${docs} service Things { rpc BatchGetThings(BatchGetThingsRequest) returns (Reply); }
      message BatchGetThingsRequest { repeated string ids = 1; }
      message Item { string owner = 1; string name = 2; }
      message Reply { map<string, Item> items = 1; }`,
      `${api}
      message Item { string name = 1; }
      message Doc {
        option (portico.v1.message).join = {
          name: "by_key" method: "in.Things/BatchGetThings" key: "key -> ids = items.key"
        };
        option (portico.v1.message).join = {
          name: "by_owner" method: "in.Things/BatchGetThings" key: "key -> ids = items.value.owner" select: "value"
        };
        string name = 1 [(portico.v1.field).from = "by_key.value.name"];
        repeated Item owned = 2 [(portico.v1.field).from = "by_owner"];
      }`,
    );
    const { registry } = schema.compiled;
    const entry = (key: string, owner: string, name: string) =>
      encoded(registry, "in.Reply", { items: { [key]: { owner, name } } });
    const run = await schema.run({
      ...keys("a", "b"),
      "in.Things/BatchGetThings": () =>
        new Uint8Array([
          ...entry("a", "a", "1"),
          ...entry("b", "a", "2"),
          ...entry("a", "b", "3"),
          ...entry("c", "b", "4"),
        ]),
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { name: "3", owned: [{ name: "2" }] },
      { name: "2", owned: [{ name: "3" }, { name: "4" }] },
    ]);
  });
});
