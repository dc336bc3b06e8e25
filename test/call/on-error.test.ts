import { Code, PorticoError } from "@portico/runtime";
import { describe, expect, it } from "vitest";
import { encoded, failure, gateway, sleep } from "../support/gateway.js";

const schema = gateway(
  `
  service Docs {
    rpc Get(GetRequest) returns (Docs_);
    rpc Watch(GetRequest) returns (stream Docs_);
    rpc CreateNote(Note) returns (Note);
  }
  service Users {
    rpc GetUser(GetUserRequest) returns (User);
    rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_);
    rpc BatchGetTeams(BatchGetUsersRequest) returns (Users_);
  }
  message GetRequest { string id = 1; string locale = 2; }
  message Docs_ { string title = 1; repeated Doc docs = 2; }
  message Doc { string id = 1; string user_id = 2; repeated string watcher_ids = 3; }
  message GetUserRequest { string id = 1; }
  message BatchGetUsersRequest { repeated string ids = 1; string page_token = 2; }
  message User { string id = 1; string name = 2; string team_id = 3; repeated string tags = 4; Address address = 5; }
  message Address { string city = 1; }
  message Users_ { repeated User users = 1; string next_page_token = 2; }
  message Note { string text = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Named(GetRequest) returns (NamedResponse) {
      option (portico.v1.method) = {
        call: {method: "Get"}
        call: {name: "viewer" method: "in.Users/GetUser" set: "id = request.id" timeout: "40ms"
          on_error: {code: "NOT_FOUND" then: EMPTY}
          on_error: {code: "DEADLINE_EXCEEDED" then: EMPTY}
          on_error: {code: "PERMISSION_DENIED" then: EMPTY}
          on_error: {code: "INVALID_ARGUMENT" as: "FAILED_PRECONDITION" message: "'no \\\\'viewer\\\\''"}
          on_error: {code: "ABORTED" as: "UNAVAILABLE"}
          on_error: {code: "OUT_OF_RANGE" message: "'far out'"}
        }
      };
    }
    rpc Unnamed(GetRequest) returns (UnnamedResponse) {
      option (portico.v1.method) = {
        call: {method: "Get" on_error: {code: "UNIMPLEMENTED" then: FAIL as: "NOT_FOUND"} on_error: {then: EMPTY}}
        call: {name: "viewer" method: "in.Users/GetUser" set: "id = request.id"}
      };
    }
    rpc Computed(GetRequest) returns (ComputedResponse) {
      option (portico.v1.method) = {
        call: {method: "Get"}
        call: {name: "viewer" method: "in.Users/GetUser" set: "id = request.id" on_error: {then: EMPTY}}
      };
    }
    rpc Chained(GetRequest) returns (Docs) {
      option (portico.v1.method) = {
        call: {name: "viewer" method: "in.Users/GetUser" set: "id = request.id" on_error: {then: EMPTY}}
        call: {method: "Get" set: "locale = viewer.name"}
      };
    }
    rpc Audited(GetRequest) returns (Docs) {
      option (portico.v1.method) = {
        call: {method: "Get"}
        call: {name: "audit" method: "CreateNote" set: "text = request.id" on_error: {then: EMPTY}}
      };
    }
    rpc Joined(GetRequest) returns (Docs) { option (portico.v1.method).call = {method: "Get"}; }
    rpc Each(GetRequest) returns (EachResponse) { option (portico.v1.method).call = {method: "Get"}; }
    rpc Dropped(GetRequest) returns (DroppedResponse) { option (portico.v1.method).call = {method: "Get"}; }
    rpc Lists(GetRequest) returns (ListsResponse) { option (portico.v1.method).call = {method: "Get"}; }
    rpc Strict(GetRequest) returns (StrictResponse) { option (portico.v1.method).call = {method: "Get"}; }
    rpc Nested(GetRequest) returns (NestedResponse) { option (portico.v1.method).call = {method: "Get"}; }
    rpc Paged(GetRequest) returns (PagedResponse) { option (portico.v1.method).call = {method: "Get"}; }
    rpc Watch(GetRequest) returns (stream Docs) {
      option (portico.v1.method).call = {method: "Watch" on_error: {code: "ABORTED" as: "UNAVAILABLE" message: "'again'"}};
    }
  }
  message GetRequest { string id = 1; }
  message NamedResponse {
    string title = 1;
    string name = 2 [(portico.v1.field).from = "viewer.name"];
    User viewer = 3;
    User again = 4 [(portico.v1.field).from = "viewer"];
    repeated string tags = 5 [(portico.v1.field).from = "viewer.tags"];
    string city = 6 [(portico.v1.field).from = "viewer.address.city"];
    Address address = 7 [(portico.v1.field).from = "viewer.address"];
    repeated ViewedDoc docs = 8;
  }
  message ViewedDoc { string id = 1; string viewed_by = 2 [(portico.v1.field).from = "viewer.id"]; }
  message User { string name = 1; }
  message Address { string city = 1; }
  message ComputedResponse {
    string either = 1 [(portico.v1.field).from = "viewer == null ? 'nobody' : viewer.name"];
    string both = 2 [(portico.v1.field).from = "title + viewer.name"];
    string title = 3 [(portico.v1.field).when = "viewer != null"];
  }
  message UnnamedResponse {
    string title = 1; repeated Doc docs = 2;
    string name = 3 [(portico.v1.field).from = "viewer.name"];
  }
  message Docs { repeated Doc docs = 1; }
  message Doc {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" batch_size: 2
      on_error: {code: "UNAVAILABLE" then: EMPTY}
    };
    string id = 1;
    string user_name = 2 [(portico.v1.field).from = "user.name"];
    User user = 3;
  }
  message EachResponse { repeated EachDoc docs = 1; }
  message EachDoc {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/GetUser" key: "user_id -> id" max_keys: 10 on_missing: DROP
      on_error: {then: EMPTY}
    };
    string id = 1;
    string user_name = 2 [(portico.v1.field).from = "user.name"];
  }
  message DroppedResponse { repeated DroppedDoc docs = 1; }
  message DroppedDoc {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" batch_size: 2
      on_error: {code: "UNAVAILABLE" then: EMPTY} on_error: {then: DROP}
    };
    string id = 1;
    string user_name = 2 [(portico.v1.field).from = "user.name"];
  }
  message ListsResponse { repeated ListsDoc docs = 1; }
  message ListsDoc {
    option (portico.v1.message).join = {
      name: "watchers" method: "in.Users/BatchGetUsers" key: "watcher_ids -> ids = users.id" batch_size: 2
      on_missing: FAIL on_error: {code: "UNAVAILABLE" then: EMPTY} on_error: {code: "ABORTED" then: DROP}
    };
    string id = 1;
    repeated User watchers = 2;
  }
  message StrictResponse { repeated StrictDoc docs = 1; }
  message StrictDoc {
    option (portico.v1.message) = {
      join: { name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" on_error: {then: EMPTY} }
      join: { name: "strict" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" on_error: {code: "UNAVAILABLE" as: "ABORTED"} on_error: {then: EMPTY} }
    };
    string name = 1 [(portico.v1.field).from = "user.name"];
    string strict_name = 2 [(portico.v1.field).from = "strict.name"];
  }
  message NestedResponse { repeated NestedDoc docs = 1; }
  message NestedDoc {
    option (portico.v1.message) = {
      join: { name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" on_error: {then: EMPTY} }
      join: { name: "team" method: "in.Users/BatchGetTeams" key: "user.team_id -> ids = users.id" }
    };
    string id = 1;
    string team_name = 2 [(portico.v1.field).from = "team.name"];
    Member user = 3;
  }
  message Member {
    option (portico.v1.message).join = {
      name: "team" method: "in.Users/BatchGetUsers" key: "team_id -> ids = users.id" on_error: {then: EMPTY}
    };
    string name = 1;
    string team = 2 [(portico.v1.field).from = "team.name"];
  }
  message PagedResponse { repeated PagedDoc docs = 1; }
  message PagedDoc {
    option (portico.v1.message).join = {
      name: "users" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" max_pages: 3 on_error: {then: EMPTY}
    };
    string id = 1;
    repeated User users = 2;
  }
  `,
);

