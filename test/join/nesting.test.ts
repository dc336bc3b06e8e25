import { describe, expect, it } from "vitest";
import { type Answers, gateway } from "../support/gateway.js";

// Users with their companies, whatever holds them.
const people = `
  service Users { rpc BatchGetUsers(BatchGetRequest) returns (Users_); }
  service Companies { rpc BatchGetCompanies(BatchGetRequest) returns (Companies_); }
  message Empty {}
  message BatchGetRequest { repeated string ids = 1; }
  message User { string id = 1; string email = 2; string company_id = 3; Address address = 4; }
  message Address { string city = 1; string country_id = 2; }
  message Users_ { repeated User users = 1; }
  message Company { string id = 1; string name = 2; string owner_id = 3; }
  message Companies_ { repeated Company companies = 1; }
`;
const api = (from: string) => `
  service Api {
    option (portico.v1.service) = { from: "${from}" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
  }
  message GetRequest {}
`;
const userJoin = (name: string, key: string, more = "") => `
  option (portico.v1.message).join = {
    name: "${name}" method: "in.Users/BatchGetUsers" key: "${key} -> ids = users.id" ${more}
  };
`;
const companyOf = `
  option (portico.v1.message).join = {
    name: "company" method: "in.Companies/BatchGetCompanies" key: "company_id -> ids = companies.id"
  };
`;
interface BatchGet {
  readonly ids: readonly string[];
}
/** User "u1" works for company "c1", and so on; users and companies whose ids end with "x" are not there. */
const answers: Answers = {
  "in.Users/BatchGetUsers": ({ ids }: BatchGet) => ({
    users: [...ids]
      .reverse()
      .filter((id) => !id.endsWith("x"))
      .map((id) => ({
        id,
        email: `${id}@`,
        companyId: id.replace("u", "c"),
        address: { city: `city ${id}`, countryId: id },
      })),
  }),
  "in.Companies/BatchGetCompanies": ({ ids }: BatchGet) => ({
    companies: [...ids]
      .reverse()
      .filter((id) => !id.endsWith("x"))
      .map((id) => ({ id, name: id.toUpperCase(), ownerId: id.replace("c", "u") })),
  }),
};

describe("siblings", () => {
  const orders = `service Docs { rpc Get(Empty) returns (Docs_); }
    message Doc { string created_by = 1; string updated_by = 2; }
    message Docs_ { repeated Doc docs = 1; }`;

  it("with the same method and arguments share one call, and never mix up their rows", async () => {
    const schema = await gateway(
      people + orders,
      `${api("in.Docs")}
      message GetResponse { repeated Doc docs = 1; }
      message Doc {
        ${userJoin("creator", "created_by")}
        ${userJoin("updater", "updated_by")}
        User creator = 1;
        User updater = 2;
        string creator_email = 3 [(portico.v1.field).from = "creator.email"];
        string updater_email = 4 [(portico.v1.field).from = "updater.email"];
      }
      message User { ${companyOf} string email = 1; string company = 2 [(portico.v1.field).from = "company.name"]; }`,
    );
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({
        docs: [
          { createdBy: "u1", updatedBy: "u2" },
          { createdBy: "", updatedBy: "u1" },
          { createdBy: "ux", updatedBy: "u3" },
          { createdBy: "u3", updatedBy: "" },
        ],
      }),
    });
    const user = (n: number) => ({ email: `u${n}@`, company: `C${n}` });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { creator: user(1), updater: user(2), creatorEmail: "u1@", updaterEmail: "u2@" },
      { updater: user(1), updaterEmail: "u1@" },
      { updater: user(3), updaterEmail: "u3@" },
      { creator: user(3), creatorEmail: "u3@" },
    ]);
    expect(run.asked("in.Users/BatchGetUsers")).toEqual([{ ids: ["u1", "u2", "ux", "u3"] }]);
    // The joins inside their rows share a call in turn.
    expect(run.asked("in.Companies/BatchGetCompanies")).toHaveLength(1);
  });

  it.each(["createdBy", "updatedBy"])("a sibling without rows nulls nothing (%s)", async (only) => {
    const schema = await gateway(
      people + orders,
      `${api("in.Docs")}
      message GetResponse { repeated Doc docs = 1; }
      message Doc {
        string creator = 1 [(portico.v1.field).from = "creator_.email"];
        string updater = 2 [(portico.v1.field).from = "updater_.email"];
        ${userJoin("creator_", "created_by")}
        ${userJoin("updater_", "updated_by")}
      }`,
    );
    const run = await schema.run({ ...answers, "in.Docs/Get": () => ({ docs: [{ [only]: "u1" }] }) });
    expect(run.response.docs).toEqual([only === "createdBy" ? { creator: "u1@" } : { updater: "u1@" }]);
    expect(run.upstream.calls).toHaveLength(2);
  });

  it("of which only one has joins inside its rows run those for its own rows only", async () => {
    const schema = await gateway(
      people + orders,
      `${api("in.Docs")}
      message GetResponse { repeated Doc docs = 1; }
      message Doc {
        ${userJoin("creator", "created_by")}
        ${userJoin("updater", "updated_by")}
        User creator = 1;
        Bare updater = 2;
      }
      message Bare { string email = 1; }
      message User { ${companyOf} string company = 2 [(portico.v1.field).from = "company.name"]; }`,
    );
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({ docs: [{ createdBy: "u1", updatedBy: "u2" }] }),
    });
    expect(run.response.docs).toEqual([{ creator: { company: "C1" }, updater: { email: "u2@" } }]);
    expect(run.asked("in.Users/BatchGetUsers")).toEqual([{ ids: ["u1", "u2"] }]);
    expect(run.asked("in.Companies/BatchGetCompanies")).toEqual([{ ids: ["c1"] }]);
  });
});

