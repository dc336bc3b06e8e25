import { beforeAll, describe, expect, it } from "vitest";
import { type Answers, type Gateway, gateway } from "../support/gateway.js";

// Rows in maps, in lists of lists in maps, with lists of keys, joins on joins, and DROP in all of them.
const internal = `
  service Docs { rpc Get(Empty) returns (Root); }
  message Empty {}
  message Root { map<string, Shelf> shelves = 1; map<int32, Doc> by_number = 2; }
  message Shelf { repeated Box boxes = 1; Doc top = 2; }
  message Box { repeated Doc docs = 1; map<string, Doc> by_name = 2; }
  message Doc { string user_id = 1; repeated string user_ids = 2; string title = 3; }
  service Users { rpc BatchGetUsers(BatchGet) returns (Users_); }
  service Teams { rpc BatchGetTeams(BatchGet) returns (Teams_); rpc BatchListTeams(BatchGet) returns (Teams_); }
  message BatchGet { repeated string ids = 1; }
  message User { string id = 1; string team_id = 2; repeated string team_ids = 3; map<string, Doc> drafts = 4; }
  message Users_ { map<string, User> users = 1; }
  message Team { string id = 1; string lead_id = 2; repeated Box boxes = 3; }
  message Teams_ { repeated Team teams = 1; }
`;
const service = `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
  }
  message GetRequest {}
  message GetResponse { map<string, Shelf> shelves = 1; map<int32, Doc> by_number = 2; }
  message Shelf { repeated Box boxes = 1; Doc top = 2; }
  message Box { repeated Doc docs = 1; map<string, Doc> by_name = 2; }
`;
const userLoad = `option (portico.v1.message).load = { method: "in.Users/BatchGetUsers" key: "ids = users.key" select: "value" };`;
const teamJoin = (name: string, key: string, more = "") => `option (portico.v1.message).join = {
  name: "${name}" method: "in.Teams/BatchGetTeams" key: "${key} -> ids = teams.id" ${more} };`;
interface Asked {
  readonly ids: readonly string[];
}
const doc = (userId: string, ...userIds: string[]) => ({ userId, userIds, title: `of ${userId}` });
/** The team of u1 is t1, led by u1; its box has a document of u5. Users and teams that end with x are not there. */
const answers: Answers = {
  "in.Docs/Get": () => ({
    shelves: {
      a: {
        boxes: [
          { docs: [doc("u1", "u2", "u3"), doc("x", "u1")], byName: { n: doc("u2"), m: doc("x") } },
          {},
          { docs: [doc("x"), doc("u3", "x", "u3")] },
        ],
        top: doc("u4"),
      },
      b: { top: doc("x") },
      c: {},
    },
    byNumber: { "1": doc("u1"), "2": doc("x"), "3": doc("u3", "u1", "u1") },
  }),
  "in.Users/BatchGetUsers": ({ ids }: Asked) => ({
    users: Object.fromEntries(
      ids
        .filter((id) => !id.endsWith("x"))
        .map((id) => {
          const teamId = id.replace("u", "t");
          return [id, { id, teamId, teamIds: [teamId, "t9", "tx"], drafts: { d: doc(id), e: doc("x") } }];
        }),
    ),
  }),
  "in.Teams/BatchGetTeams": ({ ids }: Asked) => ({
    teams: ids
      .filter((id) => !id.endsWith("x"))
      .map((id) => ({
        id,
        leadId: id.replace("t", "u"),
        boxes: [{ docs: [doc("u5"), doc("x")], byName: { k: doc("u6", "u7", "x") } }],
      })),
  }),
};
const sorted = (asked: unknown[]) => asked.map((request) => [...(request as Asked).ids].sort());

