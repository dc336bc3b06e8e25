import { Code, type GatewayApi } from "@portico/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { group, int, len, tag, varint } from "../../runtime/src/wire/bytes.test.support.js";
import { type Compiled, compile, load } from "../support/compile.js";
import { encode, FakeUpstream, invoke } from "../support/invoke.js";

const sources = {
  "google/api/field_behavior.proto": `syntax = "proto3"; package google.api;
    import "google/protobuf/descriptor.proto";
    extend google.protobuf.FieldOptions { repeated FieldBehavior field_behavior = 1052 [packed = false]; }
    enum FieldBehavior { FIELD_BEHAVIOR_UNSPECIFIED = 0; OPTIONAL = 1; REQUIRED = 2; OUTPUT_ONLY = 3; }`,
  "internal.proto": `syntax = "proto3"; package in;
    import "google/protobuf/field_mask.proto";
    import "google/protobuf/any.proto";
    service Books {
      rpc UpdateBook(UpdateBookRequest) returns (Book);
      rpc ListBooks(ListBooksRequest) returns (ListBooksResponse);
      rpc GetBook(GetBookRequest) returns (Book);
      rpc SendBook(SendBookRequest) returns (Nothing);
      rpc Ping(Nothing) returns (Nothing);
      rpc Tag(TagRequest) returns (Nothing);
    }
    message TagRequest { Tiny tiny = 1; }
    message Tiny { string label = 1; }
    message Nothing {}
    message UpdateBookRequest { Book book = 1; google.protobuf.FieldMask update_mask = 2; string owner = 3; }
    message Book {
      string id = 1;
      string title = 2;
      string etag = 3;
      string secret = 4;
      Author author = 5;
      Shelf shelf = 6;
      repeated string labels = 7;
      Book sequel = 8;
      Author owner = 9;
    }
    message Author { string name = 1; string salary = 2; }
    message Shelf { string room = 1; int32 number = 2; }
    message ListBooksRequest { Filter filter = 1; string parent = 2; }
    message Filter { repeated string ids = 1; Who who = 2; string text = 3; State state = 4; }
    message Who { string id = 1; repeated string groups = 2; int32 age = 3; }
    message ListBooksResponse { repeated Book books = 1; }
    message GetBookRequest { string id = 1; }
    message SendBookRequest {
      google.protobuf.Any what = 1;
      oneof to { string email = 2; int32 number = 5; }
      string subject = 3;
    }
    enum State { STATE_NONE = 0; STATE_ON = 1; }`,
  "public.proto": `syntax = "proto3"; package pub;
    import "portico/v1/options.proto";
    import "google/api/field_behavior.proto";
    import "google/protobuf/field_mask.proto";
    import "google/protobuf/any.proto";
    service Books {
      option (portico.v1.service) = { from: "in.Books" allow: {public: true} };
      rpc UpdateBook(UpdateBookRequest) returns (Book);
      rpc ListBooks(ListBooksRequest) returns (ListBooksResponse) {
        option (portico.v1.method) = {
          call: {method: "ListBooks" set: "filter.ids = viewer.labels" set: "filter.who.id = viewer.etag"}
          call: {name: "viewer" method: "GetBook" set: "id = request.parent"}
        };
      }
      rpc Echo(EchoRequest) returns (EchoResponse) {
        option (portico.v1.method).call = {method: "Ping"};
      }
      rpc SendBook(SendBookRequest) returns (Nothing);
      rpc Ping(Nothing) returns (Nothing);
      rpc TagOther(TagRequest) returns (Tagged) {
        option (portico.v1.method) = {
          call: {method: "Tag"}
          call: {name: "label" method: "GetBook"}
        };
      }
      rpc Tag(TagRequest) returns (Nothing);
    }
    message TagRequest { Tiny tiny = 1; }
    message Tiny { string label = 1; }
    message Tagged { string title = 1 [(portico.v1.field).from = "label.title"]; }
    message Nothing {}
    message EchoRequest { string text = 1; Filter filter = 2; }
    message EchoResponse {
      string text = 1 [(portico.v1.field).from = "request.text"];
      Filter filter = 2 [(portico.v1.field).unset = true];
      string state = 3 [(portico.v1.field).from = "request.filter.text"];
    }
    message UpdateBookRequest { Book book = 4; google.protobuf.FieldMask update_mask = 5; }
    message Book {
      option (portico.v1.message).join = {name: "friend" method: "in.Books/GetBook" key: "id -> id" max_keys: 10};
      string id = 1;
      string name = 12 [(portico.v1.field).from = "title"];
      string etag = 13 [(google.api.field_behavior) = OUTPUT_ONLY];
      string version = 14 [(portico.v1.field) = {from: "etag" output_only: true}];
      string friend = 15 [(portico.v1.field).from = "friend.title"];
      Author author = 16;
      Shelf shelf = 17;
      repeated string labels = 18;
      Book sequel = 19;
      string owner_name = 20 [(portico.v1.field).from = "owner.name"];
    }
    message Author { string name = 1; }
    message Shelf { int32 number = 1; string room = 2; }
    message ListBooksRequest { Filter filter = 1; string parent = 2; }
    message Filter { repeated string ids = 11; Who who = 12; string text = 13; State state = 14; }
    message Who { string id = 11; repeated string groups = 12; int32 age = 13; }
    message ListBooksResponse { repeated Book books = 1; }
    message SendBookRequest {
      google.protobuf.Any what = 1 [(portico.v1.field).any = "pub.Author"];
      string a = 2 [(portico.v1.field).to = "email"];
      string subject = 3;
      int32 b = 4 [(portico.v1.field).to = "number"];
    }
    enum State { STATE_NONE = 0; STATE_ON = 1; STATE_LOUD = 2; }`,
};
// The types that an Any may hold say what they are made from.
sources["public.proto"] = sources["public.proto"].replace(
  "message Author { string name = 1; }",
  'message Author { option (portico.v1.message).source = "in.Author"; string name = 1; }',
);