const fail = (code: number) => () => {
  throw failure(code);
};
const docs = (...userIds: string[]) => ({
  title: "t",
  docs: userIds.map((userId, i) => ({ id: `d${i}`, userId, watcherIds: userId.split("") })),
});
const get = (...userIds: string[]) => ({ "in.Docs/Get": () => docs(...userIds) });
const users = ({ ids = [] }: { ids?: string[] }) => ({
  users: ids.map((id) => ({ id, name: `name of ${id}`, teamId: `t${id}` })),
});
/** Answers for users, and fails for calls that ask for this one. */
const usersBut = (bad: string, code: number) => (request: { ids?: string[] }) => {
  if (request.ids?.includes(bad)) throw failure(code);
  return users(request);
};

describe("on_error of a call with a name", () => {
  const run = async (code: number) =>
    (await schema).run({ ...get("a"), "in.Users/GetUser": fail(code) }, { method: "pub.Api/Named" });

  it.each([
    ["NOT_FOUND", Code.NOT_FOUND],
    ["PERMISSION_DENIED, which clients are never told", Code.PERMISSION_DENIED],
  ])("EMPTY leaves unset what is made from it: %s", async (_, code) => {
    const { response, error, call } = await run(code);
    expect(error).toBeUndefined();
    expect(response).toEqual({ title: "t", docs: [{ id: "d0" }] });
    expect(call.degraded).toBe("address,again,city,docs.viewed_by,name,tags,viewer");
  });

  it("is not there for those who are answered", async () => {
    const { response, call } = await (await schema).run(
      { ...get("a"), "in.Users/GetUser": () => ({ id: "v", name: "n", tags: ["x"], address: {} }) },
      { method: "pub.Api/Named" },
    );
    expect(response).toMatchObject({ name: "n", viewer: { name: "n" }, again: { name: "n" }, address: {} });
    expect(response.docs).toEqual([{ id: "d0", viewedBy: "v" }]);
    expect(call.degraded).toBeUndefined();
  });

  it("keeps a message that is there and empty apart from one that is not there", async () => {
    const { response } = await (await schema).run(
      { ...get(), "in.Users/GetUser": () => ({}) },
      { method: "pub.Api/Named" },
    );
    expect(response).toEqual({ title: "t", viewer: {}, again: {} });
  });

  it("is null in expressions", async () => {
    const run = async (answer: () => unknown) =>
      (await schema).run({ ...get(), "in.Users/GetUser": answer }, { method: "pub.Api/Computed" });
    const degraded = await run(fail(Code.NOT_FOUND));
    expect(degraded.response).toEqual({ either: "nobody" });
    // What an expression makes of it is named too: it is another value than it would be.
    expect(degraded.call.degraded).toBe("both,either,title");
    const whole = await run(() => ({ name: "n" }));
    expect(whole.response).toEqual({ either: "n", both: "tn", title: "t" });
  });

  it("fits the call's own timeout as DEADLINE_EXCEEDED", async () => {
    const { response, call } = await (await schema).run(
      {
        ...get("a"),
        "in.Users/GetUser": async () => {
          await sleep(300);
          return {};
        },
      },
      { method: "pub.Api/Named" },
    );
    expect(response).toEqual({ title: "t", docs: [{ id: "d0" }] });
    expect(call.degraded).toContain("viewer");
  });

  it.each<[string, number, number, string]>([
    ["as and message", Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION, "no 'viewer'"],
    ["as alone: the text of that code", Code.ABORTED, Code.UNAVAILABLE, "unavailable"],
    ["message alone: the code that passes by itself", Code.OUT_OF_RANGE, Code.OUT_OF_RANGE, "far out"],
    ["no entry", Code.UNAVAILABLE, Code.UNAVAILABLE, "unavailable"],
    ["no entry, and a code that never passes", Code.UNAUTHENTICATED, Code.INTERNAL, "internal error"],
  ])("FAIL: %s", async (_, upstream, code, message) => {
    const { error, call } = await run(upstream);
    expect(error).toMatchObject({ code, message });
    expect(call.degraded).toBeUndefined();
  });
});

