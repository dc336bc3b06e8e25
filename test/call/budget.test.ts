import { Code } from "@portico/runtime";
import { describe, expect, it } from "vitest";
import { compile } from "../support/compile.js";
import { gateway, sourcesOf } from "../support/gateway.js";

const internal = `
  service Docs { rpc Get(Empty) returns (Docs_); rpc Find(Empty) returns (Doc); rpc Watch(Empty) returns (stream Docs_); }
  service Users {
    rpc GetUser(GetUserRequest) returns (User);
    rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_);
    rpc ListUsers(Empty) returns (Users_);
    rpc BatchGetStocks(BatchGetStocksRequest) returns (Stocks);
    rpc BatchGetTeams(BatchGetTeamsRequest) returns (Teams);
  }
  message Empty {}
  message Docs_ { repeated Doc docs = 1; Doc latest = 2; }
  message Doc { string user_id = 1; string reviewer_id = 2; string house = 3; string sku = 4; repeated Doc parts = 5; repeated string tags = 6; }
  message GetUserRequest { string id = 1; }
  message BatchGetUsersRequest { repeated string ids = 1; string page_token = 2; }
  message User { string id = 1; string name = 2; string team_id = 3; }
  message Users_ { repeated User users = 1; string next_page_token = 2; }
  message BatchGetStocksRequest { string house = 1; repeated string skus = 2; }
  message Stock { string house = 1; string sku = 2; int32 count = 3; }
  message Stocks { repeated Stock stocks = 1; }
  message BatchGetTeamsRequest { repeated string ids = 1; }
  message Team { string id = 1; string name = 2; }
  message Teams { repeated Team teams = 1; }
`;

const join = (name: string, key: string, more = "", method = "BatchGetUsers") =>
  `option (portico.v1.message).join = { name: "${name}" method: "in.Users/${method}" key: "${key}" ${more} };`;
const USER = join("user", "user_id -> ids = users.id");

/** The last lines of the comment above the handler of a method that lists docs. */
function formula(doc: string, options: { rpc?: string; response?: string; more?: string } = {}): string {
  const {
    rpc = 'rpc Get(Request) returns (Docs) { option (portico.v1.method).call = {method: "Get"}; }',
    response = "message Docs { repeated Doc docs = 1; }",
    more = "",
  } = options;
  const { files, error } = compile(
    sourcesOf(
      internal,
      `service Api { option (portico.v1.service) = { from: "in.Docs" allow: {public: true} }; ${rpc} }
      message Request {} ${response} message Doc { ${doc} } ${more}`,
    ),
  );
  if (error !== undefined) throw new Error(error);
  const text = [...files.values()].find((content) => content.includes("upstream calls"))!;
  return /^ \* (upstream calls[\s\S]*?)\n \*\//m.exec(text)![1]!.replace(/^ \* {0,1}/gm, "");
}

const name = 'string name = 1 [(portico.v1.field).from = "user.name"];';

