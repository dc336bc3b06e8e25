import { describe, expect, it } from "vitest";
import { type Answers, gateway } from "../support/gateway.js";

const internal = `
  service Docs { rpc Get(Empty) returns (Docs_); }
  message Empty {}
  message Doc { string user_id = 1; Note note = 2; }
  message Note { string user_id = 1; repeated Note replies = 2; }
  message Docs_ { repeated Doc docs = 1; }
  service Users { rpc BatchGetUsers(BatchGet) returns (Users_); }
  service Teams { rpc BatchGetTeams(BatchGet) returns (Teams_); }
  service Categories { rpc BatchListCategories(BatchGet) returns (Categories_); }
  message BatchGet { repeated string ids = 1; }
  message User { string id = 1; string manager_id = 2; string mentor_id = 3; string team_id = 4; }
  message Users_ { repeated User users = 1; }
  message Team { string id = 1; string lead_id = 2; }
  message Teams_ { repeated Team teams = 1; }
  message Category { string id = 1; string parent_id = 2; string user_id = 3; }
  message Categories_ { repeated Category categories = 1; }
`;
const service = `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
  }
  message GetRequest {}
`;
const load = `option (portico.v1.message).load = { method: "in.Users/BatchGetUsers" key: "ids = users.id" };`;
const selfJoin = (name: string, more: string) =>
  `option (portico.v1.message).join = { name: "${name}" load: "User" key: "${name}_id" ${more} };`;

interface Asked {
  readonly ids: readonly string[];
}
/** The manager of u1 is u2 and so on up to u9; mentors are ten more; the team of u1 is t1, which u2 leads. */
const answers: Answers = {
  "in.Docs/Get": () => ({ docs: [{ userId: "u1" }, { userId: "u2" }, { userId: "x" }, {}] }),
  "in.Users/BatchGetUsers": ({ ids }: Asked) => ({
    users: ids
      .filter((id) => /^u\d+$/.test(id))
      .map((id) => {
        const n = Number(id.slice(1));
        return {
          id,
          managerId: n % 10 === 9 ? "" : `u${n + 1}`,
          mentorId: `u${n + 10}`,
          teamId: `t${n}`,
        };
      }),
  }),
  "in.Teams/BatchGetTeams": ({ ids }: Asked) => ({
    teams: ids.map((id) => ({ id, leadId: `u${Number(id.slice(1)) + 1}` })),
  }),
  "in.Categories/BatchListCategories": ({ ids }: Asked) => ({
    categories: ids.flatMap((id) => ["a", "b"].map((c) => ({ id: `${id}${c}`, parentId: id, userId: "u1" }))),
  }),
};

/** u1 with its managers, `levels` of them. */
function chain(n: number, levels: number): object {
  const isLast = levels === 0 || n % 10 === 9;
  return { id: `u${n}`, ...(isLast ? {} : { manager: chain(n + 1, levels - 1) }) };
}