describe("on_error of the call without a name", () => {
  const run = async (code: number) =>
    (await schema).run(
      { "in.Docs/Get": fail(code), "in.Users/GetUser": () => ({ name: "n" }) },
      { method: "pub.Api/Unnamed" },
    );

  it("EMPTY empties the response", async () => {
    const { response, call } = await run(Code.INTERNAL);
    expect(response).toEqual({});
    expect(call.degraded).toBe("docs,name,title");
  });

  it("takes the first entry that fits", async () => {
    const { error } = await run(Code.UNIMPLEMENTED);
    expect(error).toMatchObject({ code: Code.NOT_FOUND, message: "not found" });
  });

  it("of a stream, says how it ends", async () => {
    const watch = () => [docs("a"), failure(Code.ABORTED)];
    const { error } = await (await schema).run(
      { "in.Docs/Watch": watch, "in.Users/BatchGetUsers": users },
      { method: "pub.Api/Watch" },
    );
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, message: "again" });
  });
});

describe("calls beside one that is EMPTY", () => {
  it("are made without what it would have given", async () => {
    const { response, asked } = await (await schema).run(
      { ...get("a"), "in.Users/GetUser": fail(Code.INTERNAL), "in.Users/BatchGetUsers": users },
      { method: "pub.Api/Chained", request: { id: "x" } },
    );
    expect(asked("in.Docs/Get")).toEqual([{ id: "x" }]);
    expect(response.docs).toHaveLength(1);
  });

  it("do not suffer from a write that does not matter", async () => {
    const { response, call } = await (await schema).run(
      { ...get("a"), "in.Docs/CreateNote": fail(Code.INTERNAL), "in.Users/BatchGetUsers": users },
      { method: "pub.Api/Audited", request: { id: "x" } },
    );
    expect(response.docs).toHaveLength(1);
    // Nothing of the response is made from it.
    expect(call.degraded).toBeUndefined();
  });
});

