import { Code } from "@portico/runtime";
import { expect, test } from "vitest";
import { type ExposureList, parseExposure } from "../../plugin/src/emit/report/exposure-list.js";
import { gateway } from "../support/gateway.js";

const INTERNAL = `
service Api {
  rpc GetUser(GetUserRequest) returns (User);
  rpc ListUsers(ListUsersRequest) returns (ListUsersResponse);
  rpc UpdateUser(UpdateUserRequest) returns (User);
  rpc CreateUser(User) returns (User);
}
service Teams { rpc BatchGetTeams(BatchGetTeamsRequest) returns (BatchGetTeamsResponse); }
message GetUserRequest { string id = 1; string locale = 2; }
message ListUsersRequest {}
message ListUsersResponse { repeated User users = 1; }
message UpdateUserRequest { User user = 1; google.protobuf.FieldMask update_mask = 2; }
message User {
  string id = 1;
  string phone = 2;
  repeated string notes = 3;
  string team_id = 4;
  Address address = 5;
  map<string, string> labels = 6;
  string email = 7;
  repeated User friends = 8;
}
message Address { string street = 1; string city = 2; }
message BatchGetTeamsRequest { repeated string ids = 1; }
message BatchGetTeamsResponse { repeated Team teams = 1; }
message Team { string id = 1; string name = 2; string lead_id = 3; }
`;
const MASK = 'import "google/protobuf/field_mask.proto";\n';

const SERVICE = `
service Users {
  option (portico.v1.service) = {from: "in.Api" allow: {public: true}};
  rpc GetUser(GetUserRequest) returns (User);
}
message GetUserRequest { string id = 1; }
`;

const user = {
  id: "a",
  phone: "555",
  notes: ["n1", "n2"],
  teamId: "t1",
  address: { street: "s", city: "c" },
  labels: { k: "v" },
  email: "a@x",
};
const answers = {
  "in.Api/GetUser": () => user,
  "in.Teams/BatchGetTeams": ({ ids }: { ids: string[] }) => ({
    teams: ids.map((id) => ({ id, name: `team ${id}`, leadId: "l" })),
  }),
};
const support = { roles: ["support"] };
const allowed = '{role: "support"}';

/** What an anonymous caller, one without the role, and one with it get. */
async function seen(publicText: string, internal = MASK + INTERNAL) {
  const { run } = await gateway(internal, publicText);
  const results = [];
  for (const options of [{}, { roles: ["viewer"] }, support]) {
    const { response, error } = await run(answers, options);
    results.push(error === undefined ? response : error.code);
  }
  return results;
}

test("fields of every kind are written for those whom their policy admits", async () => {
  const allow = `(portico.v1.field).allow = ${allowed}`;
  const [anonymous, other, admitted] = await seen(`${SERVICE}
    message User {
      string id = 1;
      optional string phone = 2 [${allow}];
      repeated string notes = 3 [${allow}];
      Address address = 5 [${allow}];
      map<string, string> labels = 6 [${allow}];
      Address home = 7 [(portico.v1.field) = {from: "address" allow: ${allowed}}];
      optional string loud = 8 [(portico.v1.field) = {from: "phone + '!'" allow: ${allowed}}];
      message Address { string street = 1; optional string city = 2 [${allow}]; }
    }`);
  expect(anonymous).toEqual({ id: "a" });
  expect(other).toEqual({ id: "a" });
  const address = { street: "s", city: "c" };
  expect(admitted).toEqual({
    id: "a",
    phone: "555",
    notes: ["n1", "n2"],
    address,
    labels: { k: "v" },
    home: address,
    loud: "555!",
  });
});

test("a guarded field of a message that everybody gets", async () => {
  const [anonymous, , admitted] = await seen(`${SERVICE}
    message User {
      string id = 1;
      Address address = 5;
      message Address { string street = 1; optional string city = 2 [(portico.v1.field).allow = ${allowed}]; }
    }`);
  expect(anonymous).toEqual({ id: "a", address: { street: "s" } });
  expect(admitted).toEqual({ id: "a", address: { street: "s", city: "c" } });
});