describe("the number of upstream calls, as it stands above a handler", () => {
  it.each<[string, string, Parameters<typeof formula>[1], string]>([
    ["of a batch", USER + name, {}, "1 + ceil(|docs.user_id| / 500), at most 21"],
    [
      "of smaller batches of fewer rows",
      join("user", "user_id -> ids = users.id", "batch_size: 100 max_rows: 250") + name,
      {},
      "1 + ceil(|docs.user_id| / 100), at most 4",
    ],
    [
      "of a call that has fewer rows",
      USER + name,
      {
        rpc: 'rpc Get(Request) returns (Docs) { option (portico.v1.method).call = {method: "Get" max_rows: 600}; }',
      },
      "1 + ceil(|docs.user_id| / 500), at most 3",
    ],
    [
      "of lists of keys, whose number no row says",
      `${join("users", "tags -> ids = users.id", "max_rows: 10")}repeated User users = 1; `,
      { more: "message User { string name = 1; }" },
      "1 + ceil(|docs.tags| / 500), at most 21",
    ],
    [
      "of a call for each key",
      join("user", "user_id -> id", "max_keys: 20", "GetUser") + name,
      {},
      "1 + |docs.user_id|, at most 21",
    ],
    ["of a join that asks once", join("user", "user_id = users.id", "", "ListUsers") + name, {}, "2"],
    [
      "of the one row of a response",
      USER + name,
      { rpc: 'rpc Get(Request) returns (Doc) { option (portico.v1.method).call = {method: "Find"}; }' },
      "2",
    ],
    [
      "of a message at two places",
      USER + name,
      { response: "message Docs { repeated Doc docs = 1; Doc latest = 2; }" },
      "1 + ceil(|docs.user_id, latest.user_id| / 500), at most 21",
    ],
    [
      "of a message in itself",
      `${USER + name} repeated Doc parts = 2;`,
      {},
      "1 + ceil(|docs.user_id| / 500), at most 21",
    ],
    [
      "of joins that share their calls",
      `${USER + join("reviewer", "reviewer_id -> ids = users.id") + name}
       string reviewer = 2 [(portico.v1.field).from = "reviewer.name"];`,
      {},
      "1 + ceil(|docs.user_id, docs.reviewer_id| / 500), at most 21",
    ],
    [
      "of joins that ask in other ways",
      `${USER + join("reviewer", "reviewer_id -> ids = users.id", "batch_size: 10") + name}
       string reviewer = 2 [(portico.v1.field).from = "reviewer.name"];`,
      {},
      "1 + ceil(|docs.user_id| / 500) + ceil(|docs.reviewer_id| / 10), at most 1021",
    ],
    [
      "of keys that are grouped",
      `${join("stock", "house -> house = stocks.house", 'key: "sku -> skus = stocks.sku" max_keys: 100', "BatchGetStocks")}
       int32 count = 1 [(portico.v1.field).from = "stock.count"];`,
      {},
      "1 + ceil(|docs.sku| / 500) for each |docs.house|, at most 101",
    ],
    [
      "of pages",
      join("user", "user_id -> ids = users.id", "max_pages: 3 max_keys: 500") + name,
      {},
      "1 + up to 3 * ceil(|docs.user_id| / 500), at most 4",
    ],
    [
      "of joins on joins",
      `${USER} User user = 1;`,
      {
        more: `message User { ${join("team", "team_id -> ids = teams.id", "batch_size: 50", "BatchGetTeams")}
          string name = 1; string team = 2 [(portico.v1.field).from = "team.name"]; }`,
      },
      "1 + ceil(|docs.user_id| / 500) + ceil(|docs.user.team_id| / 50), at most 221",
    ],
    [
      "of a key that another join gives",
      `${USER + join("team", "user.team_id -> ids = teams.id", "", "BatchGetTeams")}
       string team = 1 [(portico.v1.field).from = "team.name"];`,
      {},
      "1 + ceil(|docs.user_id| / 500) + ceil(|docs.user.team_id| / 500), at most 41",
    ],
  ])("%s", (_, doc, options, expected) => {
    expect(formula(doc, options)).toBe(`upstream calls: ${expected}`);
  });

  it("is a list where it is long", () => {
    const names = ["user", "reviewer"];
    const joins = names.map((n, i) => join(n, `${n}_id -> ids = users.id`, `batch_size: ${i + 1}`)).join("");
    const fields = names.map(
      (n, i) => `string ${n}_name = ${i + 1} [(portico.v1.field).from = "${n}.name"];`,
    );
    const response =
      'message Docs { repeated Doc a_list_with_a_long_name = 1 [(portico.v1.field).from = "docs"]; }';
    expect(formula(joins + fields.join(" "), { response })).toBe(
      [
        "upstream calls, at most 15001: 1",
        "  + |a_list_with_a_long_name.user_id|",
        "  + ceil(|a_list_with_a_long_name.reviewer_id| / 2)",
      ].join("\n"),
    );
  });
});

