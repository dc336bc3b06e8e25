import { describe, expect, it } from "vitest";
import { type Answers, gateway } from "../support/gateway.js";

const internal = `
  import "google/protobuf/any.proto";
  service Docs { rpc Get(Empty) returns (Docs_); }
  message Empty {}
  message Doc {
    string user_id = 1; Note note = 2; repeated Note notes = 3;
    google.protobuf.Any any = 4; repeated google.protobuf.Any anys = 5; map<string, google.protobuf.Any> by_name = 6;
    Doc next = 7;
  }
  message Note { string user_id = 1; string text = 2; }
  message Docs_ { repeated Doc docs = 1; }
  service Users { rpc BatchGetUsers(BatchGet) returns (Users_); }
  message BatchGet { repeated string ids = 1; }
  message User { string id = 1; string email = 2; string friend_id = 3; google.protobuf.Any card = 4; Note note = 5; }
  message Users_ { repeated User users = 1; }
`;
const service = `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
  }
  message GetRequest {}
  message GetResponse { repeated Doc docs = 1; }
  message User {
    option (portico.v1.message).load = { method: "in.Users/BatchGetUsers" key: "ids = users.id" };
    string id = 1;
  }
  message Note {
    option (portico.v1.message).source = "in.Note";
    string text = 1;
    User user = 2 [(portico.v1.field).key = "user_id"];
  }
`;
const userJoin = `option (portico.v1.message).join = { name: "user" load: "User" key: "user_id" };`;
interface Asked {
  readonly ids: readonly string[];
}
const note = (n: number) => ({ userId: `u${n}`, text: `t${n}` });
const any = (n: number) => ({ "@type": "type.googleapis.com/in.Note", ...note(n) });
const shown = (n: number) => ({ text: `t${n}`, user: { id: `u${n}` } });
const shownAny = (n: number) => ({ "@type": "type.googleapis.com/pub.Note", ...shown(n) });
/** Users whose ids begin with u are there; those with an even number have an e-mail. */
const users: Answers = {
  "in.Users/BatchGetUsers": ({ ids }: Asked) => ({
    users: ids
      .filter((id) => id.startsWith("u"))
      .map((id) => {
        const n = Number(id.slice(1));
        return {
          id,
          email: n % 2 === 0 ? `e${n}` : "",
          friendId: `u${n + 10}`,
          card: any(n + 20),
          note: note(n + 30),
        };
      }),
  }),
};
const docs = (...all: object[]): Answers => ({ ...users, "in.Docs/Get": () => ({ docs: all }) });
const asked = (run: { asked(method: string): unknown[] }) =>
  run.asked("in.Users/BatchGetUsers").map((request) => (request as Asked).ids);

