import { Code, type GatewayApi } from "@portico/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { group, int, len, tag, varint } from "../../runtime/src/wire/bytes.test.support.js";
import { WireError } from "../../runtime/src/wire/error.js";
import { type Compiled, compile, load } from "../support/compile.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

const sources = {
  "old.proto": `syntax = "proto2"; package in;
    message Level { optional int32 level = 1 [default = 7]; optional Grade grade = 2 [default = GOOD]; optional string id = 3; }
    enum Grade { BAD = 1; GOOD = 2; }
    message Levels { repeated Level levels = 1; }
    message LevelsRequest { repeated string ids = 1; }
    service Levels_ { rpc BatchGetLevels(LevelsRequest) returns (Levels); }`,
  "internal.proto": `syntax = "proto3"; package in;
    import "google/protobuf/any.proto";
    import "old.proto";
    service Shop {
      rpc Get(GetRequest) returns (Reply);
      rpc GetOther(GetRequest) returns (Other);
      rpc Check(GetRequest) returns (Other);
      rpc List(GetRequest) returns (Things);
    }
    message GetRequest { string id = 1; }
    message Reply { Page page = 1; string top = 2; repeated Thing things = 3; map<string, Thing> by_id = 4; }
    message Page { Thing thing = 1; string title = 2; repeated string tags = 3; }
    message Thing {
      string id = 1;
      InState state = 2;
      InState other_state = 3;
      repeated InState states = 4;
      optional InState maybe = 5;
      string level_id = 6;
      google.protobuf.Any any = 7;
      oneof which { string word = 8; int32 number = 9; Page inside = 10; }
      Key key = 11;
    }
    message Key { string key = 1; }
    message Other { string name = 1; Thing thing = 2; repeated Thing things = 3; }
    message Things { repeated Thing things = 1; }
    enum InState { option allow_alias = true; ACTIVE = 0; IN_STATE_PAUSED = 3; IN_STATE_HELD = 3; GONE = 4; LOST = 5; }`,
  "public.proto": `syntax = "proto3"; package pub;
    import "portico/v1/options.proto";
    import "google/protobuf/any.proto";
    service Shop {
      option (portico.v1.service) = { from: "in.Shop" allow: {public: true} };
      rpc Get(GetRequest) returns (Reply);
      rpc Check(GetRequest) returns (Checked) {
        option (portico.v1.method) = {
          call: {name: "check" method: "Check" set: "id = request.id"}
          call: {name: "get" method: "Get" set: "id = check.name"}
        };
      }
      rpc Selected(GetRequest) returns (Page) {
        option (portico.v1.method).call = {method: "Get" select: "page"};
      }
      rpc List(GetRequest) returns (Things);
      rpc Shadow(GetRequest) returns (Shadowed) {
        option (portico.v1.method) = {
          call: {name: "word" method: "GetOther" set: "id = request.id" select: "name"}
          call: {method: "GetOther"}
        };
      }
      rpc Plain(GetRequest) returns (Other) {
        option (portico.v1.method).call = {method: "GetOther"};
      }
    }
    message GetRequest { string id = 1; }
    message Reply {
      string title = 1 [(portico.v1.field).from = "page.title"];
      string title_again = 2 [(portico.v1.field).from = "page.title"];
      repeated string tags = 3 [(portico.v1.field).from = "page.tags"];
      string id = 4 [(portico.v1.field).from = "page.thing.id"];
      string top = 5 [(portico.v1.field).from = "source.top"];
      string asked = 6 [(portico.v1.field).from = "request.id"];
      repeated Thing things = 7;
      repeated ThingId ids = 8 [(portico.v1.field).from = "things"];
      map<string, Thing> by_id = 9;
      ReplyAgain again = 10 [(portico.v1.field).from = "source"];
      ReplyAgain once_more = 11 [(portico.v1.field).from = "source"];
    }
    message ReplyAgain { string top = 1; }
    message ThingId { string id = 1; }
    message Checked {
      string name = 1 [(portico.v1.field).from = "check.name"];
      Thing thing = 2 [(portico.v1.field).from = "check.thing"];
      Page page = 3 [(portico.v1.field).from = "get.page"];
      repeated ThingId ids = 4 [(portico.v1.field).from = "check.things"];
    }
    message Page { string title = 1; repeated string tags = 2; Thing thing = 3; }
    message Things { repeated Thing things = 1; }
    message Other { ShadowedThing thing = 1; }
    message Shadowed { ShadowedThing thing = 1; }
    message ShadowedThing { string id = 1; string word = 3; }
    message Thing {
      option (portico.v1.message).source = "in.Thing";
      option (portico.v1.message).join = {
        name: "level" method: "in.Levels_/BatchGetLevels" key: "level_id -> ids = levels.id"
      };
      option (portico.v1.message).join = {
        name: "at" method: "in.Levels_/BatchGetLevels" key: "key.key -> ids = levels.id"
      };
      string id = 1;
      State state = 2;
      optional State other_state = 3;
      repeated State states = 4;
      optional State maybe = 5;
      int32 level = 6 [(portico.v1.field).from = "level.level"];
      Grade grade = 7 [(portico.v1.field).from = "level.grade"];
      google.protobuf.Any any = 8 [(portico.v1.field).any = "pub.ThingAny"];
      string word = 9;
      int32 number = 10;
      string inside = 11 [(portico.v1.field).from = "inside.title"];
      int32 key_level = 12 [(portico.v1.field).from = "at.level"];
    }
    message ThingAny { option (portico.v1.message).source = "in.Key"; string key = 4; }
    enum State {
      STATE_UNSPECIFIED = 0;
      STATE_ACTIVE = 1;
      STATE_HELD = 2;
      STATE_ENDED = 3 [(portico.v1.enum_value) = {from: "GONE" from: "LOST"}];
    }
    enum Grade { GRADE_UNSPECIFIED = 0; GOOD = 1; BAD = 2; }`,
};