test("in a oneof a denied member counts as not there", async () => {
  const [anonymous, , admitted] = await seen(`${SERVICE}
    message User {
      oneof contact {
        string phone = 1 [(portico.v1.field).allow = ${allowed}];
        string loud = 2 [(portico.v1.field) = {from: "phone + '!'" allow: {authenticated: true}}];
        string email = 3;
      }
    }`);
  expect(anonymous).toEqual({ email: "a@x" });
  expect(admitted).toEqual({ phone: "555" });
  const [, other] = await seen(`${SERVICE}
    message User {
      oneof contact {
        string phone = 1 [(portico.v1.field).allow = ${allowed}];
        string loud = 2 [(portico.v1.field) = {from: "phone + '!'" allow: {authenticated: true}}];
        string email = 3;
      }
    }`);
  expect(other).toEqual({ loud: "555!" });
});

test("what is made from a denied field by `this` inherits it", async () => {
  const [anonymous, , admitted] = await seen(`${SERVICE}
    message User {
      optional string phone = 1 [(portico.v1.field).allow = ${allowed}];
      bool reachable = 2 [(portico.v1.field).from = "has(this.phone)"];
      string greeting = 3 [(portico.v1.field).from = "'call ' + this.phone"];
    }`);
  expect(anonymous).toEqual({ greeting: "call " });
  expect(admitted).toEqual({ phone: "555", reachable: true, greeting: "call 555" });
});

test("a `when` narrows, and reads the request and the caller", async () => {
  const { run } = await gateway(
    MASK + INTERNAL,
    `${SERVICE}
    message User {
      string id = 1;
      optional string phone = 2 [(portico.v1.field).allow = {authenticated: true when: "request.id == auth.subject"}];
      optional string email = 3 [(portico.v1.field).allow = {role: "support" when: "auth.claims.level == 'high'"}];
    }`,
  );
  const own = await run(answers, { request: { id: "me" }, subject: "me", claims: {} });
  expect(own.response).toEqual({ id: "a", phone: "555" });
  const foreign = await run(answers, { request: { id: "you" }, subject: "me", claims: {} });
  expect(foreign.response).toEqual({ id: "a" });
  const high = await run(answers, { roles: ["support"], claims: { level: "high" } });
  expect(high.response).toEqual({ id: "a", email: "a@x" });
  // What goes wrong in it denies.
  const none = await run(answers, { roles: ["support"], claims: {} });
  expect(none.response).toEqual({ id: "a" });
});

const TEAM = `message Team { option (portico.v1.message).load = {method: "in.Teams/BatchGetTeams" key: "ids = teams.id"}; string id = 1; string name = 2; }`;
const JOIN = `option (portico.v1.message).join = {name: "team" method: "in.Teams/BatchGetTeams" key: "team_id -> ids = teams.id"};`;

test("a join that only denied fields need is not run", async () => {
  const { run } = await gateway(
    MASK + INTERNAL,
    `${SERVICE}
    message User {
      ${JOIN}
      string id = 1;
      optional string team_name = 2 [(portico.v1.field) = {from: "team.name" allow: ${allowed}}];
      Team home = 3 [(portico.v1.field) = {key: "team_id" allow: {authenticated: true}}];
    }
    ${TEAM}`,
  );
  const anonymous = await run(answers);
  expect(anonymous.response).toEqual({ id: "a" });
  expect(anonymous.asked("in.Teams/BatchGetTeams")).toEqual([]);
  const other = await run(answers, { claims: {} });
  expect(other.response).toEqual({ id: "a", home: { id: "t1", name: "team t1" } });
  expect(other.asked("in.Teams/BatchGetTeams")).toHaveLength(1);
  const admitted = await run(answers, support);
  expect(admitted.response).toEqual({ id: "a", teamName: "team t1", home: { id: "t1", name: "team t1" } });
});