describe("DROP in lists and maps inside lists and maps", () => {
  let schema: Gateway;
  beforeAll(async () => {
    schema = await gateway(
      internal,
      `${service}
      message Doc {
        option (portico.v1.message).join = { name: "user" load: "User" key: "user_id" on_missing: DROP };
        string title = 1;
        User user = 2;
        repeated User users = 3 [(portico.v1.field).key = "user_ids"];
      }
      message User { ${userLoad} ${teamJoin("team", "team_id")} string id = 1; string team = 2 [(portico.v1.field).from = "team.id"]; }`,
    );
  });
  const user = (n: number) => ({ id: `u${n}`, team: `t${n}` });
  const shown = (n: number, ...more: number[]) => ({
    title: `of u${n}`,
    user: user(n),
    ...(more.length > 0 ? { users: more.map(user) } : {}),
  });

  it("takes out just the rows that are missing; lists of keys keep their order", async () => {
    const run = await schema.run(answers);
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({
      shelves: {
        a: {
          boxes: [{ docs: [shown(1, 2, 3)], byName: { n: shown(2) } }, {}, { docs: [shown(3, 3)] }],
          top: shown(4),
        },
        b: {},
        c: {},
      },
      byNumber: { "1": shown(1), "3": shown(3, 1, 1) },
    });
    expect(sorted(run.asked("in.Users/BatchGetUsers"))).toEqual([["u1", "u2", "u3", "u4", "x"]]);
    expect(sorted(run.asked("in.Teams/BatchGetTeams"))).toEqual([["t1", "t2", "t3", "t4"]]);
  });
});

it("joins on joins in all places, in found rows too: maps, lists of lists, lists of keys, DROP", async () => {
  const schema = await gateway(
    internal,
    `${service}
    message Doc {
      option (portico.v1.message).join = { name: "user" load: "User" key: "user_id" };
      ${teamJoin("team", "user.team_id")}
      ${teamJoin("teams", "user.team_ids")}
      string title = 1;
      Team team = 2;
      repeated string teams = 3 [(portico.v1.field).from = "teams.id"];
    }
    message User { ${userLoad} string id = 1; }
    message Team {
      option (portico.v1.message).join = { name: "lead" load: "User" key: "lead_id" };
      ${teamJoin("own", "lead.team_id")}
      string own = 1 [(portico.v1.field).from = "own.id"];
      repeated Crate boxes = 2;
    }
    message Crate { repeated Paper docs = 1; map<string, Paper> by_name = 2; }
    message Paper {
      option (portico.v1.message).join = { name: "author" load: "User" key: "user_id" on_missing: DROP };
      string author = 1 [(portico.v1.field).from = "author.id"];
      repeated User users = 2 [(portico.v1.field).key = "user_ids"];
    }`,
  );
  const run = await schema.run(answers);
  const found = (n: number) => ({
    title: `of u${n}`,
    team: {
      own: `t${n}`,
      boxes: [{ docs: [{ author: "u5" }], byName: { k: { author: "u6", users: [{ id: "u7" }] } } }],
    },
    teams: [`t${n}`, "t9"],
  });
  const none = { title: "of x" };
  expect(run.error).toBeUndefined();
  expect(run.response).toEqual({
    shelves: {
      a: {
        boxes: [{ docs: [found(1), none], byName: { n: found(2), m: none } }, {}, { docs: [none, found(3)] }],
        top: found(4),
      },
      b: { top: none },
      c: {},
    },
    byNumber: { "1": found(1), "2": none, "3": found(3) },
  });
  expect(sorted(run.asked("in.Users/BatchGetUsers"))).toEqual([
    ["u1", "u2", "u3", "u4", "x"],
    ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "x"],
  ]);
  expect(run.asked("in.Teams/BatchGetTeams")).toHaveLength(2);
});

it("the rows of a map in found rows, with the same message in the source", async () => {
  const schema = await gateway(
    internal,
    `${service}
    message Doc {
      option (portico.v1.message).join = { name: "user" load: "User" key: "user_id" max_depth: 2 };
      string title = 1;
      User user = 2;
    }
    message User { ${userLoad} string id = 1; map<string, Doc> drafts = 2; }`,
  );
  const run = await schema.run({
    ...answers,
    "in.Docs/Get": () => ({ byNumber: { "1": doc("u1"), "2": doc("x"), "3": doc("u3") } }),
  });
  const shown = (n: number) => ({
    title: `of u${n}`,
    user: {
      id: `u${n}`,
      drafts: {
        d: {
          title: `of u${n}`,
          user: { id: `u${n}`, drafts: { d: { title: `of u${n}` }, e: { title: "of x" } } },
        },
        e: { title: "of x" },
      },
    },
  });
  expect(run.error).toBeUndefined();
  expect(run.response).toEqual({ byNumber: { "1": shown(1), "2": { title: "of x" }, "3": shown(3) } });
  expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(2);
});
