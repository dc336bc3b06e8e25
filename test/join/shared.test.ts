import { Code } from "@portico/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { type Answers, failure, type Gateway, gateway, sleep } from "../support/gateway.js";

const internal = `
  service Docs { rpc Get(Empty) returns (Docs_); }
  message Empty {}
  message Doc { string creator_id = 1; string updater_id = 2; string team_id = 3; }
  message Docs_ { repeated Doc docs = 1; }
  service Users { rpc BatchGetUsers(BatchGet) returns (Users_); }
  service Teams { rpc BatchGetTeams(BatchGet) returns (Teams_); }
  service Firms { rpc BatchGetFirms(BatchGet) returns (Firms_); }
  message BatchGet { repeated string ids = 1; string tenant = 2; }
  message User { string id = 1; string firm_id = 2; }
  message Users_ { repeated User users = 1; }
  message Team { string id = 1; string firm_id = 2; }
  message Teams_ { repeated Team teams = 1; }
  message Firm { string id = 1; string owner_id = 2; }
  message Firms_ { repeated Firm firms = 1; }
`;
const service = `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
  }
  message GetRequest {}
  message GetResponse { repeated Doc docs = 1; }
`;
const join = (name: string, what: "User" | "Team" | "Firm", key: string, more = "") => `
  option (portico.v1.message).join = {
    name: "${name}" method: "in.${what}s/BatchGet${what}s" key: "${key} -> ids = ${what.toLowerCase()}s.id" ${more}
  };`;
interface Asked {
  readonly ids: readonly string[];
}
/** The firm of u1 and of t1 is f1, whose owner is u11, whose firm is f11. */
const answers: Answers = {
  "in.Docs/Get": () => ({
    docs: [
      { creatorId: "u1", updaterId: "u2", teamId: "t3" },
      { creatorId: "", updaterId: "u1", teamId: "t1" },
    ],
  }),
  "in.Users/BatchGetUsers": ({ ids }: Asked) => ({
    users: ids.map((id) => ({ id, firmId: id.replace("u", "f") })),
  }),
  "in.Teams/BatchGetTeams": ({ ids }: Asked) => ({
    teams: ids.map((id) => ({ id, firmId: id.replace("t", "f") })),
  }),
  "in.Firms/BatchGetFirms": ({ ids }: Asked) => ({
    firms: ids.map((id) => ({ id, ownerId: id.replace("f", "u1") })),
  }),
};
const sorted = (asked: unknown[]) => asked.map((request) => [...(request as Asked).ids].sort());

describe("joins inside the rows of different joins", () => {
  let schema: Gateway;
  beforeAll(async () => {
    schema = await gateway(
      internal,
      `${service}
      message Doc {
        ${join("creator", "User", "creator_id")}
        ${join("team", "Team", "team_id")}
        User creator = 1;
        Team team = 2;
      }
      message User { ${join("firm", "Firm", "firm_id")} string id = 1; Firm firm = 2; }
      message Team { ${join("firm", "Firm", "firm_id")} string id = 1; Firm firm = 2; }
      message Firm { ${join("owner", "User", "owner_id")} string id = 1; Owner owner = 2; }
      message Owner { ${join("own", "Firm", "firm_id")} string id = 1; string firm = 2 [(portico.v1.field).from = "own.id"]; }`,
    );
  });
  const firm = (n: number) => ({ id: `f${n}`, owner: { id: `u1${n}`, firm: `f1${n}` } });
  const expected = [
    { creator: { id: "u1", firm: firm(1) }, team: { id: "t3", firm: firm(3) } },
    { team: { id: "t1", firm: firm(1) } },
  ];

  it("share a call where they are as deep, though they wait for each other then", async () => {
    const run = await schema.run(answers);
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual(expected);
    expect(sorted(run.asked("in.Firms/BatchGetFirms"))).toEqual([
      ["f1", "f3"],
      ["f11", "f13"],
    ]);
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(2);
    expect(run.upstream.calls).toHaveLength(6);
  });

  it("whichever of them comes first", async () => {
    for (const slow of ["in.Users/BatchGetUsers", "in.Teams/BatchGetTeams"]) {
      const run = await schema.run({
        ...answers,
        [slow]: async (request: Asked, context) => {
          await sleep(5);
          return answers[slow]!(request, context);
        },
      });
      expect(run.response.docs).toEqual(expected);
      expect(run.upstream.calls).toHaveLength(6);
    }
  });

  it("fail together, and nothing is asked after that", async () => {
    const run = await schema.run({
      ...answers,
      "in.Teams/BatchGetTeams": () => {
        throw failure(Code.UNAVAILABLE);
      },
    });
    expect(run.error?.code).toBe(Code.UNAVAILABLE);
    expect(run.asked("in.Firms/BatchGetFirms")).toHaveLength(0);
  });

  it("are said to be so in the comment of the handler", () => {
    const text = [...schema.compiled.files.values()].join("\n");
    expect(text).toContain("ceil(|docs.creator.firm_id, docs.team.firm_id| / 500)");
    const sum = /upstream calls, at most 101: [\s\S]*?\*\//.exec(text)![0];
    expect(sum.match(/ceil/g)).toHaveLength(5);
  });
});