test("a join runs for the fields that are not denied, for the keys of another, and where it decides about rows", async () => {
  const { run } = await gateway(
    MASK + INTERNAL,
    `
    service Users {
      option (portico.v1.service) = {from: "in.Api" allow: {public: true}};
      rpc ListUsers(ListUsersRequest) returns (ListUsersResponse);
    }
    message ListUsersRequest {}
    message ListUsersResponse { repeated User users = 1; repeated Dropped dropped = 2 [(portico.v1.field).from = "users"]; }
    message User {
      ${JOIN}
      option (portico.v1.message).join = {name: "lead" method: "in.Teams/BatchGetTeams" key: "team.lead_id -> ids = teams.id"};
      string id = 1;
      optional string team_name = 2 [(portico.v1.field) = {from: "team.name" allow: ${allowed}}];
      optional string lead = 3 [(portico.v1.field) = {from: "lead.name" allow: {authenticated: true}}];
      repeated User friends = 4;
    }
    message Dropped {
      option (portico.v1.message).join = {name: "gone" method: "in.Teams/BatchGetTeams" key: "email -> ids = teams.id" on_missing: DROP};
      string id = 1;
      optional string team_name = 2 [(portico.v1.field) = {from: "gone.name" allow: ${allowed}}];
    }`,
  );
  const rows = {
    "in.Api/ListUsers": () => ({
      users: [
        { id: "a", teamId: "t1", email: "e1", friends: [{ id: "c", teamId: "t3" }] },
        { id: "b", teamId: "t2", email: "gone" },
      ],
    }),
    "in.Teams/BatchGetTeams": ({ ids = [] }: { ids?: string[] }) => ({
      teams: ids.filter((id) => id !== "gone").map((id) => ({ id, name: id, leadId: `l${id}` })),
    }),
  };
  const anonymous = await run(rows);
  expect(anonymous.asked("in.Teams/BatchGetTeams")).toEqual([{ ids: ["e1", "gone"] }]);
  expect(anonymous.response).toEqual({
    users: [{ id: "a", friends: [{ id: "c" }] }, { id: "b" }],
    dropped: [{ id: "a" }],
  });
  const other = await run(rows, { claims: {} });
  expect(other.response).toEqual({
    users: [
      { id: "a", lead: "lt1", friends: [{ id: "c", lead: "lt3" }] },
      { id: "b", lead: "lt2" },
    ],
    dropped: [{ id: "a" }],
  });
  const admitted = await run(rows, support);
  expect(admitted.response.users[0]).toEqual({
    id: "a",
    teamName: "t1",
    lead: "lt1",
    friends: [{ id: "c", teamName: "t3", lead: "lt3" }],
  });
});

test("joins inside found rows that only a denied field shows are not run", async () => {
  const { run } = await gateway(
    MASK + INTERNAL,
    `${SERVICE}
    message User {
      ${JOIN}
      string id = 1;
      string team_name = 2 [(portico.v1.field).from = "team.name"];
      Full full = 3 [(portico.v1.field) = {from: "team" allow: ${allowed}}];
    }
    message Full {
      option (portico.v1.message).join = {name: "lead" method: "in.Teams/BatchGetTeams" key: "lead_id -> ids = teams.id"};
      string id = 1;
      string lead = 2 [(portico.v1.field).from = "lead.name"];
    }`,
  );
  const anonymous = await run(answers);
  expect(anonymous.response).toEqual({ id: "a", teamName: "team t1" });
  expect(anonymous.asked("in.Teams/BatchGetTeams")).toEqual([{ ids: ["t1"] }]);
  const admitted = await run(answers, support);
  expect(admitted.response.full).toEqual({ id: "t1", lead: "team l" });
});

test("in an Any of a response", async () => {
  const { run } = await gateway(
    `import "google/protobuf/any.proto";
    service Api { rpc Get(GetRequest) returns (Holder); }
    message GetRequest {}
    message Holder { google.protobuf.Any held = 1; }
    message User { string id = 1; string phone = 2; }`,
    `import "google/protobuf/any.proto";
    service Holders {
      option (portico.v1.service) = {from: "in.Api" allow: {public: true}};
      rpc Get(GetRequest) returns (Holder);
    }
    message GetRequest {}
    message Holder { google.protobuf.Any held = 1 [(portico.v1.field).any = "pub.User"]; }
    message User {
      option (portico.v1.message).source = "in.User";
      string id = 1;
      optional string phone = 2 [(portico.v1.field).allow = ${allowed}];
    }`,
  );
  const held = { "@type": "type.googleapis.com/in.User", id: "a", phone: "555" };
  const hold = { "in.Api/Get": () => ({ held }) };
  expect((await run(hold)).response.held).toEqual({ "@type": "type.googleapis.com/pub.User", id: "a" });
  expect((await run(hold, support)).response.held.phone).toBe("555");
});