let compiled: Compiled;
let api: GatewayApi;
beforeAll(async () => {
  compiled = compile(sources);
  api = await load(compiled);
});

const run = async (method: string, request: Parameters<typeof invoke>[3] | number[]) => {
  const upstream = new FakeUpstream(compiled.registry, {
    "in.Books/UpdateBook": () => ({}),
    "in.Books/GetBook": () => ({ labels: ["mine"], etag: "" }),
    "in.Books/ListBooks": () => ({}),
    "in.Books/SendBook": () => ({}),
    "in.Books/Ping": () => ({}),
    "in.Books/Tag": () => ({}),
  });
  const raw = Array.isArray(request) && (request.length === 0 || typeof request[0] === "number");
  const bytes = raw ? Uint8Array.from(request as number[]) : (request as Uint8Array);
  const result = await invoke(api, upstream, `pub.Books/${method}`, bytes);
  const asked = Object.fromEntries(upstream.calls.map((call) => [call.method.split("/")[1], call]));
  return { ...result, asked };
};

describe("a client writes only what is public and not fed by something else", () => {
  it("unknown fields, nested ones and those of hidden names, go nowhere", async () => {
    const book = [
      ...len(1, "i"), ...len(12, "title"),
      // What only the internal message has, under its internal numbers; and what nobody has.
      ...len(4, "secret"), ...len(3, "etag"), ...len(9, len(2, "1000")), ...group(77, int(1, 1)), ...int(536_870_911, 1),
      ...len(16, [...len(1, "author"), ...len(2, "1000")]),
    ]; // biome-ignore format: one thing a line
    const { asked, error } = await run("UpdateBook", [
      ...len(4, book),
      ...len(3, "owner"),
      ...len(1, len(4, "x")),
    ]);
    expect(error).toBeUndefined();
    expect([...asked.UpdateBook!.bytes]).toEqual(
      len(1, [...len(1, "i"), ...len(2, "title"), ...len(5, len(1, "author"))]),
    );
  });

  it.each([
    ["google.api OUTPUT_ONLY", 13],
    ["output_only", 14],
    ["joined", 15],
  ])("fields that are %s are not read", async (_, field) => {
    const { asked } = await run(
      "UpdateBook",
      len(4, [...len(1, "i"), ...len(field, "mine"), ...len(19, len(field, "x"))]),
    );
    expect([...asked.UpdateBook!.bytes]).toEqual(len(1, [...len(1, "i"), ...len(8, [])]));
  });

  it("what is set is not the client's, whether it has a value or not", async () => {
    const who = [...len(11, "someone"), ...len(12, "g"), ...int(13, 7)];
    const filter = [...len(11, "stolen"), ...len(12, who), ...len(13, "t")];
    const { asked } = await run("ListBooks", [...len(1, filter), ...len(2, "p")]);
    expect(asked.ListBooks!.request).toEqual({
      filter: { ids: ["mine"], who: { groups: ["g"], age: 7 }, text: "t" },
      parent: "p",
    });
  });
});

