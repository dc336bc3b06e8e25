import { beforeAll, describe, expect, it } from "vitest";
import { compile, load } from "../support/compile.js";
import { type Answers, type Gateway, gateway, sourcesOf } from "../support/gateway.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

const internal = `
  service Docs { rpc Get(Empty) returns (Docs_); }
  message Empty {}
  message Ref { string kind = 1; Place place = 2; int64 number = 3; State state = 4; }
  message Place { string city = 1; optional int32 floor = 2; }
  enum State { STATE_UNSPECIFIED = 0; STATE_OPEN = 1; }
  message OwnRef { State state = 9; int32 number = 8; Place place = 7; string kind = 6; string note = 5; }
  message Doc { Ref ref = 1; OwnRef own = 2; repeated Ref refs = 3; string tenant = 4; }
  message Docs_ { repeated Doc docs = 1; }
  service Things {
    rpc BatchGetThings(BatchGetRequest) returns (Things_);
    rpc GetThing(GetRequest) returns (Thing);
    rpc ListThings(Empty) returns (Things_);
    rpc BatchGetTenantThings(BatchGetTenantRequest) returns (Things_);
  }
  message BatchGetRequest { repeated Ref refs = 1; }
  message GetRequest { Ref ref = 1; }
  message BatchGetTenantRequest { repeated TenantRef keys = 1; }
  message TenantRef { string tenant = 1; Ref ref = 2; }
  message Thing { ThingRef ref = 1; string name = 2; string tenant = 3; }
  message ThingRef { string kind = 4; Place place = 3; sint32 number = 2; State state = 1; string extra = 10; }
  message Things_ { repeated Thing things = 1; }
`;
const service = `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
  }
  message GetRequest {}
  message GetResponse { repeated Doc docs = 1; }
`;
// biome-ignore lint/suspicious/noExplicitAny: requests are JSON, whose form the test knows.
type Json = any;
const nameOf = (ref: Json) =>
  [ref.kind ?? "", ref.place?.city ?? "-", ref.place?.floor ?? "-", ref.number ?? 0, ref.state ?? ""].join(
    "/",
  );
const thing = (ref: Json) => ({
  ref: { ...ref, number: Number(ref.number ?? 0), extra: "x" },
  name: nameOf(ref),
});
const things: Answers = {
  "in.Things/BatchGetThings": ({ refs }: Json) => ({
    things: [...refs]
      .reverse()
      .filter((ref: Json) => ref.kind !== "x")
      .map(thing),
  }),
  "in.Things/GetThing": ({ ref }: Json) => thing(ref),
};
const a = { kind: "a", place: { city: "c", floor: 0 }, number: "7", state: "STATE_OPEN" };
const b = { kind: "b", place: {} };