test("rows in a denied list are not looked at, and those after it keep their own", async () => {
  const { run } = await gateway(
    MASK + INTERNAL,
    `
    service Users {
      option (portico.v1.service) = {from: "in.Api" allow: {public: true}};
      rpc GetUser(GetUserRequest) returns (Page);
    }
    message GetUserRequest { string id = 1; }
    message Page {
      repeated User secret = 1 [(portico.v1.field) = {from: "friends" allow: ${allowed}}];
      repeated User friends = 2;
    }
    message User { ${JOIN} string id = 1; string team = 2 [(portico.v1.field).from = "team.name"]; }`,
  );
  const friends = [
    { id: "a", teamId: "t1" },
    { id: "b", teamId: "t2" },
  ];
  const rows = { ...answers, "in.Api/GetUser": () => ({ friends }) };
  const list = [
    { id: "a", team: "team t1" },
    { id: "b", team: "team t2" },
  ];
  expect((await run(rows)).response).toEqual({ friends: list });
  expect((await run(rows, support)).response).toEqual({ secret: list, friends: list });
});

const WRITE = `
service Users {
  option (portico.v1.service) = {from: "in.Api" allow: {public: true}};
  rpc UpdateUser(UpdateUserRequest) returns (User);
}
message UpdateUserRequest { User user = 1; google.protobuf.FieldMask update_mask = 2; }
message User {
  string id = 1;
  optional string phone = 2 [(portico.v1.field).allow = ${allowed}];
  repeated string notes = 3 [(portico.v1.field).allow = {role: "support" when: "request.user.id == auth.subject"}];
  Address address = 5;
  message Address { string street = 1; optional string city = 2 [(portico.v1.field).allow = ${allowed}]; }
}`;

const PUBLIC_MASK = 'import "google/protobuf/field_mask.proto";\n';

test("a field that a denied caller sets is refused before anything is called", async () => {
  const { run } = await gateway(MASK + INTERNAL, PUBLIC_MASK + WRITE);
  const echo = { "in.Api/UpdateUser": ({ user }: { user: object }) => user ?? {} };
  const ask = async (request: object, options = {}) => {
    const { error, response, upstream } = await run(echo, { request: request as never, ...options });
    if (error !== undefined) expect(upstream.calls).toEqual([]);
    return error?.code ?? response;
  };
  const plain = { user: { id: "a", address: { street: "s" } } };
  expect(await ask(plain)).toEqual(plain.user);
  expect(await ask({ user: { phone: "1" } })).toBe(Code.UNAUTHENTICATED);
  expect(await ask({ user: { phone: "" } })).toBe(Code.UNAUTHENTICATED);
  const viewer = { roles: ["viewer"] };
  expect(await ask({ user: { phone: "1" } }, viewer)).toBe(Code.PERMISSION_DENIED);
  expect(await ask({ user: { address: { city: "x" } } }, viewer)).toBe(Code.PERMISSION_DENIED);
  expect(await ask({ user: { notes: ["x"] } }, viewer)).toBe(Code.PERMISSION_DENIED);
  expect(await ask({ user: { notes: [] } }, viewer)).toEqual({});
  const full = { id: "me", phone: "1", notes: ["x"], address: { street: "s", city: "c" } };
  expect(await ask({ user: full }, { ...support, subject: "me" })).toEqual(full);
  expect(await ask({ user: full }, { ...support, subject: "you" })).toBe(Code.PERMISSION_DENIED);
});