describe("messages with joins in a oneof, behind a member that a join feeds", () => {
  const doc = (more = "") => `${service}
    message Doc {
      ${userJoin}
      oneof who {
        string email = 1 [(portico.v1.field).from = "user.email"];
        Note note = 2;
      }
      ${more}
    }`;

  it("are there where the join has nothing, and only then are their rows fetched", async () => {
    const schema = await gateway(internal, doc());
    const run = await schema.run(
      docs(
        { userId: "u2", note: note(3) },
        { userId: "u1", note: note(5) },
        { userId: "x", note: note(7) },
        { note: note(2) },
        { userId: "u4" },
      ),
    );
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { email: "e2" },
      { note: shown(5) },
      { note: shown(7) },
      { note: shown(2) },
      { email: "e4" },
    ]);
    expect(asked(run)).toEqual([
      ["u2", "u1", "x", "u4"],
      ["u5", "u7", "u2"],
    ]);
  });

  it("also where the same message stands elsewhere, before the join, and inside found rows", async () => {
    const schema = await gateway(
      internal.replace(
        "rpc Get(Empty) returns (Docs_);",
        "rpc Get(Empty) returns (Docs_); rpc GetTop(Empty) returns (Doc);",
      ),
      `${doc('Friend friend = 3 [(portico.v1.field).key = "user_id"];')}
      message Friend {
        option (portico.v1.message).load = { method: "in.Users/BatchGetUsers" key: "ids = users.id" };
        option (portico.v1.message).join = { name: "own" load: "User" key: "friend_id" };
        oneof who {
          string own_id = 1 [(portico.v1.field) = {from: "own.id" when: "own.id == 'u12'"}];
          Note note = 2;
        }
      }`
        .replace(
          "message GetResponse { repeated Doc docs = 1; }",
          `message GetResponse { Note first = 1 [(portico.v1.field).from = "top.note"]; repeated Doc docs = 2; }`,
        )
        .replace(
          "rpc Get(GetRequest) returns (GetResponse);",
          `rpc Get(GetRequest) returns (GetResponse) {
             option (portico.v1.method).call = {method: "Get"};
             option (portico.v1.method).call = {name: "top" method: "GetTop"};
           }`,
        ),
    );
    const run = await schema.run({
      ...docs({ userId: "u2", note: note(3) }, { userId: "u1", note: note(5) }),
      "in.Docs/GetTop": () => ({ note: note(9) }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({
      first: shown(9),
      docs: [
        { email: "e2", friend: { ownId: "u12" } },
        { note: shown(5), friend: { note: shown(31) } },
      ],
    });
  });
});

describe("messages with joins that are there or not by what a join has found", () => {
  it("by a condition", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message Doc {
        ${userJoin}
        Note note = 1 [(portico.v1.field).when = "user.email != ''"];
        repeated Note notes = 2 [(portico.v1.field).when = "user.email == ''"];
      }`,
    );
    const all = [note(6), note(7)];
    const run = await schema.run(
      docs(
        { userId: "u2", note: note(3), notes: all },
        { userId: "u1", note: note(5), notes: all },
        { userId: "u4", note: note(8), notes: all },
      ),
    );
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { note: shown(3) },
      { notes: [shown(6), shown(7)] },
      { note: shown(8) },
    ]);
    expect(asked(run)).toEqual([
      ["u2", "u1", "u4"],
      ["u3", "u6", "u7", "u8"],
    ]);
  });

  it("by a condition on the row, where a join gives the message", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message Doc {
        ${userJoin}
        Note note = 1 [(portico.v1.field) = {from: "user.note" when: "note.text == 't3' && user.email != ''"}];
        Note other = 2 [(portico.v1.field).from = "user.note"];
      }`,
    );
    const run = await schema.run(
      docs({ userId: "u2", note: note(3) }, { userId: "u1", note: note(3) }, { userId: "u4", note: note(5) }),
    );
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { note: shown(32), other: shown(32) },
      { other: shown(31) },
      { other: shown(34) },
    ]);
    expect(asked(run)).toHaveLength(2);
  });

  it("by an expression that selects them", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message Doc {
        ${userJoin}
        repeated Note notes = 1 [(portico.v1.field).from = "notes.filter(n, n.user_id == user.friend_id)"];
      }`,
    );
    const run = await schema.run(
      docs(
        { userId: "u1", notes: [note(11), note(12), note(11)] },
        { userId: "u2", notes: [note(11), note(12)] },
      ),
    );
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([{ notes: [shown(11), shown(11)] }, { notes: [shown(12)] }]);
    expect(asked(run)).toEqual([
      ["u1", "u2"],
      ["u11", "u12"],
    ]);
  });
});

describe("joins inside a google.protobuf.Any", () => {
  const anyNote = '[(portico.v1.field).any = "pub.Note"]';
  const withAny = (text: string) => service.replace(/^/, 'import "google/protobuf/any.proto";') + text;

  it("single, in a list, in a map; other types are left out", async () => {
    const schema = await gateway(
      internal,
      withAny(`message Doc {
        google.protobuf.Any any = 1 ${anyNote};
        repeated google.protobuf.Any anys = 2 ${anyNote};
        map<string, google.protobuf.Any> by_name = 3 ${anyNote};
        Note note = 4;
      }`),
    );
    const other = { "@type": "type.googleapis.com/in.User", id: "u9" };
    const run = await schema.run(
      docs(
        { any: any(1), anys: [any(2), other, any(3), any(1)], byName: { a: any(4) }, note: note(5) },
        { any: other, note: note(6) },
        { any: any(7) },
      ),
    );
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      {
        any: shownAny(1),
        anys: [shownAny(2), shownAny(3), shownAny(1)],
        byName: { a: shownAny(4) },
        note: shown(5),
      },
      { note: shown(6) },
      { any: shownAny(7) },
    ]);
    expect(asked(run)).toHaveLength(1);
  });

  it("in a found row, and a DROP that takes the Any with it", async () => {
    const schema = await gateway(
      internal,
      withAny(`message Doc { Person person = 1 [(portico.v1.field).key = "user_id"]; repeated google.protobuf.Any anys = 2 ${anyNote}; }
      message Person {
        option (portico.v1.message).load = { method: "in.Users/BatchGetUsers" key: "ids = users.id" };
        string id = 1;
        google.protobuf.Any card = 2 ${anyNote};
        Note note = 3;
      }`).replace(
        'User user = 2 [(portico.v1.field).key = "user_id"];',
        `option (portico.v1.message).join = { name: "user" load: "User" key: "user_id" on_missing: DROP };
        User user = 2;`,
      ),
    );
    const lost = { "@type": "type.googleapis.com/in.Note", userId: "x" };
    const run = await schema.run(docs({ userId: "u1", anys: [lost, any(2), lost] }, { userId: "u3" }, {}));
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { person: { id: "u1", card: shownAny(21), note: shown(31) }, anys: [shownAny(2)] },
      { person: { id: "u3", card: shownAny(23), note: shown(33) } },
      {},
    ]);
  });
});

it("a key reads the first row of a join that is used as a list", async () => {
  const schema = await gateway(
    internal,
    `${service}
    message Doc {
      option (portico.v1.message).join = { name: "users" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" };
      option (portico.v1.message).join = { name: "friend" load: "User" key: "users.friend_id" };
      repeated User users = 1;
      User friend = 2;
    }`,
  );
  const run = await schema.run(docs({ userId: "u1" }, {}, { userId: "u2" }));
  expect(run.error).toBeUndefined();
  expect(run.response.docs).toEqual([
    { users: [{ id: "u1" }], friend: { id: "u11" } },
    {},
    { users: [{ id: "u2" }], friend: { id: "u12" } },
  ]);
});