describe("max_depth", () => {
  it.each([1, 3])("of a self join is how often it reaches its own message (%i)", async (depth) => {
    const schema = await gateway(
      internal,
      `${service}
      message GetResponse { repeated Doc docs = 1; }
      message Doc { User user = 1 [(portico.v1.field).key = "user_id"]; }
      message User { ${load} ${selfJoin("manager", `max_depth: ${depth}`)} string id = 1; User manager = 2; }`,
    );
    const run = await schema.run(answers);
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([{ user: chain(1, depth) }, { user: chain(2, depth) }, {}, {}]);
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(1 + depth);
  });

  it("ends where the data end, and asks for nothing then", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message GetResponse { repeated Doc docs = 1; }
      message Doc { User user = 1 [(portico.v1.field).key = "user_id"]; }
      message User { ${load} ${selfJoin("manager", "max_depth: 10")} string id = 1; User manager = 2; }`,
    );
    const run = await schema.run({ ...answers, "in.Docs/Get": () => ({ docs: [{ userId: "u7" }] }) });
    expect(run.response.docs).toEqual([{ user: chain(7, 10) }]);
    expect(run.asked("in.Users/BatchGetUsers")).toEqual([{ ids: ["u7"] }, { ids: ["u8"] }, { ids: ["u9"] }]);
  });

  it("of a list gives a tree", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message GetResponse { repeated Category tops = 1 [(portico.v1.field).from = "docs"]; }
      message Category {
        option (portico.v1.message).join = {
          name: "children" method: "in.Categories/BatchListCategories" key: "user_id -> ids = categories.parent_id"
        };
        repeated Sub children = 1;
      }
      message Sub {
        option (portico.v1.message).join = {
          name: "subs" method: "in.Categories/BatchListCategories" key: "id -> ids = categories.parent_id" max_depth: 2
        };
        string id = 1;
        repeated Sub subs = 2;
      }`,
    );
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({ docs: [{ userId: "1" }, { userId: "2" }] }),
    });
    const tree = (id: string, levels: number): object[] =>
      ["a", "b"].map((c) => ({
        id: id + c,
        ...(levels === 0 ? {} : { subs: tree(id + c, levels - 1) }),
      }));
    expect(run.error).toBeUndefined();
    expect(run.response.tops).toEqual([{ children: tree("1", 2) }, { children: tree("2", 2) }]);
    expect(run.asked("in.Categories/BatchListCategories")).toHaveLength(3);
  });

  it("of one join bounds those that lead back to it", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message GetResponse { repeated Doc docs = 1; }
      message Doc { User user = 1 [(portico.v1.field).key = "user_id"]; }
      message User {
        ${load}
        option (portico.v1.message).join = {
          name: "team" method: "in.Teams/BatchGetTeams" key: "team_id -> ids = teams.id" max_depth: 2
        };
        string id = 1;
        Team team = 2;
      }
      message Team { string id = 1; User lead = 2 [(portico.v1.field).key = "lead_id"]; }`,
    );
    const run = await schema.run({ ...answers, "in.Docs/Get": () => ({ docs: [{ userId: "u1" }] }) });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { user: { id: "u1", team: { id: "t1", lead: { id: "u2", team: { id: "t2", lead: { id: "u3" } } } } } },
    ]);
    expect(run.upstream.calls).toHaveLength(6);
  });

  it("of two joins of one message: each at most so often on any way; siblings share calls", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message GetResponse { repeated Doc docs = 1; }
      message Doc { User user = 1 [(portico.v1.field).key = "user_id"]; }
      message User {
        ${load} ${selfJoin("manager", "max_depth: 2")} ${selfJoin("mentor", "max_depth: 1")}
        string id = 1;
        User manager = 2;
        User mentor = 3;
      }`,
    );
    const run = await schema.run({ ...answers, "in.Docs/Get": () => ({ docs: [{ userId: "u1" }] }) });
    const user = (n: number, managers: number, mentors: number): object => ({
      id: `u${n}`,
      ...(managers > 0 ? { manager: user(n + 1, managers - 1, mentors) } : {}),
      ...(mentors > 0 ? { mentor: user(n + 10, managers, mentors - 1) } : {}),
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([{ user: user(1, 2, 1) }]);
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(4);
  });

  it("leaves what else reads the join unset: keys of other joins too; DROP and FAIL do not hold for what is not run", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message GetResponse { repeated Doc docs = 1; }
      message Doc { User user = 1 [(portico.v1.field).key = "user_id"]; }
      message User {
        ${load} ${selfJoin("manager", "max_depth: 1 on_missing: FAIL")}
        option (portico.v1.message).join = {
          name: "team" method: "in.Teams/BatchGetTeams" key: "manager.team_id -> ids = teams.id"
        };
        string id = 1;
        User manager = 2;
        string manager_id = 3 [(portico.v1.field).from = "manager.id"];
        string team = 4 [(portico.v1.field).from = "team.id"];
      }`,
    );
    const run = await schema.run({ ...answers, "in.Docs/Get": () => ({ docs: [{ userId: "u8" }] }) });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { user: { id: "u8", manager: { id: "u9" }, managerId: "u9", team: "t9" } },
    ]);
    const failed = await schema.run({ ...answers, "in.Docs/Get": () => ({ docs: [{ userId: "u9" }] }) });
    expect(failed.error?.message).toBe("not found");
  });

  it("counts anew in each place, and not for messages that the source itself holds", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message GetResponse { repeated Doc docs = 1; }
      message Doc { Note note = 1; }
      message Note { User user = 1 [(portico.v1.field).key = "user_id"]; repeated Note replies = 2; }
      message User { ${load} ${selfJoin("manager", "max_depth: 1")} string id = 1; User manager = 2; }`,
    );
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({
        docs: [{ note: { userId: "u1", replies: [{ userId: "u2", replies: [{ userId: "u3" }] }, {}] } }],
      }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      {
        note: {
          user: chain(1, 1),
          replies: [{ user: chain(2, 1), replies: [{ user: chain(3, 1) }] }, {}],
        },
      },
    ]);
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(2);
  });
});