describe("one join in several fields", () => {
  it("is fetched once, also where there are joins inside its rows", async () => {
    const schema = await gateway(
      `${people} service Docs { rpc Get(Empty) returns (Doc); } message Doc { string user_id = 1; repeated string user_ids = 2; }`,
      `${api("in.Docs")}
      message GetResponse {
        ${userJoin("user", "user_id")}
        ${userJoin("users", "user_ids")}
        User user = 1;
        User again = 2 [(portico.v1.field).from = "user"];
        Address address = 3 [(portico.v1.field).from = "user.address"];
        string email = 4 [(portico.v1.field).from = "user.email"];
        repeated User users = 5;
        repeated User users_again = 6 [(portico.v1.field).from = "users"];
        repeated string emails = 7 [(portico.v1.field).from = "users.email"];
        repeated Address addresses = 8 [(portico.v1.field).from = "users.address"];
      }
      message User { ${companyOf} string company = 1 [(portico.v1.field).from = "company.name"]; Address address = 2; }
      message Address {
        ${userJoin("friend", "country_id")}
        string friend = 1 [(portico.v1.field).from = "friend.email"];
      }`,
    );
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({ userId: "u1", userIds: ["u2", "ux", "u3"] }),
    });
    const user = (n: number) => ({ company: `C${n}`, address: { friend: `u${n}@` } });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({
      user: user(1),
      again: user(1),
      address: { friend: "u1@" },
      email: "u1@",
      users: [user(2), user(3)],
      usersAgain: [user(2), user(3)],
      emails: ["u2@", "u3@"],
      addresses: [{ friend: "u2@" }, { friend: "u3@" }],
    });
    // The users; their friends; their companies.
    expect(
      run.upstream.calls
        .slice(1)
        .map((call) => call.method)
        .sort(),
    ).toEqual(["in.Companies/BatchGetCompanies", "in.Users/BatchGetUsers", "in.Users/BatchGetUsers"]);
  });

  it("is not run where no field uses it", async () => {
    const schema = await gateway(
      `${people} service Docs { rpc Get(Empty) returns (Doc); } message Doc { string user_id = 1; }`,
      `${api("in.Docs")}
      message GetResponse { ${userJoin("user", "user_id")} string user_id = 1; }`,
    );
    const run = await schema.run({ ...answers, "in.Docs/Get": () => ({ userId: "u1" }) });
    expect(run.response).toEqual({ userId: "u1" });
    expect(run.upstream.calls).toHaveLength(1);
  });
});

