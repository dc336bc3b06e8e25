import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compile, load } from "../support/compile.js";
import { FakeUpstream, invoke } from "../support/invoke.js";
import { ScaffoldWorkspace } from "./workspace.js";

const RICH = `syntax = "proto3";
package acme.rich.v1;
import "acme/legacy/v1/legacy.proto";
import "google/protobuf/any.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "portico/v1/options.proto";

// Kept secret, as comments are.
service Things {
  rpc GetThing(GetThingRequest) returns (Thing);
  rpc ListThings(Query) returns (ThingPage);
  rpc UpdateThing(UpdateThingRequest) returns (Thing) { option idempotency_level = IDEMPOTENT; }
  rpc deleteThing(GetThingRequest) returns (google.protobuf.Empty);
  rpc WatchThings(google.protobuf.Empty) returns (stream Thing);
  rpc Feed(stream Thing) returns (stream Thing);
  rpc OldThing(acme.legacy.v1.OldRequest) returns (acme.legacy.v1.OldReply);
}

message GetThingRequest { string id = 1; }
message Query { string text = 1; repeated Kind kinds = 2; google.protobuf.FieldMask readMask = 3; }
message ThingPage { repeated Thing things = 1; string next = 2; }
message UpdateThingRequest { Thing thing = 1; google.protobuf.FieldMask update_mask = 2; }
enum Kind { UNKNOWN = 0; KIND_LARGE = 1; small = 2; }

// A thing that clients may see.
message Thing {
  string id = 1; // Its name.
  string passwordHash = 2 [(portico.v1.field).internal = true];
  string card = 3 [debug_redact = true];
  Kind kind = 4;
  map<string, Thing> parts = 5;
  repeated Thing children = 6;
  Thing parent = 7;
  oneof shape { Circle circle = 8; string otherShape = 9; }
  message Circle { double radius = 1; Unit unit = 2; message Thing { bool odd = 1; } Thing odd = 3; }
  enum Unit { NONE = 0; METRE = 1; }
  optional int32 weightGrams = 10;
  google.protobuf.Timestamp made_at = 11;
  google.protobuf.StringValue nick = 12;
  google.protobuf.Struct extra = 13;
  google.protobuf.Any payload = 14;
  repeated google.protobuf.Any details = 15;
  google.protobuf.FieldMask fields = 16;
  acme.legacy.v1.Thing legacy = 18;
  bytes source = 19;
  string requestText = 20 [deprecated = true];
  map<int64, Unit> units = 21;
  Unit only = 22;
}
message Secrets { string a = 1 [debug_redact = true]; }
`;

const LEGACY = `syntax = "proto2";
package acme.legacy.v1;
enum Kind {
  option allow_alias = true;
  ONE = 1;
  TWO = 2;
  DEUX = 2;
}
message Thing {
  required string name = 1;
  optional int32 count = 2 [default = 7];
  optional int32 plain = 3;
  repeated group Line = 4 { optional string text = 1; }
  optional Kind kind = 5;
  extensions 100 to 200;
}
message OldRequest { required Kind kind = 1; optional Thing thing = 2; }
message OldReply { optional Thing thing = 1; repeated Kind kinds = 2; }
`;

const EDITION = `edition = "2023";
package acme.edition;
message Sample {
  int32 implicit = 1 [features.field_presence = IMPLICIT];
  string explicit = 2;
  Sample inner = 3 [features.message_encoding = DELIMITED];
  Mode mode = 4;
}
enum Mode { option features.enum_type = CLOSED; FAST = 5; SLOW = 6; }
service Samples { rpc GetSample(Sample) returns (Sample); }
`;

const FILES = {
  "acme/rich/v1/rich.proto": RICH,
  "acme/legacy/v1/legacy.proto": LEGACY,
  "acme/edition/edition.proto": EDITION,
};
const workspace = new ScaffoldWorkspace(FILES);
afterAll(() => workspace.dispose());

const things = await workspace.into("acme/api/rich/v1/rich.proto", "acme.rich.v1.Things");
const samples = await workspace.into("acme/api/edition/v1/edition.proto", "acme.edition.Samples");

test("a service, its requests and responses, and all that they use", async () => {
  expect(things.code).toBe(0);
  await expect(things.out).toMatchFileSnapshot("things.proto.txt");
});

test("what is left out is said, and why", () => {
  expect(things.err).toMatch(/Thing\.card: marked internal/);
  expect(things.err).toMatch(/Thing\.payload: an Any: list the types/);
  expect(things.err).toMatch(/Query\.readMask: a FieldMask/);
  // Nobody who reads the public file needs to know of these.
  expect(things.out).not.toMatch(/card|password/i);
  expect(samples.err).toBe("");
});

test("it is formatted, and buf lint has nothing to say", () => {
  expect(workspace.buf("format", "-d", "public")).toBe("");
  expect(() => workspace.buf("lint")).not.toThrow();
});

const publicFiles = {
  "acme/api/rich/v1/rich.proto": things.out,
  "acme/api/edition/v1/edition.proto": samples.out,
};