describe("skip", () => {
  it("leaves out joins and loaded fields of a name in the field's message and all inside it", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message GetResponse { repeated Doc docs = 1; Bare bare = 2 [(portico.v1.field).unset = true]; }
      message Bare { string id = 1 [(portico.v1.field).unset = true]; }
      message Doc {
        User user = 1 [(portico.v1.field).key = "user_id"];
        User bare = 2 [(portico.v1.field) = {key: "user_id" skip: ["team", "manager"]}];
        Note note = 3 [(portico.v1.field).skip = "team"];
      }
      message Note {
        User user = 1 [(portico.v1.field).key = "user_id"];
        repeated Note replies = 2;
      }
      message User {
        ${load}
        option (portico.v1.message).join = {
          name: "team" method: "in.Teams/BatchGetTeams" key: "team_id -> ids = teams.id"
        };
        string id = 1;
        string team = 2 [(portico.v1.field).from = "team.id"];
        User manager = 3 [(portico.v1.field) = {key: "manager_id" skip: "manager"}];
      }`,
    );
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({
        docs: [{ userId: "u1", note: { userId: "u3", replies: [{ userId: "u5" }] } }],
      }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      {
        user: { id: "u1", team: "t1", manager: { id: "u2", team: "t2" } },
        bare: { id: "u1" },
        note: {
          user: { id: "u3", manager: { id: "u4" } },
          replies: [{ user: { id: "u5", manager: { id: "u6" } } }],
        },
      },
    ]);
    // One call for all users, one for their managers, and the teams of those whose team is shown.
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(2);
    expect(run.asked("in.Teams/BatchGetTeams")).toEqual([{ ids: ["t1"] }, { ids: ["t2"] }]);
  });

  it("of the join itself ends a cycle; in a map and a list of lists too", async () => {
    const schema = await gateway(
      `${internal} service Maps { rpc Get(Empty) returns (Maps_); }
      message Maps_ { map<string, Doc> by_name = 1; repeated Docs_ lists = 2; }`,
      `service Api {
        option (portico.v1.service) = { from: "in.Maps" allow: {public: true} };
        rpc Get(GetRequest) returns (GetResponse);
      }
      message GetRequest {}
      message GetResponse {
        map<string, Doc> by_name = 1 [(portico.v1.field).skip = "manager"];
        repeated Docs lists = 2 [(portico.v1.field).skip = "user"];
      }
      message Docs { repeated Doc docs = 1; }
      message Doc { User user = 1 [(portico.v1.field).key = "user_id"]; Note note = 2; }
      message Note { User author = 1 [(portico.v1.field) = {key: "user_id" skip: "manager"}]; }
      message User { ${load} string id = 1; User manager = 2 [(portico.v1.field).key = "manager_id"]; }`,
    );
    const run = await schema.run({
      ...answers,
      "in.Maps/Get": () => ({
        byName: { a: { userId: "u1", note: { userId: "u2" } } },
        lists: [{ docs: [{ userId: "u1", note: { userId: "u4" } }, { note: {} }] }],
      }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({
      byName: { a: { user: { id: "u1" }, note: { author: { id: "u2" } } } },
      lists: [{ docs: [{ note: { author: { id: "u4" } } }, { note: {} }] }],
    });
    expect(run.asked("in.Users/BatchGetUsers")).toEqual([{ ids: ["u4", "u1", "u2"] }]);
  });
});

it("generated code for each level is one function, however many ways lead there", async () => {
  const schema = await gateway(
    internal,
    `${service}
    message GetResponse { repeated Doc docs = 1; repeated Doc again = 2 [(portico.v1.field).from = "docs"]; }
    message Doc { User user = 1 [(portico.v1.field).key = "user_id"]; User other = 2 [(portico.v1.field).key = "user_id"]; }
    message User { ${load} ${selfJoin("manager", "max_depth: 4")} string id = 1; User manager = 2; }`,
  );
  const text = [...schema.compiled.files.values()].join("\n");
  expect(text.match(/^function writeUser\d*\(/gm)).toHaveLength(5);
  expect(text.match(/^function scanUserManager\d*\(/gm)).toHaveLength(3);
});

it("a row at its last depth shares no rows with the message in it, though both have the same joins", async () => {
  const { run } = await gateway(
    `service Docs { rpc Get(Ask) returns (Row); rpc BatchGetRows(Ids) returns (Rows); rpc BatchGetUsers(Ids) returns (Users); }
    message Ask { string id = 1; } message Ids { repeated string ids = 1; }
    message Row { string id = 1; string user_id = 2; string up_id = 3; Row child = 4; } message Rows { repeated Row rows = 1; }
    message User { string id = 1; string name = 2; } message Users { repeated User users = 1; }`,
    `service Api { option (portico.v1.service) = { from: "in.Docs" allow: {public: true} }; rpc Get(Ask) returns (Row); }
    message Ask { string id = 1; }
    message Row {
      option (portico.v1.message).join = {name: "user" method: "in.Docs/BatchGetUsers" key: "user_id -> ids = users.id"};
      option (portico.v1.message).join = {
        name: "up" method: "in.Docs/BatchGetRows" key: "up_id -> ids = rows.id" max_depth: 1
      };
      string user = 1 [(portico.v1.field).from = "user.name"];
      Row child = 2 [(portico.v1.field).skip = "up"];
      Row up = 3 [(portico.v1.field).from = "up"];
    }`,
  );
  const row = (id: string, upId = "") => ({
    ...{ id, upId, userId: id },
    child: { userId: `${id}1`, child: { userId: `${id}2` } },
  });
  const { response } = await run({
    "in.Docs/Get": () => row("a", "b"),
    "in.Docs/BatchGetRows": () => ({ rows: [row("b")] }),
    "in.Docs/BatchGetUsers": ({ ids }) => ({
      users: (ids as string[]).map((id) => ({ id, name: id.toUpperCase() })),
    }),
  });
  const made = (id: string) => ({ user: id, child: { user: `${id}1`, child: { user: `${id}2` } } });
  expect(response).toEqual({ ...made("A"), up: made("B") });
});