describe("on_error of a join", () => {
  it("EMPTY: the rows of a batch that failed are unset, the others stay", async () => {
    const { response, call } = await (await schema).run(
      { ...get("a", "b", "c", "a"), "in.Users/BatchGetUsers": usersBut("c", Code.UNAVAILABLE) },
      { method: "pub.Api/Joined" },
    );
    expect(response.docs).toEqual([
      { id: "d0", userName: "name of a", user: { name: "name of a" } },
      { id: "d1", userName: "name of b", user: { name: "name of b" } },
      { id: "d2" },
      { id: "d3", userName: "name of a", user: { name: "name of a" } },
    ]);
    expect(call.degraded).toBe("docs.user,docs.user_name");
  });

  it("fails for what no entry fits", async () => {
    const { error, call } = await (await schema).run(
      { ...get("a", "b", "c"), "in.Users/BatchGetUsers": usersBut("c", Code.INTERNAL) },
      { method: "pub.Api/Joined" },
    );
    expect(error).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
    expect(call.degraded).toBeUndefined();
  });

  it("DROP leaves the rows of a batch that failed out; by code, EMPTY keeps them", async () => {
    const { response, call } = await (await schema).run(
      {
        ...get("a", "b", "c", "d", "e"),
        "in.Users/BatchGetUsers": (request: { ids: string[] }) => {
          if (request.ids.includes("c")) throw failure(Code.INTERNAL);
          return usersBut("e", Code.UNAVAILABLE)(request);
        },
      },
      { method: "pub.Api/Dropped" },
    );
    expect(response.docs).toEqual([
      { id: "d0", userName: "name of a" },
      { id: "d1", userName: "name of b" },
      { id: "d4" },
    ]);
    expect(call.degraded).toBe("docs.user_name");
  });

  it("for one key a call: NOT_FOUND is missing, all else an error", async () => {
    const { response, call } = await (await schema).run(
      {
        ...get("a", "b", "c"),
        "in.Users/GetUser": ({ id }: { id: string }) => {
          if (id === "b") throw failure(Code.NOT_FOUND);
          if (id === "c") throw failure(Code.INTERNAL);
          return { id, name: "n" };
        },
      },
      { method: "pub.Api/Each" },
    );
    // What is missing is dropped; of what failed nobody knows whether it is missing.
    expect(response.docs).toEqual([{ id: "d0", userName: "n" }, { id: "d2" }]);
    expect(call.degraded).toBe("docs.user_name");
  });

  it.each<[string, number, unknown]>([
    [
      "EMPTY keeps what was found",
      Code.UNAVAILABLE,
      [
        { id: "d0", watchers: [{ name: "name of a" }, { name: "name of b" }] },
        { id: "d1", watchers: [{ name: "name of b" }] },
      ],
    ],
    [
      "DROP needs all",
      Code.ABORTED,
      [{ id: "d0", watchers: [{ name: "name of a" }, { name: "name of b" }] }],
    ],
  ])("of a list of keys: %s", async (_, code, expected) => {
    const { response, error } = await (await schema).run(
      { ...get("ab", "bc"), "in.Users/BatchGetUsers": usersBut("c", code) },
      { method: "pub.Api/Lists" },
    );
    expect(error).toBeUndefined();
    expect(response.docs).toEqual(expected);
  });

  it("joins that share a call have each their own: one that fails is enough", async () => {
    const run = async (code: number) =>
      (await schema).run({ ...get("a"), "in.Users/BatchGetUsers": fail(code) }, { method: "pub.Api/Strict" });
    const failed = await run(Code.UNAVAILABLE);
    expect(failed.error).toMatchObject({ code: Code.ABORTED, message: "aborted" });
    const degraded = await run(Code.INTERNAL);
    expect(degraded.upstream.calls).toHaveLength(2);
    expect(degraded.response).toEqual({ docs: [{}] });
    expect(degraded.call.degraded).toBe("docs.name,docs.strict_name");
  });

  it("names what other joins would have given, whose keys it has", async () => {
    const { response, call, asked } = await (await schema).run(
      { ...get("a"), "in.Users/BatchGetUsers": fail(Code.INTERNAL), "in.Users/BatchGetTeams": users },
      { method: "pub.Api/Nested" },
    );
    expect(response).toEqual({ docs: [{ id: "d0" }] });
    expect(asked("in.Users/BatchGetTeams")).toEqual([]);
    expect(call.degraded).toBe("docs.team_name,docs.user");
  });

  it("inside found rows, by its place in the response", async () => {
    const { response, call } = await (await schema).run(
      {
        ...get("a"),
        "in.Users/BatchGetUsers": usersBut("ta", Code.INTERNAL),
        "in.Users/BatchGetTeams": users,
      },
      { method: "pub.Api/Nested" },
    );
    expect(response).toEqual({
      docs: [{ id: "d0", teamName: "name of ta", user: { name: "name of a" } }],
    });
    expect(call.degraded).toBe("docs.user.team");
  });

  it("a later page that fails takes the whole batch", async () => {
    let page = 0;
    const { response, call } = await (await schema).run(
      {
        ...get("a"),
        "in.Users/BatchGetUsers": (request: { ids: string[] }) => {
          if (++page === 2) throw failure(Code.UNAVAILABLE);
          return { ...users(request), nextPageToken: "more" };
        },
      },
      { method: "pub.Api/Paged" },
    );
    expect(response).toEqual({ docs: [{ id: "d0" }] });
    expect(call.degraded).toBe("docs.users");
  });
});