describe("joins inside found rows whose key reads another of them", () => {
  it("share a call with those of siblings", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message Doc {
        ${join("creator", "User", "creator_id")}
        ${join("updater", "User", "updater_id")}
        User creator = 1;
        User updater = 2;
      }
      message User {
        ${join("firm", "Firm", "firm_id")}
        ${join("owner", "User", "firm.owner_id")}
        ${join("holding", "Firm", "owner.firm_id")}
        string id = 1;
        string owner = 2 [(portico.v1.field).from = "owner.id"];
        Firm holding = 3;
      }
      message Firm { string id = 1; }`,
    );
    const run = await schema.run(answers);
    const user = (n: number) => ({ id: `u${n}`, owner: `u1${n}`, holding: { id: `f1${n}` } });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([{ creator: user(1), updater: user(2) }, { updater: user(1) }]);
    expect(sorted(run.asked("in.Users/BatchGetUsers"))).toEqual([
      ["u1", "u2"],
      ["u11", "u12"],
    ]);
    expect(sorted(run.asked("in.Firms/BatchGetFirms"))).toEqual([
      ["f1", "f2"],
      ["f11", "f12"],
    ]);
  });

  it("share one with those that are as deep, in several fields of one join too", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message Doc {
        ${join("creator", "User", "creator_id")}
        User creator = 1;
        Other other = 2 [(portico.v1.field).from = "creator"];
      }
      message User {
        ${join("firm", "Firm", "firm_id")}
        ${join("owner", "User", "firm.owner_id")}
        string owner = 1 [(portico.v1.field).from = "owner.id"];
      }
      message Other { ${join("firm", "Firm", "firm_id")} Firm firm = 1; }
      message Firm { ${join("boss", "User", "owner_id")} string boss = 1 [(portico.v1.field).from = "boss.id"]; }`,
    );
    const run = await schema.run(answers);
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([{ creator: { owner: "u11" }, other: { firm: { boss: "u11" } } }, {}]);
    expect(run.asked("in.Firms/BatchGetFirms")).toEqual([{ ids: ["f1"] }]);
    // The owner of the one and the boss of the other are the same user, asked for at the same time.
    expect(run.asked("in.Users/BatchGetUsers")).toEqual([{ ids: ["u1"] }, { ids: ["u11"] }]);
  });
});

it("joins with other arguments share nothing", async () => {
  const schema = await gateway(
    internal,
    `${service}
    message Doc {
      ${join("creator", "User", "creator_id")}
      ${join("team", "Team", "team_id")}
      User creator = 1;
      Team team = 2;
    }
    message User { ${join("firm", "Firm", "firm_id", 'set: "tenant = request.tenant"')} Firm firm = 2; }
    message Team { ${join("firm", "Firm", "firm_id")} Firm firm = 2; }
    message Firm { string id = 1; }`.replace("GetRequest {}", "GetRequest { string tenant = 1; }"),
  );
  const run = await schema.run(answers, { request: { tenant: "t" } });
  expect(run.error).toBeUndefined();
  expect(run.asked("in.Firms/BatchGetFirms")).toEqual(
    expect.arrayContaining([{ ids: ["f1"], tenant: "t" }, { ids: ["f3", "f1"] }]),
  );
});