describe("max_calls", () => {
  const schema = gateway(
    internal,
    `
    service Api {
      option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
      rpc Get(Request) returns (Docs) { option (portico.v1.method) = { call: {method: "Get"} max_calls: 3 }; }
      rpc Watch(Request) returns (stream Docs) { option (portico.v1.method) = { call: {method: "Watch"} max_calls: 3 }; }
    }
    message Request {}
    message Docs { repeated Doc docs = 1; }
    message Doc { ${join("user", "user_id -> id", "max_keys: 20", "GetUser")} ${name} }
    `,
  );
  const docs = (count: number) => ({ docs: Array.from({ length: count }, (_, i) => ({ userId: `u${i}` })) });
  const answers = (count: number) => ({
    "in.Docs/Get": () => docs(count),
    "in.Users/GetUser": ({ id }: { id: string }) => ({ name: `name of ${id}` }),
  });

  it("is enforced where the number depends on the data", async () => {
    const { run } = await schema;
    const fine = await run(answers(2));
    expect(fine.response.docs).toHaveLength(2);
    const tooMany = await run(answers(3));
    expect(tooMany.error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    // The one that would be too many was not made.
    expect(tooMany.upstream.calls).toHaveLength(3);
  });

  it("never allows more than the runtime's own limit", async () => {
    const { run } = await schema;
    const result = await run(answers(2), { limits: { maxCalls: 2 } });
    expect(result.error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    expect(result.upstream.calls).toHaveLength(2);
  });

  it("is per message of a stream", async () => {
    const { run } = await schema;
    const stream = (...counts: number[]) => ({
      ...answers(0),
      "in.Docs/Watch": () => counts.map(docs),
    });
    const fine = await run(stream(3, 3, 3), { method: "pub.Api/Watch" });
    expect(fine.error).toBeUndefined();
    expect(fine.response).toHaveLength(3);
    const tooMany = await run(stream(3, 4), { method: "pub.Api/Watch" });
    expect(tooMany.error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  });
});

describe("max_rows of a call", () => {
  const schema = gateway(
    internal,
    `
    service Api {
      option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
      rpc Get(Request) returns (Docs) { option (portico.v1.method).call = {method: "Get" max_rows: 5}; }
      rpc GetMany(Request) returns (Docs) { option (portico.v1.method).call = {method: "Get"}; }
      rpc Watch(Request) returns (stream Docs) { option (portico.v1.method).call = {method: "Watch" max_rows: 5}; }
      rpc GetJoined(Request) returns (Joined) { option (portico.v1.method).call = {method: "Get" max_rows: 5}; }
      rpc GetNamed(Request) returns (Named) {
        option (portico.v1.method).call = {name: "all" method: "Get" max_rows: 5};
      }
    }
    message Request {}
    message Docs { repeated Doc docs = 1; }
    message Doc { string user_id = 1; repeated Doc parts = 5; }
    message Joined { repeated JoinedDoc docs = 1; }
    message JoinedDoc { ${USER} ${name} }
    message Named { repeated Doc docs = 1 [(portico.v1.field).from = "all.docs"]; Docs all = 2; }
    `,
  );
  const docs = (count: number, parts = 0) => ({
    docs: Array.from({ length: count }, (_, i) => ({
      userId: `u${i}`,
      parts: i === 0 ? Array.from({ length: parts }, () => ({})) : [],
    })),
  });
  const get = (reply: unknown) => ({ "in.Docs/Get": () => reply });

  it.each([
    ["as many as it says", docs(5), "Get", true],
    ["one more", docs(6), "Get", false],
    ["those of lists in lists count too", docs(3, 2), "Get", true],
    ["one more, in a list in a list", docs(3, 3), "Get", false],
    ["10,000 where it says nothing", docs(10_000), "GetMany", true],
    ["one more than 10,000", docs(10_001), "GetMany", false],
    ["of a call with a name", docs(6), "GetNamed", false],
  ])("%s", async (_, reply, method, fits) => {
    const { run } = await schema;
    const { error } = await run(get(reply), { method: `pub.Api/${method}` });
    if (fits) expect(error).toBeUndefined();
    else
      expect(error).toMatchObject({
        code: Code.RESOURCE_EXHAUSTED,
        message: "the request needs too many rows",
      });
    // For the log alone.
    if (!fits) expect(String(error!.cause)).toContain("rows in a reply of /in.Docs/Get");
  });

  it("stops before a join asks for anything", async () => {
    const { run } = await schema;
    const { error, upstream } = await run(get(docs(6)), { method: "pub.Api/GetJoined" });
    expect(error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    expect(upstream.calls).toHaveLength(1);
  });

  it("is per message of a stream", async () => {
    const { run } = await schema;
    const watch = (...replies: unknown[]) => ({ "in.Docs/Watch": () => replies });
    const method = "pub.Api/Watch";
    expect((await run(watch(docs(5), docs(5)), { method })).response).toHaveLength(2);
    expect((await run(watch(docs(5), docs(6)), { method })).error).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
    });
  });
});