describe("what is no answer of the upstream never fits", () => {
  const method = "pub.Api/Unnamed";
  const viewer = { "in.Users/GetUser": () => ({ name: "n" }) };
  const slow = async () => {
    await sleep(2000);
    return {};
  };

  it("the end of the client's deadline", async () => {
    const { error } = await (await schema).run({ "in.Docs/Get": slow, ...viewer }, { method, timeoutMs: 50 });
    expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  it("a client that has gone", async () => {
    const gone = new PorticoError(Code.CANCELLED, "gone");
    const { error } = await (await schema).run(
      { "in.Docs/Get": slow, ...viewer },
      { method, onCall: (call) => setTimeout(() => call.cancel(gone), 10) },
    );
    expect(error).toBe(gone);
  });

  it("another call that failed", async () => {
    const { error } = await (await schema).run(
      { "in.Docs/Get": slow, "in.Users/GetUser": fail(Code.ALREADY_EXISTS) },
      { method },
    );
    expect(error).toMatchObject({ code: Code.ALREADY_EXISTS });
  });

  it.each([
    ["upstream calls", { maxCalls: 0 }],
    ["upstream data", { maxUpstreamBytes: 1 }],
  ])("the bound on %s", async (_, limits) => {
    const { error } = await (await schema).run({ ...get("a"), ...viewer }, { method, limits });
    expect(error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  });

  it("a malformed reply", async () => {
    const { compiled, run } = await schema;
    const broken = encoded(compiled.registry, "in.Users_", { users: [{ id: "a" }] }).subarray(0, 4);
    const { error } = await run(
      { ...get("a"), "in.Users/BatchGetUsers": () => broken },
      { method: "pub.Api/Nested" },
    );
    expect(error).toMatchObject({ code: Code.INTERNAL });
  });
});

it("asks for no row of what is not there, so that none is missing", async () => {
  const { run } = await gateway(
    `service Docs { rpc Get(GetRequest) returns (Doc); rpc BatchGetUsers(Ids) returns (Users); }
    message GetRequest { string id = 1; } message Doc { string id = 1; string user_id = 2; }
    message Ids { repeated string ids = 1; } message Users { repeated User users = 1; }
    message User { string id = 1; string name = 2; }`,
    `service Api {
      option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
      rpc Get(GetRequest) returns (Doc) { option (portico.v1.method).call = {method: "Get" on_error: {then: EMPTY}}; }
    }
    message GetRequest { string id = 1; }
    message Doc {
      option (portico.v1.message).join = {
        name: "user" method: "in.Docs/BatchGetUsers" key: "user_id -> ids = users.id" on_missing: FAIL
      };
      string id = 1;
      string user = 2 [(portico.v1.field).from = "user.name"];
    }`,
  );
  const fail = () => {
    throw failure(Code.UNAVAILABLE);
  };
  const found = await run({ "in.Docs/Get": fail }, {});
  expect([found.error, found.response]).toEqual([undefined, {}]);
  expect(found.upstream.calls.map(({ method }) => method)).toEqual(["in.Docs/Get"]);
  const missing = await run(
    { "in.Docs/Get": () => ({ userId: "1" }), "in.Docs/BatchGetUsers": () => ({}) },
    {},
  );
  expect(missing.error?.code).toBe(Code.NOT_FOUND);
});