describe("rows at several depths", () => {
  it("are gathered first: one call for all of them, in lists, maps, oneofs and messages inside messages", async () => {
    const schema = await gateway(
      `${people}
      service Docs { rpc Get(Empty) returns (Doc); }
      message Ref { string user_id = 1; }
      message Box { Ref ref = 1; repeated Ref refs = 2; }
      message Doc {
        Ref ref = 1;
        repeated Ref refs = 2;
        map<string, Ref> by_name = 3;
        oneof choice { Ref chosen = 4; Box boxed = 5; string text = 6; }
        repeated Box boxes = 7;
        Box box = 8;
      }`,
      `${api("in.Docs")}
      message Ref { ${userJoin("user", "user_id")} string email = 1 [(portico.v1.field).from = "user.email"]; User user = 2; }
      message User { ${companyOf} string company = 1 [(portico.v1.field).from = "company.name"]; }
      message Box { repeated Ref refs = 2; Ref ref = 1; }
      message GetResponse {
        Box box = 1;
        oneof choice { Ref chosen = 4; Box boxed = 5; string text = 6; }
        map<string, Ref> by_name = 7;
        repeated Ref refs = 8;
        Ref ref = 9;
        repeated Box boxes = 10;
        Ref inner = 11 [(portico.v1.field).from = "box.ref"];
        repeated Ref inner_refs = 12 [(portico.v1.field).from = "box.refs"];
      }`,
    );
    const ref = (n: number | string) => ({ userId: `u${n}` });
    const found = (n: number | string) => ({ email: `u${n}@`, user: { company: `C${n}` } });
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({
        ref: ref(1),
        refs: [ref(2), {}, ref("x"), ref(3)],
        byName: { a: ref(4), b: ref(1) },
        boxed: { ref: ref(5), refs: [ref(6)] },
        boxes: [{ refs: [ref(2), ref(7)] }, { ref: ref(8), refs: [ref(9)] }],
        box: { ref: ref(3), refs: [ref(10), ref(11)] },
      }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({
      ref: found(1),
      refs: [found(2), {}, {}, found(3)],
      byName: { a: found(4), b: found(1) },
      boxed: { ref: found(5), refs: [found(6)] },
      boxes: [{ refs: [found(2), found(7)] }, { ref: found(8), refs: [found(9)] }],
      box: { ref: found(3), refs: [found(10), found(11)] },
      inner: found(3),
      innerRefs: [found(10), found(11)],
    });
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(1);
    expect(run.asked("in.Companies/BatchGetCompanies")).toHaveLength(1);
    const chosen = await schema.run({ ...answers, "in.Docs/Get": () => ({ chosen: ref(1), ref: ref(2) }) });
    expect(chosen.response).toEqual({ chosen: found(1), ref: found(2) });
    const text = await schema.run({ ...answers, "in.Docs/Get": () => ({ text: "t", ref: ref(2) }) });
    expect(text.response).toEqual({ text: "t", ref: found(2) });
  });

  it("in a message that holds itself", async () => {
    const schema = await gateway(
      `${people}
      service Docs { rpc Get(Empty) returns (Comment); }
      message Comment { string author_id = 1; repeated Comment replies = 2; Comment quoted = 3; repeated string liker_ids = 4; }`,
      `${api("in.Docs")}
      message GetResponse { Comment comment = 1 [(portico.v1.field).from = "source"]; }
      message Comment {
        ${userJoin("author", "author_id")}
        ${userJoin("likers", "liker_ids")}
        Comment quoted = 1;
        repeated Comment replies = 2;
        User author = 3;
        repeated User likers = 4;
        string author_email = 5 [(portico.v1.field).from = "author.email"];
      }
      message User { ${companyOf} string company = 1 [(portico.v1.field).from = "company.name"]; }`,
    );
    interface Said {
      readonly n: number;
      readonly likers?: readonly number[];
      readonly quoted?: Said;
      readonly replies?: readonly Said[];
    }
    const internal = (said: Said): object => ({
      authorId: `u${said.n}`,
      ...(said.likers && { likerIds: said.likers.map((n) => `u${n}`) }),
      ...(said.quoted && { quoted: internal(said.quoted) }),
      ...(said.replies && { replies: said.replies.map(internal) }),
    });
    const expected = (said: Said): object => ({
      author: { company: `C${said.n}` },
      authorEmail: `u${said.n}@`,
      ...(said.likers && { likers: said.likers.map((n) => ({ company: `C${n}` })) }),
      ...(said.quoted && { quoted: expected(said.quoted) }),
      ...(said.replies && { replies: said.replies.map(expected) }),
    });
    const said: Said = {
      n: 1,
      likers: [7, 8],
      quoted: { n: 2, likers: [9], quoted: { n: 3, replies: [{ n: 4, quoted: { n: 5, likers: [1] } }] } },
      replies: [
        { n: 6, likers: [6, 1] },
        { n: 1, replies: [{ n: 2 }, { n: 7, quoted: { n: 8, likers: [2, 3, 4] } }] },
      ],
    };
    const run = await schema.run({ ...answers, "in.Docs/Get": () => internal(said) });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({ comment: expected(said) });
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(1);
    expect(run.asked("in.Companies/BatchGetCompanies")).toHaveLength(1);
  });
});

describe("joins on what joins have found", () => {
  it("three levels deep, each in one call", async () => {
    const schema = await gateway(
      `${people}
      service Docs { rpc Get(Empty) returns (Docs_); }
      message Doc { string user_id = 1; } message Docs_ { repeated Doc docs = 1; }`,
      `${api("in.Docs")}
      message GetResponse { repeated Doc docs = 1; }
      message Doc { ${userJoin("user", "user_id")} User user = 1; }
      message User {
        ${companyOf}
        string email = 1;
        Company company = 2;
      }
      message Company {
        ${userJoin("owner", "owner_id")}
        string name = 1;
        Owner owner = 2;
      }
      message Owner { string email = 1; Address address = 2; }
      message Address {
        option (portico.v1.message).join = {
          name: "capital" method: "in.Companies/BatchGetCompanies" key: "country_id -> ids = companies.id"
        };
        string capital = 1 [(portico.v1.field).from = "capital.name"];
      }`,
    );
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({ docs: ["u1", "u2", "ux", "u1", ""].map((userId) => ({ userId })) }),
    });
    const user = (n: number) => ({
      email: `u${n}@`,
      company: { name: `C${n}`, owner: { email: `u${n}@`, address: { capital: `U${n}` } } },
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([{ user: user(1) }, { user: user(2) }, {}, { user: user(1) }, {}]);
    expect(run.upstream.calls.map((call) => call.method)).toEqual([
      "in.Docs/Get",
      "in.Users/BatchGetUsers",
      "in.Companies/BatchGetCompanies",
      "in.Users/BatchGetUsers",
      "in.Companies/BatchGetCompanies",
    ]);
  });

  it("a key that reads another join of the same message; also inside found rows", async () => {
    const schema = await gateway(
      `${people}
      service Docs { rpc Get(Empty) returns (Docs_); }
      message Doc { string user_id = 1; } message Docs_ { repeated Doc docs = 1; }`,
      `${api("in.Docs")}
      message GetResponse { repeated Doc docs = 1; }
      message Doc {
        ${userJoin("user", "user_id")}
        option (portico.v1.message).join = {
          name: "company" method: "in.Companies/BatchGetCompanies" key: "user.company_id -> ids = companies.id"
        };
        Company company = 1;
      }
      message Company {
        ${userJoin("owner", "owner_id")}
        option (portico.v1.message).join = {
          name: "holding" method: "in.Companies/BatchGetCompanies" key: "owner.company_id -> ids = companies.id"
        };
        string owner = 1 [(portico.v1.field).from = "owner.email"];
        string parent = 2 [(portico.v1.field).from = "holding.name"];
      }`,
    );
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({ docs: ["u1", "ux", "u2"].map((userId) => ({ userId })) }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { company: { owner: "u1@", parent: "C1" } },
      {},
      { company: { owner: "u2@", parent: "C2" } },
    ]);
    expect(run.upstream.calls).toHaveLength(5);
  });
});

