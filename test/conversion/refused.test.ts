import { Code } from "@portico/runtime";
import { describe, expect, it } from "vitest";
import { gateway } from "../support/gateway.js";

const schema = gateway(
  `
  import "google/protobuf/field_mask.proto";
  service Books { rpc UpdateBook(UpdateBookRequest) returns (Book); rpc GetBook(GetBookRequest) returns (Book); }
  message UpdateBookRequest { Book book = 1; google.protobuf.FieldMask mask = 2; }
  service Notes { rpc BatchGetNotes(BatchGetNotesRequest) returns (Notes_); }
  message BatchGetNotesRequest {
    repeated string ids = 1;
    Book book = 2;
    google.protobuf.FieldMask mask = 3;
    InnerState state = 4;
  }
  message Note { string id = 1; string text = 2; }
  message Notes_ { repeated Note notes = 1; }
  message GetBookRequest { string inside = 1; InnerState inner_state = 2; }
  message Book { string inner_title = 1; InnerState inner_state = 2; }
  enum InnerState { INNER_STATE_UNSPECIFIED = 0; INNER_STATE_OPEN = 1; }
  `,
  `
  import "google/protobuf/field_mask.proto";
  service Api {
    option (portico.v1.service) = {from: "in.Books" allow: {public: true}};
    rpc UpdateBook(UpdateBookRequest) returns (Book);
    rpc GetBook(GetBookRequest) returns (Book);
    rpc Both(UpdateBookRequest) returns (Book) {
      option (portico.v1.method) = {
        call: {method: "GetBook" set: "inner_state = request.book.state"}
        call: {name: "update" method: "UpdateBook" effect: READ set: "book = request.book"}
      };
    }
  }
  service Noted {
    option (portico.v1.service) = {from: "in.Books" allow: {public: true}};
    rpc GetBook(NotedRequest) returns (NotedBook);
  }
  message NotedRequest {
    Book book = 1;
    google.protobuf.FieldMask update_mask = 2;
    State lent = 3;
  }
  message NotedBook {
    option (portico.v1.message).join = {
      name: "note" method: "in.Notes/BatchGetNotes" key: "inner_title -> ids = notes.id"
      set: "book = request.book" set: "mask = request.update_mask" set: "state = request.lent"
    };
    string note = 1 [(portico.v1.field).from = "note.text"];
  }
  message UpdateBookRequest {
    Book book = 1;
    google.protobuf.FieldMask update_mask = 2 [(portico.v1.field).to = "mask"];
  }
  message GetBookRequest { State state = 1 [(portico.v1.field).to = "inner_state"]; }
  message Book {
    string title = 1 [(portico.v1.field).from = "inner_title"];
    State state = 2 [(portico.v1.field).from = "inner_state"];
  }
  enum State { STATE_UNSPECIFIED = 0; STATE_OPEN = 1; STATE_LOST = 2; }
  `,
);
const answers = { "in.Books/UpdateBook": () => ({}), "in.Books/GetBook": () => ({}) };

const bytes = (tag: number, content: number[]) => [tag, content.length, ...content];
const text = (value: string) => [...Buffer.from(value)];
const updateOf = (...paths: string[]) =>
  Uint8Array.from(
    bytes(
      18,
      paths.flatMap((path) => bytes(10, text(path))),
    ),
  );

async function refusal(method: string, request: Uint8Array) {
  const { error, upstream } = await (await schema).run(answers, { method: `pub.${method}`, request });
  expect(upstream.calls).toEqual([]);
  expect(error?.code).toBe(Code.INVALID_ARGUMENT);
  return error?.message;
}

describe.each(["UpdateBook", "Both"])("what %s refuses of a client is named", (method) => {
  it.each([
    ["titel", 'update_mask: unknown path "titel"'],
    ["state.x", 'update_mask: unknown path "state.x"'],
    // The name of another side is as unknown as any.
    ["inner_title", 'update_mask: unknown path "inner_title"'],
    // What cannot be a path is not repeated.
    ['a"b\n', "update_mask: unknown path"],
    ["a\u0000", "update_mask: unknown path"],
    ["x".repeat(101), "update_mask: unknown path"],
    ["", "update_mask: unknown path"],
  ])("the path %j", async (path, message) => {
    expect(await refusal(`Api/${method}`, updateOf("title", path))).toBe(message);
  });

  it.each([2, 77])("the value %i of an enum", async (value) => {
    const request = Uint8Array.from(bytes(10, [16, value]));
    expect(await refusal(`Api/${method}`, request)).toBe(`${value} is no value of pub.State that is taken`);
  });
});

it("a path that only a join is asked with is refused before the call that it waits for", async () => {
  expect(await refusal("Noted/GetBook", updateOf("title", "titel"))).toBe(
    'update_mask: unknown path "titel"',
  );
  const { run } = await schema;
  const more = { ...answers, "in.Notes/BatchGetNotes": () => ({ notes: [{ id: "t", text: "good" }] }) };
  const { response, asked } = await run(
    { ...more, "in.Books/GetBook": () => ({ innerTitle: "t" }) },
    { method: "pub.Noted/GetBook", request: updateOf("title") },
  );
  expect(response).toEqual({ note: "good" });
  expect(asked("in.Notes/BatchGetNotes")).toEqual([{ ids: ["t"], mask: "innerTitle" }]);
});

it("a value that only a join is asked with is refused before the call that it waits for", async () => {
  expect(await refusal("Noted/GetBook", Uint8Array.from([24, 77]))).toBe(
    "77 is no value of pub.State that is taken",
  );
});

it("says no more of malformed bytes than it did", async () => {
  expect(await refusal("Api/UpdateBook", Uint8Array.from([10, 9, 1]))).toBe("malformed request");
});

it("says nothing of what an upstream answers", async () => {
  const { run } = await schema;
  const { error, response } = await run(
    { ...answers, "in.Books/GetBook": () => Uint8Array.from([16, 77]) },
    {
      method: "pub.Api/GetBook",
    },
  );
  expect(error).toBeUndefined();
  expect(response).toEqual({});
});
