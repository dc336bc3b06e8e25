import { describe, expect, it } from "vitest";
import { type Answers, gateway } from "../support/gateway.js";

const internal = `
  service Docs { rpc Get(Empty) returns (Doc); }
  service Users { rpc BatchGetUsers(BatchGetRequest) returns (Users_); }
  service Tags { rpc BatchGetTags(BatchGetRequest) returns (Tags_); }
  message Empty {}
  message BatchGetRequest { repeated string ids = 1; }
  message Line { string user_id = 1; string tag_id = 2; Line below = 3; repeated Line lines = 4; repeated string user_ids = 5; }
  message Doc { repeated Line lines = 1; map<string, Line> by_name = 2; Line single = 3; repeated Line users = 4; }
  message User { string id = 1; string tag_id = 2; }
  message Users_ { repeated User users = 1; }
  message Tag { string id = 1; string name = 2; }
  message Tags_ { repeated Tag tags = 1; }
`;
const gatewayWith = (onMissing: string, more = "", key = "user_id") =>
  gateway(
    internal,
    `
    service Api {
      option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
      rpc Get(GetRequest) returns (GetResponse);
    }
    message GetRequest {}
    message GetResponse { repeated Line lines = 1; map<string, Line> by_name = 2; Line single = 3; ${more} }
    message Line {
      option (portico.v1.message).join = {
        name: "user" method: "in.Users/BatchGetUsers" key: "${key} -> ids = users.id" on_missing: ${onMissing}
      };
      option (portico.v1.message).join = {
        name: "tag" method: "in.Tags/BatchGetTags" key: "tag_id -> ids = tags.id"
      };
      string tag = 1 [(portico.v1.field).from = "tag.name"];
      Line below = 2;
      repeated Line lines = 3;
      ${key === "user_id" ? "User user = 4;" : "repeated User user = 4;"}
    }
    message User {
      option (portico.v1.message).join = {
        name: "label" method: "in.Tags/BatchGetTags" key: "tag_id -> ids = tags.id" on_missing: DROP
      };
      string label = 1 [(portico.v1.field).from = "label.name"];
    }
    `,
  );
interface Asked {
  readonly ids: readonly string[];
}
/** Users and tags whose ids end with "x" are not there; a user's tag has the user's number. */
const answers: Answers = {
  "in.Users/BatchGetUsers": ({ ids }: Asked) => ({
    users: ids.filter((id) => !id.endsWith("x")).map((id) => ({ id, tagId: id.replace("u", "t") })),
  }),
  "in.Tags/BatchGetTags": ({ ids }: Asked) => ({
    tags: ids.filter((id) => !id.endsWith("x")).map((id) => ({ id, name: id.toUpperCase() })),
  }),
};
const line = (user: string, tag: string, more: object = {}) => ({ userId: user, tagId: tag, ...more });

describe("on_missing", () => {
  const doc = {
    lines: [
      line("u1", "t1"),
      line("ux", "t2", { below: line("u3", "t3"), lines: [line("u4", "t4"), line("u5", "t5")] }),
      line("u6", "t6", { lines: [line("ux", "t7"), line("u8", "t8"), line("", "t9")] }),
      line("u10", "t10", { below: line("ux", "t11", { lines: [line("u12", "t12")] }) }),
    ],
    byName: {
      a: line("u13", "t13"),
      b: line("ux", "t14", { below: line("u15", "t15") }),
      c: line("u16", "tx"),
    },
    single: line("ux", "t17"),
  };
  const found = (n: number, more: object = {}) => ({ tag: `T${n}`, user: { label: `T${n}` }, ...more });

  it("EMPTY leaves the fields unset", async () => {
    const run = await (await gatewayWith("EMPTY")).run({ ...answers, "in.Docs/Get": () => doc });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({
      lines: [
        found(1),
        { tag: "T2", below: found(3), lines: [found(4), found(5)] },
        found(6, { lines: [{ tag: "T7" }, found(8), { tag: "T9" }] }),
        found(10, { below: { tag: "T11", lines: [found(12)] } }),
      ],
      byName: { a: found(13), b: { tag: "T14", below: found(15) }, c: { user: { label: "T16" } } },
      single: { tag: "T17" },
    });
    expect(run.upstream.calls).toHaveLength(4);
  });

  it("DROP leaves the row out, and the rows in it; all others get what is theirs", async () => {
    const run = await (await gatewayWith("DROP")).run({ ...answers, "in.Docs/Get": () => doc });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({
      lines: [found(1), found(6, { lines: [found(8)] }), found(10)],
      byName: { a: found(13), c: { user: { label: "T16" } } },
    });
  });

  it("DROP inside found rows: the row's field stays unset", async () => {
    const schema = await gatewayWith("EMPTY");
    const run = await schema.run({
      ...answers,
      "in.Users/BatchGetUsers": ({ ids }: Asked) => ({
        users: ids.map((id) => ({ id, tagId: id === "u2" ? "tx" : "t1" })),
      }),
      "in.Docs/Get": () => ({ lines: [line("u1", "t1"), line("u2", "t2"), line("u3", "t3")] }),
    });
    const user = { label: "T1" };
    expect(run.response.lines).toEqual([{ tag: "T1", user }, { tag: "T2" }, { tag: "T3", user }]);
  });

  it("DROP with a list of keys: all of them have to be there", async () => {
    const schema = await gatewayWith("DROP", "", "user_ids");
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({
        lines: [{ userIds: ["u1", "u2"] }, { userIds: ["u1", "ux"] }, { userIds: [] }, { userIds: ["u3"] }],
      }),
    });
    const labels = (...ns: number[]) => ({ user: ns.map((n) => ({ label: `T${n}` })) });
    expect(run.response.lines).toEqual([labels(1, 2), {}, labels(3)]);
  });

  it.each([
    ["one that is not found", { lines: [line("u1", "t1"), line("ux", "t2")] }],
    ["one without a key", { single: line("", "t1") }],
  ])("FAIL makes the whole request NOT_FOUND: %s", async (_, reply) => {
    const schema = await gatewayWith("FAIL");
    const run = await schema.run({ ...answers, "in.Docs/Get": () => reply });
    expect(run.error).toMatchObject({ code: 5, message: "not found" });
    const fine = await schema.run({ ...answers, "in.Docs/Get": () => ({ lines: [line("u1", "t1")] }) });
    expect(fine.response.lines).toEqual([found(1)]);
  });
});
