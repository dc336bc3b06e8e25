import { describe, expect, it } from "vitest";
import { type Answers, gateway } from "../support/gateway.js";

// Rows with joins that are chosen by what the gateway itself makes: the walk that gathers keys has to come to the same
// rows as the one that writes, whatever chooses them.
const internal = `
  service Docs { rpc Get(Empty) returns (Docs_); }
  message Empty {}
  message Doc {
    string id = 1; string owner_id = 2; string team_id = 3; repeated Note notes = 4; Note pinned = 5; int32 level = 6; string kind = 7;
  }
  message Note { string user_id = 1; string text = 2; int32 rank = 3; }
  message Docs_ { repeated Doc docs = 1; int32 least = 2; }
  service Users { rpc BatchGetUsers(BatchGet) returns (Users_); }
  message BatchGet { repeated string ids = 1; }
  message User { string id = 1; string email = 2; int32 level = 3; string team_id = 4; repeated Note notes = 5; }
  message Users_ { repeated User users = 1; }
  service Teams { rpc BatchGetTeams(BatchGet) returns (Teams_); }
  message Team { string id = 1; string name = 2; repeated Note notes = 3; int32 least = 4; }
  message Teams_ { repeated Team teams = 1; }
`;
const api = (doc: string, more = "") => `
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
  ${more}
  message Doc { ${doc} }
`;
const OWNER = `{ name: "owner" method: "in.Users/BatchGetUsers" key: "owner_id -> ids = users.id" }`;
const TEAM = `{ name: "team" method: "in.Teams/BatchGetTeams" key: "team_id -> ids = teams.id" }`;
const joins = (...all: string[]) =>
  all.map((join) => `option (portico.v1.message).join = ${join};`).join(" ");
const from = (cel: string) => `[(portico.v1.field).from = ${JSON.stringify(cel)}]`;

interface Asked {
  readonly ids: readonly string[];
}
const note = (n: number, rank = n) => ({ userId: `u${n}`, text: `t${n}`, rank });
const shown = (n: number) => ({ text: `t${n}`, user: { id: `u${n}` } });
const numberOf = (id: string) => Number(id.slice(1));
const answers: Answers = {
  "in.Users/BatchGetUsers": ({ ids }: Asked) => ({
    users: ids.map((id) => {
      const n = numberOf(id);
      return {
        id,
        email: n % 2 === 0 ? `e${n}` : "",
        level: n,
        teamId: `t${n}`,
        notes: [note(n + 10, 1), note(n + 20, 9)],
      };
    }),
  }),
  "in.Teams/BatchGetTeams": ({ ids }: Asked) => ({
    teams: ids.map((id) => {
      const n = numberOf(id);
      return { id, name: `team${n}`, notes: [note(n + 30, 1), note(n + 40, 9)], least: n };
    }),
  }),
};
const run = async (schema: string, docs: readonly object[], more: object = {}) => {
  const { run } = await gateway(internal, schema);
  const result = await run({ ...answers, "in.Docs/Get": () => ({ docs, ...more }) });
  expect(result.error).toBeUndefined();
  const ids = (method: string) => result.asked(method).map((request) => (request as unknown as Asked).ids);
  return {
    docs: result.response.docs,
    users: ids("in.Users/BatchGetUsers"),
    teams: ids("in.Teams/BatchGetTeams"),
  };
};

describe("rows with joins that are chosen by `this`", () => {
  it("see its fields as they are written", async () => {
    const { docs, users } = await run(
      api(`
        string title = 1 ${from("kind + '!'")};
        repeated Note notes = 2 ${from("notes.filter(n, this.title == 'open!' || n.rank > 5)")};
      `),
      [
        { kind: "open", notes: [note(1), note(2)] },
        { kind: "shut", notes: [note(3), note(7)] },
        { kind: "open", notes: [note(4)] },
      ],
    );
    expect(docs).toEqual([
      { title: "open!", notes: [shown(1), shown(2)] },
      { title: "shut!", notes: [shown(7)] },
      { title: "open!", notes: [shown(4)] },
    ]);
    expect(users).toEqual([["u1", "u2", "u7", "u4"]]);
  });

  it("see what joins have found, also in lists", async () => {
    const { docs, users } = await run(
      api(
        `
        ${joins(OWNER)}
        optional string email = 1 ${from("owner.email")};
        repeated Small first = 2 ${from("notes.filter(n, n.rank < 5)")};
        Note pinned = 3 [(portico.v1.field).when = "has(this.email) && size(this.first) > 0"];
        repeated Note rest = 4 [(portico.v1.field).from = "notes", (portico.v1.field).when = "this.first.exists(n, n.user.id == 'u3')"];
      `,
        `message Small {
          option (portico.v1.message).source = "in.Note";
          string text = 1;
          User user = 2 [(portico.v1.field).key = "user_id"];
        }`,
      ),
      [
        { ownerId: "u2", notes: [note(1), note(8)], pinned: note(50) },
        { ownerId: "u3", notes: [note(3)], pinned: note(51) },
        { ownerId: "u4", notes: [note(9)], pinned: note(52) },
        { ownerId: "u6", notes: [note(3), note(6)], pinned: note(53) },
      ],
    );
    expect(docs).toEqual([
      { email: "e2", first: [shown(1)], pinned: shown(50) },
      { first: [shown(3)], rest: [shown(3)] },
      { email: "e4" },
      { email: "e6", first: [shown(3)], pinned: shown(53), rest: [shown(3), shown(6)] },
    ]);
    expect(users.flat()).toContain("u50");
    for (const hidden of ["u51", "u52"]) expect(users.flat()).not.toContain(hidden);
  });

  it("are members of a oneof, which read what stands before and behind it", async () => {
    const { docs, users } = await run(
      api(`
        oneof what {
          string label = 1 ${from("this.title == 'open!' ? dyn(this.title + this.tail) : dyn(null)")};
          Note pinned = 2 [(portico.v1.field).when = "this.tail != ''"];
          string other = 3 ${from("'none of ' + this.title")};
        }
        string title = 4 ${from("kind + '!'")};
        string tail = 5 ${from("id")};
      `),
      [
        { kind: "open", id: "a", pinned: note(1) },
        { kind: "shut", id: "b", pinned: note(2) },
        { kind: "shut", id: "", pinned: note(3) },
        { kind: "shut", id: "c" },
      ],
    );
    expect(docs).toEqual([
      { label: "open!a", title: "open!", tail: "a" },
      { pinned: shown(2), title: "shut!", tail: "b" },
      { other: "none of shut!", title: "shut!" },
      { other: "none of shut!", title: "shut!", tail: "c" },
    ]);
    expect(users).toEqual([["u2"]]);
  });
});