test("it builds, and is served", async () => {
  const compiled = compile({ ...FILES, ...publicFiles });
  expect(compiled.error).toBeUndefined();
  const api = await load(compiled);
  const thing = {
    id: "t1",
    passwordHash: "x",
    card: "y",
    kind: "small",
    otherShape: "blob",
    weightGrams: 0,
    nick: "n",
    extra: { a: [1, "b"] },
    children: [{ id: "t2", circle: { radius: 2, unit: "METRE", odd: { odd: true } } }],
    parts: { p: { id: "t3", legacy: { name: "old", kind: "TWO", line: [{ text: "l" }] } } },
    source: "AA==",
    units: { "5": "METRE" },
  };
  const upstream = new FakeUpstream(compiled.registry, {
    "acme.rich.v1.Things/GetThing": () => thing,
    "acme.rich.v1.Things/UpdateThing": (request) => (request as { thing: typeof thing }).thing,
    "acme.rich.v1.Things/OldThing": () => ({ thing: { name: "n" }, kinds: ["ONE", "TWO"] }),
    "acme.edition.Samples/GetSample": (request) => request,
  });
  const got = await invoke(api, upstream, "acme.api.rich.v1.ThingsService/GetThing", { id: "t1" });
  const expected = {
    id: "t1",
    kind: "KIND_SMALL",
    otherShape: "blob",
    weightGrams: 0,
    nick: "n",
    extra: { a: [1, "b"] },
    children: [{ id: "t2", circle: { radius: 2, unit: "UNIT_METRE", odd: { odd: true } } }],
    parts: {
      p: { id: "t3", legacy: { name: "old", count: 7, kind: "LEGACY_KIND_TWO", line: [{ text: "l" }] } },
    },
    source: "AA==",
    units: { "5": "UNIT_METRE" },
  };
  expect(got.response).toEqual({ thing: expected });
  const update = { thing: { id: "t9", weightGrams: 5, kind: "KIND_LARGE" }, updateMask: "kind,legacy.count" };
  const updated = await invoke(api, upstream, "acme.api.rich.v1.ThingsService/UpdateThing", update);
  expect(updated.response).toEqual({ thing: update.thing });
  expect(upstream.calls.at(-1)!.request).toMatchObject({ updateMask: "kind,legacy.count" });
  const old = await invoke(api, upstream, "acme.api.rich.v1.ThingsService/OldThing", {
    kind: "LEGACY_KIND_TWO",
  });
  expect(old.response).toEqual({
    thing: { name: "n", count: 7 },
    kinds: ["LEGACY_KIND_ONE", "LEGACY_KIND_TWO"],
  });
  const sample = { implicit: 3, explicit: "", mode: "MODE_SLOW", inner: { explicit: "e" } };
  const answer = await invoke(api, upstream, "acme.api.edition.v1.SamplesService/GetSample", sample);
  expect(answer.response).toEqual({ sample });
});

test("one method, one message, one enum", async () => {
  const method = await workspace.scaffold("acme.rich.v1.Things/ListThings", "--package", "shop.v2");
  expect(method.out).toMatch(/^package shop\.v2;$/m);
  expect(method.out).toMatch(/rpc ListThings\(ListThingsRequest\) returns \(ListThingsResponse\);/);
  expect(method.out).not.toContain("rpc GetThing");
  const dotted = await workspace.scaffold("acme.rich.v1.Things.ListThings", "--package", "shop.v2");
  expect(dotted.out).toBe(method.out);
  const message = await workspace.scaffold("acme.legacy.v1.Thing");
  expect(message.out).toBe(`syntax = "proto3";

package acme.api.legacy.v1;

message Thing {
  message Line {
    optional string text = 1;
  }

  string name = 1;
  int32 count = 2;
  optional int32 plain = 3;
  repeated Line line = 4;
  optional Kind kind = 5;
}

enum Kind {
  // buf:lint:ignore ENUM_ZERO_VALUE_SUFFIX
  KIND_ONE = 0;
  KIND_TWO = 2;
}
`);
  const type = await workspace.scaffold("acme.edition.Mode");
  expect(type.out).toContain("MODE_FAST = 0;\n  MODE_SLOW = 6;");
  const secrets = await workspace.scaffold("acme.rich.v1.Secrets");
  expect(secrets.out).toContain("message Secrets {}");
});

test("comments are kept only on request", async () => {
  expect(things.out).not.toMatch(/secret|Its name/);
  const commented = await workspace.scaffold("acme.rich.v1.Things", "--comments");
  expect(commented.out).toMatch(/^\/\/ Kept secret, as comments are\.\nservice ThingsService/m);
  expect(commented.out).toContain("  string id = 1; // Its name.\n");
});

test("a file is written where its package says, and none is written over", async () => {
  const out = join(workspace.folder, "elsewhere");
  const path = join(out, "acme/api/legacy/v1/legacy.proto");
  expect((await workspace.scaffold("acme.legacy.v1.Kind", "--out", out)).code).toBe(0);
  expect(existsSync(path)).toBe(true);
  const again = await workspace.scaffold("acme.legacy.v1.Thing", "--out", out);
  expect(again.code).toBe(2);
  expect(again.err).toMatch(/exists; with --force it is written over/);
  expect(readFileSync(path, "utf8")).not.toContain("message");
  expect((await workspace.scaffold("acme.legacy.v1.Thing", "--out", out, "--force")).code).toBe(0);
  expect(readFileSync(path, "utf8")).toContain("message");
});

test("what is wrong is said", async () => {
  const unknown = await workspace.scaffold("acme.rich.v1.Thigs");
  expect([unknown.code, unknown.out]).toEqual([2, ""]);
  expect(unknown.err).toMatch(
    /no message, enum, service or method "acme\.rich\.v1\.Thigs".*did you mean "acme\.rich\.v1\.Things?"/,
  );
  expect((await workspace.scaffold()).err).toMatch(/name an internal message/);
  expect((await workspace.scaffold("acme.rich.v1.Thing", "--package", "a-b")).err).toMatch(/is no package/);
});