test("naming a guarded field in the mask of an update is setting it", async () => {
  const { run } = await gateway(MASK + INTERNAL, PUBLIC_MASK + WRITE);
  const echo = { "in.Api/UpdateUser": ({ user }: { user: object }) => user ?? {} };
  const ask = async (updateMask: string, options: object = { roles: ["viewer"] }) => {
    const { error, asked } = await run(echo, { request: { user: { id: "a" }, updateMask }, ...options });
    return error?.code ?? (asked("in.Api/UpdateUser")[0] as { updateMask: string }).updateMask;
  };
  expect(await ask("id")).toBe("id");
  expect(await ask("address.street")).toBe("address.street");
  for (const mask of ["phone", "id,notes", "address", "address.city", "*"])
    expect(await ask(mask)).toBe(Code.PERMISSION_DENIED);
  const admitted = { roles: ["support"], subject: "a" };
  expect(await ask("phone,address", admitted)).toBe("phone,address");
});

test("the exposure list says for whom a field is", async () => {
  const { compiled } = await gateway(MASK + INTERNAL, PUBLIC_MASK + WRITE);
  const { readable, writable } = parseExposure(compiled.files.get("exposure.json")!) as ExposureList;
  const audience = (list: typeof readable, name: string) => list.find((entry) => entry.public === name)?.for;
  expect(audience(readable, "pub.User.id")).toEqual(["public"]);
  expect(audience(readable, "pub.User.phone")).toEqual(["role:support"]);
  expect(audience(writable, "pub.User.phone")).toEqual(["role:support"]);
  const narrowed = ['role:support when:"request.user.id == auth.subject"'];
  expect(audience(readable, "pub.User.notes")).toEqual(narrowed);
  expect(audience(writable, "pub.User.notes")).toEqual(narrowed);
  expect(audience(readable, "pub.User.Address.street")).toEqual(["public"]);
  expect(audience(writable, "pub.User.Address.city")).toEqual(["role:support"]);
});

test("in a stream, of requests and of messages", async () => {
  const { run } = await gateway(
    `
    service Api { rpc Chat(stream Note) returns (stream Note); }
    service Teams { rpc BatchGetTeams(BatchGetTeamsRequest) returns (BatchGetTeamsResponse); }
    message Note { string id = 1; string text = 2; string team_id = 3; }
    message BatchGetTeamsRequest { repeated string ids = 1; }
    message BatchGetTeamsResponse { repeated Team teams = 1; }
    message Team { string id = 1; string name = 2; string lead_id = 3; }`,
    `
    service Chats {
      option (portico.v1.service) = {from: "in.Api" allow: {public: true}};
      rpc Chat(stream Note) returns (stream Note);
    }
    message Note {
      ${JOIN}
      string id = 1;
      optional string text = 2 [(portico.v1.field).allow = {role: "support" when: "request.id == auth.subject"}];
      string team_id = 3;
      optional string team = 4 [(portico.v1.field) = {from: "team.name" output_only: true allow: ${allowed}}];
    }`,
  );
  const echo = {
    "in.Api/Chat": async function* (requests: AsyncIterable<object>) {
      for await (const request of requests) yield { ...request, text: "said" };
    },
    "in.Teams/BatchGetTeams": answers["in.Teams/BatchGetTeams"],
  };
  const requests = [{ id: "a" }, { id: "b", teamId: "t1" }];
  const viewer = { roles: ["viewer"], subject: "a" };
  const admitted = { roles: ["support"], subject: "a" };
  const denied = await run(echo, { requests, ...viewer });
  expect(denied.response).toEqual(requests);
  expect(denied.asked("in.Teams/BatchGetTeams")).toEqual([]);
  // The request is the first one, whatever the others say.
  expect((await run(echo, { requests, ...admitted })).response).toEqual([
    { id: "a", text: "said" },
    { id: "b", text: "said", teamId: "t1", team: "team t1" },
  ]);
  const setting = [{ id: "a" }, { id: "b", text: "x" }];
  expect((await run(echo, { requests: setting, ...viewer })).error?.code).toBe(Code.PERMISSION_DENIED);
  expect((await run(echo, { requests: setting, ...admitted })).error).toBeUndefined();
  const other = { ...admitted, subject: "b" };
  expect((await run(echo, { requests: setting, ...other })).error?.code).toBe(Code.PERMISSION_DENIED);
});