describe("a mask", () => {
  const mask = (...paths: string[]) => [
    ...len(4, len(1, "i")),
    ...len(
      5,
      paths.flatMap((path) => len(1, path)),
    ),
  ];

  it.each<[string, string[]]>([
    ["name", ["title"]],
    ["labels", ["labels"]],
    ["shelf", ["shelf"]],
    ["shelf.room", ["shelf.room"]],
    // Only a part of an author is public: the rest is not the client's to clear.
    ["author", ["author.name"]],
    ["author.name", ["author.name"]],
    ["owner_name", ["owner.name"]],
  ])("path %s is %j", async (path, expected) => {
    const { asked } = await run("UpdateBook", mask(path));
    expect((asked.UpdateBook!.request as { updateMask: string }).updateMask).toBe(camelPaths(expected));
  });

  it("`*` is what is mapped, and no more", async () => {
    const { asked } = await run("UpdateBook", mask("*"));
    const paths = (asked.UpdateBook!.request as { updateMask: string }).updateMask.split(",");
    expect(paths).toEqual(
      expect.arrayContaining(["id", "title", "author.name", "shelf", "labels", "owner.name"]),
    );
    for (const hidden of ["secret", "etag", "author", "owner", "sequel", "author.salary"])
      expect(paths).not.toContain(hidden);
  });

  it.each([
    "title",
    "secret",
    "etag",
    "version",
    "friend",
    "author.salary",
    "owner",
    "labels.0",
    "",
    "shelf.",
    "name,id",
  ])("path %j is INVALID_ARGUMENT, and nothing is called", async (path) => {
    const { asked, error } = await run("UpdateBook", mask("name", path));
    expect(error?.code).toBe(Code.INVALID_ARGUMENT);
    expect(asked).toEqual({});
  });
});

describe("an Any", () => {
  it("of a listed type is translated", async () => {
    const any = [...len(1, "type.googleapis.com/pub.Author"), ...len(2, [...len(1, "n"), ...len(2, "1000")])];
    const { asked } = await run("SendBook", len(1, any));
    expect(asked.SendBook!.request).toEqual({
      what: { "@type": "type.googleapis.com/in.Author", name: "n" },
    });
  });

  it.each(["type.googleapis.com/in.Author", "type.googleapis.com/pub.Book", "pub.Author"])(
    "of %s is INVALID_ARGUMENT",
    async (url) => {
      const { asked, error } = await run("SendBook", len(1, [...len(1, url), ...len(2, [])]));
      expect(error?.code).toBe(Code.INVALID_ARGUMENT);
      expect(asked).toEqual({});
    },
  );
});

it("a field that one method's call has the name of is still another method's to set", async () => {
  const request = len(1, len(1, "mine"));
  expect((await run("TagOther", request)).asked.Tag!.request).toEqual({ tiny: {} });
  expect((await run("Tag", request)).asked.Tag!.request).toEqual({ tiny: { label: "mine" } });
});

