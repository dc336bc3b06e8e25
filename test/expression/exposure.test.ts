import { expect, it } from "vitest";
import { compile } from "../support/compile.js";
import { sourcesOf } from "../support/gateway.js";

const from = (cel: string) => `[(portico.v1.field).from = ${JSON.stringify(cel)}]`;

it("lists what computed messages are made from, what chooses them, and what requests set by expressions", () => {
  const { error, files } = compile(
    sourcesOf(
      `
      service Docs { rpc Get(GetRequest) returns (Doc); }
      message GetRequest { Filter filter = 1; }
      message Filter { string owner = 1; }
      message User { string id = 1; int32 rank = 2; }
      message Doc { bool is_open = 1; User owner = 2; User editor = 3; repeated User readers = 4; string note = 5; }
      `,
      `
      service Api {
        option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
        rpc Get(GetRequest) returns (Doc) {
          option (portico.v1.method).call = {method: "Get" set: "filter = request.other ? request.b : request.a"};
        }
      }
      message GetRequest { bool other = 1; Filter a = 2; Filter b = 3; }
      message Filter { string owner = 1; }
      message Doc {
        User one = 1 ${from("is_open ? owner : editor")};
        repeated Reader readers = 2 ${from("readers.sort_by(r, r.rank)")};
        string note = 3 [(portico.v1.field).when = "is_open"];
      }
      message User { string id = 1; }
      message Reader { string id = 1; }
      `,
    ),
  );
  expect(error).toBeUndefined();
  const { readable, writable } = JSON.parse(files.get("exposure.json")!) as Record<
    string,
    Array<{ internal: string; public: string }>
  >;
  const list = (entries: typeof readable) => entries!.map((entry) => `${entry.public} <- ${entry.internal}`);
  expect(list(readable)).toEqual([
    "pub.Doc.one <- in.Doc.editor",
    "pub.Doc.note <- in.Doc.is_open",
    "pub.Doc.one <- in.Doc.is_open",
    "pub.Doc.note <- in.Doc.note",
    "pub.Doc.one <- in.Doc.owner",
    "pub.Doc.readers <- in.Doc.readers",
    "pub.Reader.id <- in.User.id",
    "pub.User.id <- in.User.id",
    "pub.Doc.readers <- in.User.rank",
  ]);
  expect(list(writable)).toEqual([
    "pub.Filter.owner <- in.Filter.owner",
    "pub.GetRequest.a <- in.GetRequest.filter",
    "pub.GetRequest.b <- in.GetRequest.filter",
    "pub.GetRequest.other <- in.GetRequest.filter",
  ]);
});

it("lists what decides whether a call is made by the fields that are made from it", () => {
  const { error, files } = compile(
    sourcesOf(
      `
      service Docs { rpc Get(GetRequest) returns (Doc); rpc GetUser(GetRequest) returns (User); }
      message GetRequest { string id = 1; }
      message User { string email = 1; }
      message Doc { string id = 1; int32 margin = 2; }
      `,
      `
      service Api {
        option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
        rpc Get(GetRequest) returns (Doc) {
          option (portico.v1.method) = {
            call: {name: "doc" method: "Get" set: "id = request.id"}
            call: {name: "me" method: "GetUser" set: "id = 'me'" when: "doc.margin > 5"}
          };
        }
      }
      message GetRequest { string id = 1; }
      message Doc {
        string id = 1 ${from("doc.id")};
        string email = 2 ${from("me.email")};
        User me = 3 ${from("me")};
      }
      message User { string email = 1; }
      `,
    ),
  );
  expect(error).toBeUndefined();
  const { readable } = JSON.parse(files.get("exposure.json")!) as {
    readable: Array<{ internal: string; public: string }>;
  };
  expect(
    readable.filter(({ internal }) => internal === "in.Doc.margin").map((entry) => entry.public),
  ).toEqual(["pub.Doc.email", "pub.Doc.me"]);
});