let compiled: Compiled;
let api: GatewayApi;
beforeAll(async () => {
  compiled = compile(sources);
  api = await load(compiled);
});

const run = (method: string, answers: Record<string, unknown>, id = "asked") =>
  invoke(
    api,
    new FakeUpstream(
      compiled.registry,
      Object.fromEntries(Object.entries(answers).map(([name, answer]) => [`in.${name}`, () => answer])),
    ),
    `pub.Shop/${method}`,
    { id },
  );
const bytes = (...parts: number[][]) => Uint8Array.from(parts.flat());
const thing = async (content: number[], levels: unknown = {}) => {
  const { response, error } = await run("List", {
    "Shop/List": bytes(len(1, content)),
    "Levels_/BatchGetLevels": levels,
  });
  expect(error?.cause).toBeUndefined();
  return (response as { things: unknown[] }).things[0];
};

describe("enums", () => {
  it.each<[string, number[], object]>([
    ["a zero with another twin, not on the wire", [], {}],
    ["the same on the wire", int(2, 0), {}],
    ["implicit to explicit: zero is unset", int(3, 0), {}],
    ["explicit zero", int(5, 0), { maybe: "STATE_ACTIVE" }],
    ["an alias", [...int(3, 3)], { otherState: "STATE_HELD" }],
    ["named by `from`", [...int(3, 4), ...int(5, 5)], { otherState: "STATE_ENDED", maybe: "STATE_ENDED" }],
    ["unknown", int(3, 77), { otherState: "STATE_UNSPECIFIED" }],
    ["a list, packed and not", [...len(4, [0, 3]), ...int(4, 4), ...len(4, varint(-1))], { states: ["STATE_ACTIVE", "STATE_HELD", "STATE_ENDED", "STATE_UNSPECIFIED"] }],
    ["wide", [...tag(3, 0), ...varint(2n ** 32n + 3n)], { otherState: "STATE_HELD" }],
  ])("%s", async (_, content, expected) => {
    expect(await thing(content)).toEqual({ state: "STATE_ACTIVE", ...expected });
  }); // biome-ignore format: a table
});

describe("defaults of proto2 into fields without presence", () => {
  const row = (level: object) => thing(len(6, "k"), { levels: [{ id: "k", ...level }] });

  it("are written where the value is not there", async () => {
    expect(await row({})).toMatchObject({ level: 7, grade: "GOOD" });
    expect(await row({ level: 0, grade: "BAD" })).toEqual({ state: "STATE_ACTIVE", grade: "BAD" });
  });

  it("but not where there is no row", async () => {
    expect(await thing(len(6, "k"), {})).toEqual({ state: "STATE_ACTIVE" });
    expect(await thing([])).toEqual({ state: "STATE_ACTIVE" });
  });

  it("a join on a path named like an import", async () => {
    expect(await thing(len(11, len(1, "k")), { levels: [{ id: "k", level: 3 }] })).toMatchObject({
      keyLevel: 3,
    });
  });
});

describe("oneofs", () => {
  it.each<[string, number[], object]>([
    ["the last one counts", [...len(8, "w"), ...int(9, 4)], { number: 4 }],
    ["whichever it is", [...int(9, 4), ...len(8, "")], {}],
    ["a message clears, and is read into", [...len(8, "w"), ...len(10, len(2, "t"))], { inside: "t" }],
    ["is cleared", [...len(10, len(2, "t")), ...len(8, "w")], { word: "w" }],
    ["starts anew after a sibling", [...len(10, len(2, "t")), ...len(8, "w"), ...len(10, [])], {}],
  ])("%s", async (_, content, expected) => {
    expect(await thing(content)).toEqual({ state: "STATE_ACTIVE", ...expected });
  });
});

describe("an Any", () => {
  const any = (url: string) =>
    thing(len(7, [...len(1, url), ...len(2, [...len(1, "k"), ...len(2, "hidden")])]));

  it("of a listed type is translated; any other is left out", async () => {
    expect(await any("type.googleapis.com/in.Key")).toMatchObject({
      any: { "@type": "type.googleapis.com/pub.ThingAny", key: "k" },
    });
    expect(await any("type.googleapis.com/in.Thing")).toEqual({ state: "STATE_ACTIVE" });
  });
});