describe("a message as a key", () => {
  let schema: Gateway;
  beforeAll(async () => {
    schema = await gateway(
      internal,
      `${service}
      message Doc {
        option (portico.v1.message).join = {
          name: "thing" method: "in.Things/BatchGetThings" key: "ref -> refs = things.ref"
        };
        option (portico.v1.message).join = {
          name: "own" method: "in.Things/BatchGetThings" key: "own -> refs = things.ref"
        };
        option (portico.v1.message).join = {
          name: "many" method: "in.Things/BatchGetThings" key: "refs -> refs = things.ref"
        };
        string thing = 1 [(portico.v1.field).from = "thing.name"];
        string own = 2 [(portico.v1.field).from = "own.name"];
        repeated string many = 3 [(portico.v1.field).from = "many.name"];
      }`,
    );
  });

  it("compares by its fields, whatever the types are in which it stands", async () => {
    const run = await schema.run({
      ...things,
      "in.Docs/Get": () => ({
        docs: [
          { ref: a, own: { ...a, number: 7, note: "n" }, refs: [b, { kind: "x" }, a, b] },
          { ref: { ...a, place: { city: "c" } }, own: { kind: "b" } },
          { ref: {} },
          {},
        ],
      }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { thing: nameOf(a), own: nameOf(a), many: [nameOf(b), nameOf(a), nameOf(b)] },
      { thing: nameOf({ ...a, place: { city: "c" } }), own: nameOf({ kind: "b" }) },
      { thing: nameOf({}) },
      {},
    ]);
    // Each distinct one once; a floor of 0 is not one that is not said, and an empty place is not none.
    expect(run.asked("in.Things/BatchGetThings")).toEqual([
      { refs: [a, b, { kind: "x" }, { ...a, place: { city: "c" } }, { kind: "b" }, {}] },
    ]);
  });

  it("however it is encoded: order, split messages, unknown fields, wide varints, zeros", async () => {
    const plain = [0x0a, 1, 97, 0x12, 5, 0x0a, 1, 99, 0x10, 0, 0x18, 7, 0x20, 1];
    const odd = [
      // state, first 0 and then 1 in ten bytes; number as a varint of three bytes
      0x20, 0, 0x20, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0x18, 0x87, 0x80, 0,
      // place in two pieces, an unknown field, kind twice
      0x12, 2, 0x10, 0, 0x7a, 1, 33, 0x0a, 1, 98, 0x0a, 1, 97, 0x12, 3, 0x0a, 1, 99,
    ]; // biome-ignore format: bytes
    const zeros = [0x0a, 1, 98, 0x12, 0, 0x18, 0, 0x20, 0];
    const doc = (ref: number[]) => [0x0a, ref.length + 2, 0x0a, ref.length, ...ref];
    const run = await schema.run({
      ...things,
      "in.Docs/Get": () => Uint8Array.from([...doc(odd), ...doc(plain), ...doc(zeros)]),
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([{ thing: nameOf(a) }, { thing: nameOf(a) }, { thing: nameOf(b) }]);
    expect(run.asked("in.Things/BatchGetThings")).toEqual([{ refs: [a, b] }]);
  });

  it("that is no valid message is an error of whoever sent it", async () => {
    const doc = [0x0a, 1, 0xff];
    const run = await schema.run({
      ...things,
      "in.Docs/Get": () => Uint8Array.from([0x0a, doc.length + 2, 0x0a, doc.length, ...doc]),
    });
    expect(run.error?.message).toBe("internal error");
    expect(run.upstream.calls).toHaveLength(1);
  });
});

it("one call for each message", async () => {
  const schema = await gateway(
    internal,
    `${service}
    message Doc {
      option (portico.v1.message).join = {
        name: "thing" method: "in.Things/GetThing" key: "own -> ref" max_keys: 5
      };
      string thing = 1 [(portico.v1.field).from = "thing.name"];
    }`,
  );
  const run = await schema.run({
    ...things,
    "in.Docs/Get": () => ({ docs: [{ own: { kind: "a" } }, { own: { kind: "a", note: "n" } }, {}] }),
  });
  expect(run.response.docs).toEqual([{ thing: "a/-/-/0/" }, { thing: "a/-/-/0/" }, {}]);
  expect(run.asked("in.Things/GetThing")).toEqual([{ ref: { kind: "a" } }]);
});

it("matched in memory, in the type of the response", async () => {
  const schema = await gateway(
    internal.replace("string extra = 10;", ""),
    `${service}
    message Doc {
      option (portico.v1.message).join = {
        name: "thing" method: "in.Things/ListThings" key: "own = things.ref"
      };
      string thing = 1 [(portico.v1.field).from = "thing.name"];
    }`,
  );
  const run = await schema.run({
    "in.Things/ListThings": () => ({ things: [{ ref: { kind: "a", number: -4 }, name: "A" }] }),
    "in.Docs/Get": () => ({ docs: [{ own: { kind: "a", number: -4 } }, { own: { kind: "a" } }] }),
  });
  expect(run.error).toBeUndefined();
  expect(run.response.docs).toEqual([{ thing: "A" }, {}]);
});

it("as a part of a composite key", async () => {
  const schema = await gateway(
    internal,
    `${service}
    message Doc {
      option (portico.v1.message).join = {
        name: "thing" method: "in.Things/BatchGetTenantThings"
        key: "tenant -> keys.tenant = things.tenant"
        key: "ref -> keys.ref = things.ref"
      };
      string thing = 1 [(portico.v1.field).from = "thing.name"];
    }`,
  );
  const run = await schema.run({
    "in.Things/BatchGetTenantThings": ({ keys }: Json) => ({
      things: keys.map(({ tenant, ref }: Json) => ({
        ...thing(ref),
        tenant,
        name: `${tenant} ${nameOf(ref)}`,
      })),
    }),
    "in.Docs/Get": () => ({
      docs: [{ tenant: "t", ref: a }, { tenant: "u", ref: a }, { tenant: "t", ref: a }, { tenant: "t" }],
    }),
  });
  expect(run.error).toBeUndefined();
  expect(run.response.docs).toEqual([
    { thing: `t ${nameOf(a)}` },
    { thing: `u ${nameOf(a)}` },
    { thing: `t ${nameOf(a)}` },
    {},
  ]);
  expect(run.asked("in.Things/BatchGetTenantThings")).toEqual([
    { keys: [{ tenant: "t", ref: a }, { tenant: "u", ref: a }] },
  ]); // biome-ignore format: as it is asked
});

it("oneofs, and messages that hold themselves", async () => {
  const schema = await gateway(
    `service Docs { rpc Get(Empty) returns (Docs_); }
    message Empty {}
    message Node { oneof value { string name = 1; int32 number = 2; } Node next = 3; }
    message Doc { Node node = 1; }
    message Docs_ { repeated Doc docs = 1; }
    service Things { rpc BatchGetThings(BatchGetRequest) returns (Things_); }
    message BatchGetRequest { repeated Node nodes = 1; }
    message Thing { Node node = 1; string id = 2; }
    message Things_ { repeated Thing things = 1; }`,
    `${service}
    message Doc {
      option (portico.v1.message).join = {
        name: "thing" method: "in.Things/BatchGetThings" key: "node -> nodes = things.node"
      };
      string thing = 1 [(portico.v1.field).from = "thing.id"];
    }`,
  );
  const nodes = [{ name: "" }, { number: 0 }, {}, { next: { name: "a" } }, { next: {} }];
  const run = await schema.run({
    "in.Docs/Get": () => ({ docs: nodes.map((node) => ({ node })) }),
    "in.Things/BatchGetThings": ({ nodes }: Json) => ({
      things: nodes.map((node: Json) => ({ node, id: JSON.stringify(node) })),
    }),
  });
  expect(run.error).toBeUndefined();
  expect(run.response.docs).toEqual(nodes.map((node) => ({ thing: JSON.stringify(node) })));
});

it("groups, in the row, the request, the response and inside the key", async () => {
  const delimited = "[features.message_encoding = DELIMITED]";
  const compiled = compile({
    ...sourcesOf(
      "",
      `${service}
      message Doc {
        option (portico.v1.message).join = {
          name: "thing" method: "in.Things/BatchGetThings" key: "ref -> refs = things.ref"
        };
        string thing = 1 [(portico.v1.field).from = "thing.name"];
      }`,
    ),
    "internal.proto": `edition = "2023"; package in;
      service Docs { rpc Get(Empty) returns (Docs_); }
      message Empty {}
      message Ref { Place place = 1 ${delimited}; string kind = 2; }
      message Place { string city = 1; }
      message Doc { Ref ref = 1 ${delimited}; }
      message Docs_ { repeated Doc docs = 1; }
      service Things { rpc BatchGetThings(BatchGetRequest) returns (Things_); }
      message BatchGetRequest { repeated Ref refs = 1 ${delimited}; }
      message Thing { Ref ref = 1 ${delimited}; string name = 2; }
      message Things_ { repeated Thing things = 1 ${delimited}; }`,
  });
  const upstream = new FakeUpstream(compiled.registry, {
    "in.Docs/Get": () => ({ docs: [{ ref: { kind: "a", place: { city: "c" } } }, { ref: { kind: "b" } }] }),
    "in.Things/BatchGetThings": (request) => ({
      things: (request as Json).refs.map((ref: Json) => ({ ref, name: nameOf(ref) })).reverse(),
    }),
  });
  const { response } = await invoke(await load(compiled), upstream, "pub.Api/Get", {});
  expect(response).toEqual({ docs: [{ thing: "a/c/-/0/" }, { thing: "b/-/-/0/" }] });
});