describe("where rows come from", () => {
  it("two source types for one public message: each with its own keys, in one call", async () => {
    const schema = await gateway(
      `${people}
      service Docs { rpc Get(Empty) returns (Docs_); }
      message Old { string owner = 1; } message New { int32 x = 1; string user_id = 2; }
      message Docs_ { repeated Old old = 1; repeated New new = 2; }`,
      `${api("in.Docs")}
      message GetResponse { repeated OldDoc old = 1; repeated NewDoc new = 2; }
      message OldDoc { Doc doc = 1 [(portico.v1.field).from = "source"]; }
      message NewDoc { Doc doc = 1 [(portico.v1.field).from = "source"]; }
      message Doc {
        User user = 1 [(portico.v1.field).from = "user"];
        string owner = 2 [(portico.v1.field) = {from: "owner" from: "user_id"}];
        ${userJoin("user", "user_key")}
      }
      message User { string email = 1; }`.replace('"user_key -> ', '"owner -> '),
    ).catch((thrown: Error) => thrown);
    // A key is one path: a message whose sources name it differently has to say so with two messages.
    expect(String(schema)).toContain('no "owner" in in.New');
  });

  it("two source types with the key under one name", async () => {
    const schema = await gateway(
      `${people}
      service Docs { rpc Get(Empty) returns (Docs_); }
      message Old { string user_id = 1; } message New { int32 x = 1; string user_id = 2; }
      message Docs_ { repeated Old old = 1; repeated New new = 2; repeated Old more = 3; }`,
      `${api("in.Docs")}
      message GetResponse { repeated Doc old = 1; repeated Doc new = 2; repeated Doc more = 3; }
      message Doc {
        ${userJoin("user", "user_id")}
        option (portico.v1.message).join = {
          name: "company" method: "in.Companies/BatchGetCompanies" key: "user.company_id -> ids = companies.id"
        };
        string email = 1 [(portico.v1.field).from = "user.email"];
        string company = 2 [(portico.v1.field).from = "company.name"];
      }`,
    );
    const docs = (...ns: number[]) => ns.map((n) => ({ userId: `u${n}` }));
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => ({ old: docs(1, 2), new: docs(3, 1), more: docs(4) }),
    });
    const found = (...ns: number[]) => ns.map((n) => ({ email: `u${n}@`, company: `C${n}` }));
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({ old: found(1, 2), new: found(3, 1), more: found(4) });
    expect(run.upstream.calls).toHaveLength(3);
  });

  it("a named call's reply, beside the source", async () => {
    const schema = await gateway(
      `${people}
      service Docs {
        rpc Get(Empty) returns (Docs_);
        rpc GetPinned(Empty) returns (Docs_);
        rpc GetTop(Empty) returns (Docs_);
      }
      message Doc { string user_id = 1; string title = 2; } message Docs_ { repeated Doc docs = 1; string note = 2; }`,
      `service Api {
        option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
        rpc Get(GetRequest) returns (GetResponse) {
          option (portico.v1.method).call = {method: "Get"};
          option (portico.v1.method).call = {name: "pinned" method: "GetPinned" select: "docs"};
          option (portico.v1.method).call = {name: "top" method: "GetTop"};
        }
      }
      message GetRequest {}
      message GetResponse {
        string top_note = 1 [(portico.v1.field).from = "top.note"];
        repeated Doc pinned = 2;
        repeated Doc docs = 3;
        repeated Doc top = 4 [(portico.v1.field).from = "top.docs"];
      }
      message Doc { ${userJoin("user", "user_id")} string email = 1 [(portico.v1.field).from = "user.email"]; }`,
    );
    const docs = (...ns: number[]) => ({ docs: ns.map((n) => ({ userId: `u${n}` })), note: "n" });
    const run = await schema.run({
      ...answers,
      "in.Docs/Get": () => docs(1, 2),
      "in.Docs/GetPinned": () => docs(3),
      "in.Docs/GetTop": () => docs(4, 1),
    });
    const found = (...ns: number[]) => ns.map((n) => ({ email: `u${n}@` }));
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({ topNote: "n", pinned: found(3), docs: found(1, 2), top: found(4, 1) });
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(1);
  });
});