it("a oneof that is fed from several places gets the first that is there", async () => {
  const both = await run("SendBook", [...int(4, 5), ...len(2, "e"), ...len(3, "s")]);
  expect(both.asked.SendBook!.request).toEqual({ email: "e", subject: "s" });
  const second = await run("SendBook", int(4, 5));
  expect(second.asked.SendBook!.request).toEqual({ number: 5 });
});

const malformed: Array<[string, number[]]> = [
  ["field number 0", [0, 0]],
  ["wire type 6", [0x0e]],
  ["wire type 7", [0x0f]],
  ["a stray end of a group", tag(9, 4)],
  ["a group that does not end", tag(9, 3)],
  ["a varint over 10 bytes", [...tag(9, 0), ...Array(10).fill(0x80), 0]],
  ["a length past the end", [...tag(9, 2), 5, 1]],
  ["a length over 2 GiB", [...tag(9, 2), ...varint(2n ** 31n)]],
  ["a fixed32 that is cut off", [...tag(9, 5), 1]],
  ["a fixed64 that is cut off", [...tag(9, 1), 1]],
  ["nesting over 100", Array(150).fill(0x4b)],
];
const nested: Array<[method: string, frame: (bytes: number[]) => number[]]> = [
  ["UpdateBook", (bytes) => len(4, len(19, bytes))],
  ["UpdateBook", (bytes) => len(4, [...len(19, []), ...len(19, bytes)])],
  ["ListBooks", (bytes) => len(1, len(12, bytes))],
  ["Echo", (bytes) => len(2, len(12, bytes))],
];

describe.each(malformed)("a request with %s", (_, bytes) => {
  it.each(["UpdateBook", "ListBooks", "Echo", "SendBook", "Ping"])(
    "to %s: INVALID_ARGUMENT, nothing is called",
    async (method) => {
      const { asked, error } = await run(method, bytes);
      expect(error?.code).toBe(Code.INVALID_ARGUMENT);
      expect(asked).toEqual({});
    },
  );

  it("further in: the same", async () => {
    for (const [method, frame] of nested) {
      const { asked, error } = await run(method, frame(bytes));
      expect(error?.code, method).toBe(Code.INVALID_ARGUMENT);
      expect(asked).toEqual({});
    }
  });
});

it.each([
  ["UpdateBook", len(4, len(12, [0xff]))],
  ["UpdateBook", len(4, len(18, [0xed, 0xa0, 0x80]))],
  ["ListBooks", len(1, len(13, [0xc0, 0x80]))],
  ["ListBooks", len(1, len(12, len(11, [0xff])))],
  ["Echo", len(1, [0xff])],
  ["SendBook", len(2, [0xff])],
])("text that is not UTF-8 in %s is INVALID_ARGUMENT, nothing is called", async (method, bytes) => {
  const { asked, error } = await run(method, bytes);
  expect(error?.code).toBe(Code.INVALID_ARGUMENT);
  expect(asked).toEqual({});
});

it.each([
  ["unknown", 77],
  ["without a twin", 2],
])(
  "an enum value that is %s is INVALID_ARGUMENT, and nothing is called, also before another call",
  async (_, number) => {
    const { asked, error } = await run("ListBooks", len(1, int(14, number)));
    expect(error?.code).toBe(Code.INVALID_ARGUMENT);
    expect(asked).toEqual({});
  },
);

it("a message in 100,000 pieces costs what its bytes cost", async () => {
  const bytes = Uint8Array.from(
    Array(100_000)
      .fill(len(4, len(16, len(1, "n"))))
      .flat(),
  );
  const started = performance.now();
  const { asked, error } = await run("UpdateBook", bytes);
  expect(error).toBeUndefined();
  expect([...asked.UpdateBook!.bytes]).toEqual(len(1, len(5, len(1, "n"))));
  expect(performance.now() - started).toBeLessThan(5_000);
});

it("what is well-formed is taken", () => {
  expect(encode(compiled.registry, "pub.Who", { id: "x" })).toEqual(Uint8Array.from(len(11, "x")));
});

function camelPaths(paths: string[]): string {
  return paths.map((path) => path.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase())).join(",");
}