describe("where values come from", () => {
  it("paths, several from one, the request, the source itself", async () => {
    const { response } = await run("Get", {
      // The page comes in pieces, and so does the thing in it.
      "Shop/Get": bytes(
        len(1, [...len(2, "a"), ...len(3, "x"), ...len(1, len(1, "first"))]),
        len(2, "top"),
        len(1, [...len(1, int(2, 1)), ...len(3, "y"), ...len(2, "b")]),
        len(3, len(1, "t1")),
        len(3, []),
        len(4, [...len(1, "k"), ...len(2, len(1, "old"))]),
        len(4, [...len(2, len(1, "n")), ...len(1, "k"), ...len(2, len(8, "w"))]),
        len(4, []),
      ),
    });
    expect(response).toEqual({
      title: "b",
      titleAgain: "b",
      tags: ["x", "y"],
      id: "first",
      top: "top",
      asked: "asked",
      things: [{ id: "t1", state: "STATE_ACTIVE" }, { state: "STATE_ACTIVE" }],
      ids: [{ id: "t1" }, {}],
      byId: { k: { id: "n", word: "w", state: "STATE_ACTIVE" }, "": { state: "STATE_ACTIVE" } },
      again: { top: "top" },
      onceMore: { top: "top" },
    });
  });

  it("named calls alone, one of which is called like an import and like its handler", async () => {
    const upstream = new FakeUpstream(compiled.registry, {
      "in.Shop/Check": () => ({ name: "n", thing: { id: "t" }, things: [{ id: "1" }, { id: "2" }] }),
      "in.Shop/Get": () => ({ page: { title: "p", tags: ["a"] } }),
    });
    const { response, error } = await invoke(api, upstream, "pub.Shop/Check", { id: "x" });
    expect(error).toBeUndefined();
    expect(response).toEqual({
      name: "n",
      thing: { id: "t", state: "STATE_ACTIVE" },
      page: { title: "p", tags: ["a"] },
      ids: [{ id: "1" }, { id: "2" }],
    });
    expect(upstream.calls.map(({ request }) => request)).toEqual([{ id: "x" }, { id: "n" }]);
  });

  it("what `select` picks, in pieces", async () => {
    const reply = bytes(len(1, len(2, "t")), len(1, len(3, "x")));
    expect((await run("Selected", { "Shop/Get": reply })).response).toEqual({ title: "t", tags: ["x"] });
    expect((await run("Selected", { "Shop/Get": {} })).response).toEqual({});
  });
});

describe("what an upstream sends", () => {
  it("that is unknown is dropped, at every depth", async () => {
    const noise = [...len(99, "x"), ...group(98, int(1, 1)), ...int(536_870_911, 5)];
    const content = [
      ...noise,
      ...len(1, "i"),
      ...noise,
      ...len(10, [...noise, ...len(2, "t")]),
      ...len(11, [...noise, ...len(1, "k")]),
    ];
    const { bytes: written } = await run("List", {
      "Shop/List": bytes(noise, len(1, content)),
      "Levels_/BatchGetLevels": {},
    });
    expect([...written!]).toEqual(len(1, [...len(1, "i"), ...int(2, 1), ...len(11, "t")]));
  });

  it.each<[string, number[]]>([
    ["field number 0", [0, 0]],
    ["wire type 7", [0x0f]],
    ["a stray end of a group", tag(9, 4)],
    ["a length past the end", [...tag(1, 2), 50, 1]],
    ["a varint over 10 bytes", [...tag(2, 0), ...Array(10).fill(0x80), 0]],
    ["text that is not UTF-8", len(1, [0xff])],
    ["packed values that are cut off", len(4, [0x80])],
    ["nesting over 100", Array(150).fill(0x4b)],
  ])("that is malformed, by %s, is INTERNAL, and the cause says by whom", async (_, content) => {
    for (const reply of [bytes(len(1, content)), bytes(len(1, len(1, "fine")), len(1, content))]) {
      const { error } = await run("List", { "Shop/List": reply, "Levels_/BatchGetLevels": {} });
      expect(error).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
      expect(error!.cause).toBeInstanceOf(WireError);
      expect((error!.cause as WireError).origin).toBe("/in.Shop/List");
    }
    const { error } = await run("List", {
      "Shop/List": bytes(len(1, len(6, "k"))),
      "Levels_/BatchGetLevels": bytes(len(1, [...len(3, "k"), ...tag(1, 0)]), [0, 0]),
    });
    expect((error!.cause as WireError).origin).toBe("/in.Levels_/BatchGetLevels");
  });
});

it("a name means what it means in its method: translators of the same types are not mixed up", async () => {
  const answers = { "Shop/GetOther": { name: "n", thing: { id: "i", word: "w" } } };
  expect((await run("Shadow", answers)).response).toEqual({ thing: { id: "i", word: "n" } });
  expect((await run("Plain", answers)).response).toEqual({ thing: { id: "i", word: "w" } });
});