describe("rows with joins in a found row", () => {
  it("are chosen by another join", async () => {
    const { docs, users, teams } = await run(
      api(`
        ${joins(OWNER, TEAM)}
        repeated Note notes = 1 ${from("owner.notes.filter(n, n.rank > team.least)")};
        repeated Note all = 2 ${from("owner.notes")};
      `),
      [
        { ownerId: "u1", teamId: "t5" },
        { ownerId: "u1", teamId: "t0" },
        { ownerId: "u2", teamId: "t9" },
      ],
    );
    expect(docs).toEqual([
      { notes: [shown(21)], all: [shown(11), shown(21)] },
      { notes: [shown(11), shown(21)], all: [shown(11), shown(21)] },
      { all: [shown(12), shown(22)] },
    ]);
    expect(teams).toEqual([["t5", "t0", "t9"]]);
    expect(users[0]).toEqual(["u1", "u2"]);
  });

  it("are chosen among all rows of a list", async () => {
    const { docs } = await run(
      api(
        `
        ${joins(`{ name: "owners" method: "in.Users/BatchGetUsers" key: "notes.map(n, n.user_id) -> ids = users.id" }`, TEAM)}
        repeated Owner owners = 1 ${from("owners.filter(o, o.level >= team.least)")};
      `,
        `message Owner {
          option (portico.v1.message).join = { name: "group" method: "in.Teams/BatchGetTeams" key: "team_id -> ids = teams.id" };
          string id = 1; string group = 2 ${from("group.name")};
        }`,
      ),
      [
        { teamId: "t2", notes: [note(1), note(2), note(3)] },
        { teamId: "t0", notes: [note(3), note(1)] },
      ],
    );
    expect(docs).toEqual([
      {
        owners: [
          { id: "u2", group: "team2" },
          { id: "u3", group: "team3" },
        ],
      },
      {
        owners: [
          { id: "u3", group: "team3" },
          { id: "u1", group: "team1" },
        ],
      },
    ]);
  });

  it("are chosen among all rows of a list whose first one is a key, too", async () => {
    const { docs } = await run(
      api(
        `
        ${joins(
          `{ name: "owners" method: "in.Users/BatchGetUsers" key: "owner_id -> ids = users.id" }`,
          TEAM,
          `{ name: "home" method: "in.Teams/BatchGetTeams" key: "owners.team_id -> ids = teams.id" }`,
        )}
        repeated Owner owners = 1 ${from("owners.filter(o, o.level >= team.least)")};
        string home = 2 ${from("home.name")};
      `,
        `message Owner {
          option (portico.v1.message).join = { name: "group" method: "in.Teams/BatchGetTeams" key: "team_id -> ids = teams.id" };
          string id = 1; string group = 2 ${from("group.name")};
        }`,
      ),
      [
        { teamId: "t2", ownerId: "u3" },
        { teamId: "t9", ownerId: "u4" },
      ],
    );
    expect(docs).toEqual([{ owners: [{ id: "u3", group: "team3" }], home: "team3" }, { home: "team4" }]);
  });

  it("have keys of the message around it", async () => {
    const { docs } = await run(
      api(
        `
        ${joins(OWNER)}
        Owner owner = 1;
      `,
        `message Owner {
          option (portico.v1.message).join = { name: "group" method: "in.Teams/BatchGetTeams" key: "parent.team_id -> ids = teams.id" };
          string id = 1; string group = 2 ${from("group.name")};
        }`,
      ),
      [
        { ownerId: "u1", teamId: "t2" },
        { ownerId: "u1", teamId: "t7" },
      ],
    );
    expect(docs).toEqual([{ owner: { id: "u1", group: "team2" } }, { owner: { id: "u1", group: "team7" } }]);
  });
});

describe("messages with joins that an expression puts together", () => {
  it("come from several lists", async () => {
    const { docs, users } = await run(
      api(`
        ${joins(OWNER)}
        repeated Note notes = 1 ${from("notes + [pinned] + owner.notes.filter(n, n.rank > 5)")};
        Note best = 2 ${from("size(notes) > 1 ? notes[1] : pinned")};
        repeated Note twice = 3 ${from("[pinned, pinned]")};
      `),
      [
        { ownerId: "u1", notes: [note(1), note(2)], pinned: note(3) },
        { ownerId: "u2", notes: [note(4)], pinned: note(3) },
      ],
    );
    expect(docs).toEqual([
      { notes: [shown(1), shown(2), shown(3), shown(21)], best: shown(2), twice: [shown(3), shown(3)] },
      { notes: [shown(4), shown(3), shown(22)], best: shown(3), twice: [shown(3), shown(3)] },
    ]);
    expect(users).toEqual([
      ["u1", "u2"],
      ["u1", "u2", "u3", "u21", "u4", "u22"],
    ]);
  });
});
