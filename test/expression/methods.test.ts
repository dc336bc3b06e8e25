import { UpstreamError } from "@portico/runtime";
import { describe, expect, it } from "vitest";
import { type Answers, gateway } from "../support/gateway.js";

const internal = `
  service Docs { rpc GetDoc(GetRequest) returns (Doc); rpc UpdateDoc(GetRequest) returns (Doc); }
  service Users { rpc GetUser(GetRequest) returns (User); rpc BatchGetUsers(BatchGetRequest) returns (Users_); }
  message GetRequest { string id = 1; int32 limit = 2; string owner = 3; }
  message BatchGetRequest { repeated string ids = 1; }
  message Line { string name = 1; int32 count = 2; string user_id = 3; }
  message Doc { string id = 1; string owner = 2; string currency = 3; repeated Line lines = 4; bool hidden = 5; optional string team = 6; }
  message User { string id = 1; string email = 2; bool admin = 3; string name = 4; }
  message Users_ { repeated User users = 1; }
`;

interface Said {
  readonly method?: string;
  readonly service?: string;
  readonly doc?: string;
  readonly more?: string;
  readonly rpc?: string;
  readonly allow?: string;
}

const GET = 'call: {method: "GetDoc"}';

const api = ({
  method = GET,
  service = "",
  doc = "string id = 1;",
  more = "",
  rpc = "",
  allow = "{authenticated: true}",
}: Said) =>
  gateway(
    internal,
    `
    service Api {
      option (portico.v1.service) = { from: "in.Docs" allow: ${allow} ${service} };
      rpc Get(GetRequest) returns (Doc) { option (portico.v1.method) = { ${method} }; }
      ${rpc}
    }
    message GetRequest { string id = 1; int32 size = 2 [(portico.v1.field).to = "limit"]; }
    ${more}
    message Doc { ${doc} }
    `,
  );

const from = (cel: string) => `[(portico.v1.field).from = ${JSON.stringify(cel)}]`;
const reply = {
  id: "d1",
  owner: "u1",
  currency: "EUR",
  lines: [
    { name: "a", count: 2, userId: "u1" },
    { name: "b", count: 3 },
  ],
};
const answers: Answers = {
  "in.Docs/GetDoc": () => reply,
  "in.Docs/UpdateDoc": () => reply,
  "in.Users/GetUser": ({ id }: { id: string }) => ({ id, email: `${id}@x`, admin: id === "root" }),
};
const alice = { tenant: "t1", level: 3, org: { tenant: "" } };

describe("let", () => {
  it("names values of a method and of its service", async () => {
    const { run } = await api({
      service: `let: "greeting = 'Hi ' + request.id"`,
      method: `${GET} let: "twice = greeting + '!' + greeting" let: "who = auth.subject"`,
      doc: `string id = 1 ${from("twice")}; string who = 2; string line = 3 ${from("who + ': ' + greeting.lowerAscii()")};`,
    });
    const { response, error } = await run(answers, { request: { id: "X" }, claims: alice });
    expect(error).toBeUndefined();
    expect(response).toEqual({ id: "Hi X!Hi X", who: "u1", line: "u1: hi x" });
  });

  it("has one value in a request, and another in the next", async () => {
    const { run } = await api({
      method: `${GET} let: "trace = uuid()" let: "both = [trace, uuid()]" let: "at = now()"`,
      doc: `string id = 1 ${from("trace")}; string again = 2 ${from("trace")}; repeated string both = 3; repeated string twice = 4 ${from("both")};
        bool same = 5 ${from("at == now() && both[0] == trace && both[1] != trace")}; string other = 6 ${from("uuid()")};
        repeated Line lines = 7;`,
      more: `message Line { string name = 1; string trace = 2 ${from("trace")}; }`,
    });
    const first = (await run(answers, { claims: alice })).response;
    expect(first.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(first).toEqual({
      id: first.id,
      again: first.id,
      both: first.both,
      twice: first.both,
      same: true,
      other: first.other,
      lines: [
        { name: "a", trace: first.id },
        { name: "b", trace: first.id },
      ],
    });
    expect(new Set([first.id, first.other, first.both[1]]).size).toBe(3);
    const second = (await run(answers, { claims: alice })).response;
    expect(second.id).not.toBe(first.id);
  });

  it("is evaluated only where it is needed", async () => {
    const { run } = await api({
      method: `${GET} let: "broken = 1 / request.size"`,
      doc: `string id = 1; int32 it = 2 ${from("request.size == 0 ? 7 : broken")};`,
    });
    expect((await run(answers, { claims: alice })).response).toEqual({ id: "d1", it: 7 });
  });
});

it("nobody has no subject: what reads it is left out, and nothing fails", async () => {
  const { run } = await api({
    doc: `string id = 1; string who = 2 ${from("auth.subject + '!'")}; bool known = 3 ${from("'a' in auth.roles || id == 'd1'")};`,
    allow: "{public: true}",
  });
  expect((await run(answers)).response).toEqual({ id: "d1", known: true });
});

describe("set", () => {
  const asked = async (set: string, options: object = {}) => {
    const { run } = await api({ method: `call: {method: "GetDoc" set: ${JSON.stringify(set)}}` });
    const result = await run(answers, { request: { id: "d1", size: 4 }, claims: alice, ...options });
    return result.error?.code ?? result.asked("in.Docs/GetDoc");
  };
  it("computes what is asked for", async () => {
    expect(await asked("owner = auth.claims.tenant + '/' + auth.subject")).toEqual([
      { id: "d1", limit: 4, owner: "t1/u1" },
    ]);
    expect(await asked("owner = request.size > 3 ? 'big' : 'small'")).toMatchObject([{ owner: "big" }]);
  });
  it("is INVALID_ARGUMENT where it fails, and denied where only a caller could tell", async () => {
    expect(await asked("owner = string(1 / (request.size - 4))")).toBe(3);
    expect(await asked("owner = auth.claims.nothing + 'x'")).toBe(7);
    expect(await asked("owner = auth.claims.org.tenant.lowerAscii()")).toBe(7);
    expect(await asked("owner = auth.claims.org.unit.lowerAscii()")).toBe(7);
  });
});

describe("ensure", () => {
  const outcome = async (ensure: string, options: object = {}, method = GET, more: Answers = {}) => {
    const { run } = await api({ method: `${method} ensure: {that: ${ensure}}` });
    const result = await run({ ...answers, ...more }, { request: { id: "d1" }, claims: alice, ...options });
    return result.error === undefined ? "fine" : [result.error.code, result.error.message];
  };
  it("lets through whom it holds for", async () => {
    expect(await outcome(`"source.owner == auth.subject"`)).toBe("fine");
    expect(await outcome(`"owner == auth.subject && !hidden"`)).toBe("fine");
  });
  it("denies like the upstream's own NOT_FOUND", async () => {
    expect(await outcome(`"owner == auth.subject"`, { claims: alice, subject: "bob" })).toEqual([
      5,
      "not found",
    ]);
    expect(await outcome(`"owner != auth.subject" code: "PERMISSION_DENIED" message: "not yours"`)).toEqual([
      7,
      "not yours",
    ]);
  });
  it.each([
    `on_error: {code: "NOT_FOUND" as: "FAILED_PRECONDITION" message: "'no such doc: ' + request.id"}`,
    `on_error: {code: "NOT_FOUND" message: "'none'" when: "request.id == 'd1'"} on_error: {message: "'other'"}`,
    `on_error: {message: "'no: ' + auth.subject"}`,
    `on_error: {code: "NOT_FOUND" as: "UNAVAILABLE"}`,
    `on_error: {code: "ABORTED" message: "'again'"} timeout: "1s"`,
  ])("denies with the very error that the call's own NOT_FOUND becomes: %s", async (rules) => {
    const method = `call: {method: "GetDoc" ${rules}}`;
    const missing = () => {
      throw new UpstreamError(5, "internal text", { service: "s", name: "m", path: "/s/m", kind: "unary" });
    };
    for (const id of ["d1", "d2"]) {
      const who = { claims: alice, subject: "bob", request: { id } };
      const denied = await outcome(`"owner == auth.subject"`, who, method);
      const none = await outcome(`"owner == auth.subject"`, who, method, { "in.Docs/GetDoc": missing });
      expect(denied).toEqual(none);
    }
    expect(await outcome(`"owner == 'x'" code: "PERMISSION_DENIED"`, {}, method)).toEqual([
      7,
      "permission denied",
    ]);
  });
  it("denies with the NOT_FOUND of the first call that it reads", async () => {
    const calls = ["a", "b"].map(
      (name) =>
        `call: {name: "${name}" method: "GetDoc" set: "id = request.id" on_error: {code: "NOT_FOUND" message: "'no ${name}'"}}`,
    );
    const method = `${calls.join(" ")} ${GET}`;
    expect(await outcome(`"b.owner == 'x' && a.owner == 'x'"`, {}, method)).toEqual([5, "no b"]);
  });
  it("denies where something is absent", async () => {
    expect(await outcome(`"team == ''"`)).toEqual([5, "not found"]);
    expect(await outcome(`"owner == ''"`, {}, GET, { "in.Docs/GetDoc": () => ({ id: "d1" }) })).toEqual([
      5,
      "not found",
    ]);
    expect(await outcome(`"auth.claims.missing == 'x' || 1 / (1 - 1) == 1"`)).toEqual([5, "not found"]);
  });
  it("holds where one side of an `||` does, whatever is absent on the other", async () => {
    const without = { "in.Docs/GetDoc": () => ({ id: "d1" }) };
    for (const that of [
      "owner == auth.subject || 'support' in auth.roles",
      "'support' in auth.roles || owner == auth.subject",
    ]) {
      expect(await outcome(`"${that}"`, { roles: ["support"] }, GET, without)).toBe("fine");
      expect(await outcome(`"${that}"`, { roles: [] }, GET, without)).toEqual([5, "not found"]);
    }
    expect(await outcome(`"team == 'a' || id == 'd1'"`)).toBe("fine");
    const { run } = await api({
      method: `${GET} ensure: {that: "owner == auth.subject || !hidden"}`,
      allow: "{public: true}",
    });
    expect((await run(answers)).error).toBeUndefined();
  });
  it("takes an empty list for a list", async () => {
    const without = { "in.Docs/GetDoc": () => ({ id: "d1" }) };
    expect(await outcome(`"!lines.exists(l, l.count > 2)"`, {}, GET, without)).toBe("fine");
    expect(await outcome(`"!lines.exists(l, l.count > 2)"`)).toEqual([5, "not found"]);
    expect(await outcome(`"size(lines) > 0"`, {}, GET, without)).toEqual([5, "not found"]);
  });
  it("stops a write that does not need it", async () => {
    const method = `call: {name: "doc" method: "GetDoc" set: "id = request.id"} call: {method: "UpdateDoc"}`;
    const { run } = await api({ method: `${method} ensure: {that: "doc.owner == auth.subject"}` });
    const denied = await run(answers, { request: { id: "d1" }, claims: alice, subject: "bob" });
    expect(denied.error?.code).toBe(5);
    expect(denied.asked("in.Docs/UpdateDoc")).toEqual([]);
    const fine = await run(answers, { request: { id: "d1" }, claims: alice });
    expect(fine.error).toBeUndefined();
    expect(fine.asked("in.Docs/UpdateDoc")).toHaveLength(1);
  });
  it("looks at each call as soon as it has answered, side by side with others", async () => {
    const method = `${GET} call: {name: "user" method: "in.Users/GetUser" set: "id = auth.subject"}`;
    const { run } = await api({
      method: `${method} ensure: {that: "user.admin"} ensure: {that: "has(source.owner)"}`,
      doc: `string id = 1; string email = 2 ${from("user.email")};`,
    });
    expect((await run(answers, { claims: alice })).error?.code).toBe(5);
    expect((await run(answers, { claims: alice, subject: "root" })).response).toEqual({
      id: "d1",
      email: "root@x",
    });
  });
  it("reads a join that must be there", async () => {
    const { run } = await api({
      method: `${GET} ensure: {that: "user.admin" code: "PERMISSION_DENIED"}`,
      doc: `option (portico.v1.message).join = {
        name: "user" method: "in.Users/BatchGetUsers" key: "owner -> ids = users.id" on_missing: FAIL
      }; string id = 1; string email = 2 ${from("user.email")};`,
    });
    const users = (admin: boolean): Answers => ({
      ...answers,
      "in.Users/BatchGetUsers": () => ({ users: [{ id: "u1", admin, email: "a@x" }] }),
    });
    expect((await run(users(false), { claims: alice })).error?.code).toBe(7);
    expect((await run(users(true), { claims: alice })).response).toEqual({ id: "d1", email: "a@x" });
  });

  describe("on a join, in a method that writes", () => {
    const user = (name: string, key: string) => `option (portico.v1.message).join = {
      name: "${name}" method: "in.Users/BatchGetUsers" key: "${key} -> ids = users.id" on_missing: FAIL
    };`;
    const users = (admin: boolean): Answers => ({
      ...answers,
      "in.Users/BatchGetUsers": ({ ids }: { ids: string[] }) => ({
        users: ids.map((id) => ({ id, admin, email: `${id}@x` })),
      }),
      "in.Docs/UpdateDoc": () => ({ id: "d1", owner: "u2" }),
    });
    const write = `call: {name: "done" method: "UpdateDoc" set: "id = source.id"}`;

    it("lets what is written wait for it, and stops it", async () => {
      const { run } = await api({
        method: `${GET} ${write} ensure: {that: "user.admin && has(source.owner)" code: "PERMISSION_DENIED"}`,
        doc: `${user("user", "owner")} string id = 1; string email = 2 ${from("user.email")}; string by = 3 ${from("done.owner")};`,
      });
      const denied = await run(users(false), { claims: alice });
      expect(denied.error?.code).toBe(7);
      expect(denied.asked("in.Docs/UpdateDoc")).toEqual([]);
      const fine = await run(users(true), { claims: alice });
      expect(fine.response).toEqual({ id: "d1", email: "u1@x", by: "u2" });
      const [got, ended] = ["+in.Docs/UpdateDoc", "-in.Users/BatchGetUsers"].map((one) =>
        fine.upstream.log.indexOf(one),
      );
      expect(got).toBeGreaterThan(ended!);
    });

    it("does not wait for what is written in order to share calls", async () => {
      const { run } = await api({
        method: `${GET} ${write} ensure: {that: "user.admin"}`,
        doc: `${user("user", "owner")} ${user("writer", "done.owner")}
          string id = 1; string email = 2 ${from("user.email")}; string by = 3 ${from("writer.email")};`,
      });
      const denied = await run(users(false), { claims: alice });
      expect(denied.error?.code).toBe(5);
      expect(denied.asked("in.Docs/UpdateDoc")).toEqual([]);
      const fine = await run(users(true), { claims: alice });
      expect(fine.response).toEqual({ id: "d1", email: "u1@x", by: "u2@x" });
      expect(fine.asked("in.Users/BatchGetUsers")).toEqual([{ ids: ["u1"] }, { ids: ["u2"] }]);
    });

    it("lets what is written wait for the joins before it", async () => {
      const { run } = await api({
        method: `${GET} ${write} ensure: {that: "boss.admin"}`,
        doc: `${user("user", "owner")} ${user("boss", "user.name")}
          string id = 1; string email = 2 ${from("boss.email")};`,
      });
      const named = (admin: boolean): Answers => ({
        ...users(admin),
        "in.Users/BatchGetUsers": ({ ids }: { ids: string[] }) => ({
          users: ids.map((id) => ({ id, admin: admin && id === "b", email: `${id}@x`, name: "b" })),
        }),
      });
      const denied = await run(named(false), { claims: alice });
      expect(denied.error?.code).toBe(5);
      expect(denied.asked("in.Docs/UpdateDoc")).toEqual([]);
      expect((await run(named(true), { claims: alice })).response).toEqual({ id: "d1", email: "b@x" });
    });

    it.each(["caller.owner", "request.id"])(
      "stops a write whose result is the response, by %s",
      async (key) => {
        const caller = `call: {name: "caller" method: "GetDoc"}`;
        const { run } = await api({
          method: `${caller} call: {method: "UpdateDoc"} ensure: {that: "user.admin"}`,
          doc: `${user("user", key)} string id = 1; string email = 2 ${from("user.email")}; string by = 3 ${from("caller.owner")};`,
        });
        const request = { id: "u1" };
        const denied = await run(users(false), { claims: alice, request });
        expect(denied.error?.code).toBe(5);
        expect(denied.asked("in.Docs/UpdateDoc")).toEqual([]);
        const fine = await run(users(true), { claims: alice, request });
        expect(fine.response).toEqual({ id: "d1", email: "u1@x", by: "u1" });
      },
    );

    it("cannot stop a write whose result it needs", async () => {
      const { run } = await api({
        method: `call: {method: "UpdateDoc"} ensure: {that: "user.admin"}`,
        doc: `${user("user", "owner")} string id = 1; string email = 2 ${from("user.email")};`,
      });
      const denied = await run(users(false), { claims: alice });
      expect(denied.error?.code).toBe(5);
      expect(denied.asked("in.Docs/UpdateDoc")).toHaveLength(1);
      expect((await run(users(true), { claims: alice })).response).toEqual({ id: "d1", email: "u2@x" });
    });
  });
});

describe("the `when` of a policy", () => {
  const outcome = async (when: string, options: object = {}) => {
    const { run } = await api({ allow: `{authenticated: true when: ${JSON.stringify(when)}}`, method: GET });
    const result = await run(answers, { request: { id: "d1", size: 2 }, claims: alice, ...options });
    return [result.error?.code, result.asked("in.Docs/GetDoc").length];
  };
  it("is decided before anything is called, where it reads the request", async () => {
    expect(await outcome("request.id == 'd1' && auth.subject == 'u1'")).toEqual([undefined, 1]);
    expect(await outcome("request.size > 2")).toEqual([7, 0]);
    expect(await outcome("1 / (request.size - 2) == 1")).toEqual([7, 0]);
  });
  it("is the route's where it does not", async () => {
    const compiled = await api({ allow: `{role: "a" when: "auth.claims.level >= 3"}`, method: GET });
    const { policy } = compiled.api.routes[0]!;
    const caller = (level: unknown) => ({
      principal: { subject: "s", roles: [], scopes: [], claims: { level } },
      metadata: [],
      config: {},
    });
    if (policy.kind !== "granted") throw new Error("not granted");
    expect(policy.when?.(caller(3))).toBe(true);
    expect(policy.when?.(caller(2))).toBe(false);
    expect(policy.when?.(caller("x"))).toBe(false);
    expect(policy.when?.({ principal: undefined, metadata: [], config: {} })).toBe(false);
  });
});

describe("the message around, and the message itself", () => {
  it("are `parent` and `this`", async () => {
    const { run } = await api({
      doc: `string id = 1; string currency = 2; repeated Line lines = 3; int32 total = 4 ${from("lines.map(l, l.count).sum()")};
        string text = 5 ${from("string(this.total) + ' ' + this.currency + ' ' + string(this.lines.size())")};
        string longer = 6 ${from("this.text + '!'")};`,
      more: `message Line { string name = 1; string price = 2 ${from("string(count) + ' ' + parent.currency")}; }`,
    });
    const { response, error } = await run(answers, { claims: alice });
    expect(error).toBeUndefined();
    expect(response).toEqual({
      id: "d1", currency: "EUR", lines: [{ name: "a", price: "2 EUR" }, { name: "b", price: "3 EUR" }], total: 5,
      text: "5 EUR 2", longer: "5 EUR 2!",
    }); // biome-ignore format: data
  });
});

describe("parent", () => {
  it("is there for messages in which nothing else is computed, and in rows of joins that have joins", async () => {
    const { run } = await api({
      doc: `repeated Line lines = 1; repeated User people = 2 [(portico.v1.field).key = "lines.map(l, l.user_id)"];`,
      more: `message Line { string parent = 1 ${from("parent.currency + name")}; }
        message User {
          option (portico.v1.message).load = {method: "in.Users/BatchGetUsers" key: "ids = users.id"};
          option (portico.v1.message).join = {name: "mate" method: "in.Users/BatchGetUsers" key: "email -> ids = users.id"};
          string id = 1 ${from("parent.currency + id")}; string mate = 2 ${from("mate.email")};
        }`,
    });
    const lines = [
      { name: "a", userId: "u1" },
      { name: "b", userId: "u2" },
    ];
    const users = ({ ids }: { ids: string[] }) => ({ users: ids.map((id) => ({ id, email: `${id}@x` })) });
    const result = await run(
      { "in.Docs/GetDoc": () => ({ ...reply, lines }), "in.Users/BatchGetUsers": users },
      { claims: alice },
    );
    expect(result.error).toBeUndefined();
    expect(result.response).toEqual({
      lines: [{ parent: "EURa" }, { parent: "EURb" }],
      people: [
        { id: "EURu1", mate: "u1@x@x" },
        { id: "EURu2", mate: "u2@x@x" },
      ],
    });
  });
});

describe("when", () => {
  it("of a field decides whether it is written, of members of a oneof which", async () => {
    const { run } = await api({
      doc: `string id = 1 [(portico.v1.field).when = "request.size > 0"];
        repeated Line lines = 2 [(portico.v1.field).when = "currency == 'EUR'"];
        oneof kind {
          string big = 3 [(portico.v1.field) = {from: "'big ' + id" when: "request.size > 5"}];
          string small = 4 [(portico.v1.field) = {from: "owner" when: "request.size > 1"}];
          string none = 5 [(portico.v1.field).from = "'none'"];
        }`,
      more: `message Line {
        option (portico.v1.message).join = {name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" when: "count > 2"};
        string name = 1; string email = 2 ${from("user.email")};
      }`,
    });
    const users = ({ ids }: { ids: string[] }) => ({ users: ids.map((id) => ({ id, email: `${id}@x` })) });
    const lines = [
      { name: "a", count: 2, userId: "u1" },
      { name: "b", count: 3, userId: "u2" },
      { name: "c", count: 4, userId: "u3" },
    ];
    const get = async (size: number, currency = "EUR") => {
      const result = await run(
        { "in.Docs/GetDoc": () => ({ ...reply, lines, currency }), "in.Users/BatchGetUsers": users },
        { request: { size }, claims: alice },
      );
      expect(result.error).toBeUndefined();
      return [result.response, result.asked("in.Users/BatchGetUsers")];
    };
    const joined = [{ name: "a" }, { name: "b", email: "u2@x" }, { name: "c", email: "u3@x" }];
    expect(await get(0)).toEqual([{ lines: joined, none: "none" }, [{ ids: ["u2", "u3"] }]]);
    expect(await get(3)).toEqual([{ id: "d1", lines: joined, small: "u1" }, [{ ids: ["u2", "u3"] }]]);
    expect(await get(9, "USD")).toEqual([{ id: "d1", big: "big d1" }, []]);
  });
});

describe("keys", () => {
  it("that come out empty ask for nothing", async () => {
    const { run } = await api({
      doc: `option (portico.v1.message).join = {name: "user" method: "in.Users/BatchGetUsers" key: "team.lowerAscii() -> ids = users.id"};
        string id = 1; string email = 2 ${from("user.email")};`,
    });
    const result = await run(
      { ...answers, "in.Users/BatchGetUsers": () => ({ users: [{ email: "x@x" }] }) },
      { claims: alice },
    );
    expect(result.error).toBeUndefined();
    expect(result.response).toEqual({ id: "d1" });
    expect(result.asked("in.Users/BatchGetUsers")).toEqual([]);
  });

  it("are computed, one or a list of them", async () => {
    const { run } = await api({
      doc: `option (portico.v1.message).join = {name: "user" method: "in.Users/BatchGetUsers" key: "owner.upperAscii() -> ids = users.id"};
        option (portico.v1.message).join = {name: "people" method: "in.Users/BatchGetUsers" key: "lines.map(l, l.name + '1') -> ids = users.id"};
        string id = 1; string email = 2 ${from("user.email")}; repeated User people = 3;`,
      more: "message User { string id = 1; }",
    });
    const users = ({ ids }: { ids: string[] }) => ({
      users: ids.toReversed().map((id) => ({ id, email: `${id}@x` })),
    });
    const result = await run({ ...answers, "in.Users/BatchGetUsers": users }, { claims: alice });
    expect(result.error).toBeUndefined();
    expect(result.response).toEqual({ id: "d1", email: "U1@x", people: [{ id: "a1" }, { id: "b1" }] });
    expect(result.asked("in.Users/BatchGetUsers")).toEqual([{ ids: ["U1", "a1", "b1"] }]);
  });
});

describe("the `when` of a call", () => {
  const method = (when: string, more = "") =>
    `${GET} call: {name: "user" method: "in.Users/GetUser" set: "id = auth.subject" when: ${JSON.stringify(when)}} ${more}`;
  const doc = `string id = 1; string email = 2 ${from("user.email")}; bool known = 3 ${from("user != null")}; User user = 4;`;
  it("decides whether it is made; its name is null where it is not", async () => {
    const { run } = await api({
      method: method("request.size > 1"),
      doc,
      more: "message User { string id = 1; }",
    });
    const made = await run(answers, { request: { size: 2 }, claims: alice });
    expect(made.response).toEqual({ id: "d1", email: "u1@x", known: true, user: { id: "u1" } });
    const not = await run(answers, { request: { size: 1 }, claims: alice });
    expect(not.error).toBeUndefined();
    expect(not.response).toEqual({ id: "d1" });
    expect(not.asked("in.Users/GetUser")).toEqual([]);
  });
  it("may read another call, and waits for it", async () => {
    const { run } = await api({
      method: `call: {name: "first" method: "in.Users/GetUser" set: "id = request.id"} ${method("first.admin")}`,
      doc,
      more: "message User { string id = 1; }",
    });
    expect((await run(answers, { request: { id: "root" }, claims: alice })).response.email).toBe("u1@x");
    expect((await run(answers, { request: { id: "x" }, claims: alice })).response).toEqual({ id: "d1" });
  });
  it("is INVALID_ARGUMENT where it fails", async () => {
    const { run } = await api({
      method: method("1 / request.size == 1"),
      doc,
      more: "message User { string id = 1; }",
    });
    expect((await run(answers, { claims: alice })).error?.code).toBe(3);
  });
});

describe("on_error", () => {
  it("may depend on the request, and say what the expression gives", async () => {
    const { run } = await api({
      method: `call: {method: "GetDoc"
        on_error: {code: "NOT_FOUND" when: "request.size > 1" message: "'no ' + request.id + ' for ' + auth.subject"}
        on_error: {code: "NOT_FOUND" when: "1 / request.size == 1" then: EMPTY}
        on_error: {as: "ABORTED" message: "'other'"}
      }`,
    });
    const failing: Answers = {
      "in.Docs/GetDoc": () => {
        throw new UpstreamError(5, "internal text", { service: "s", name: "m", path: "/s/m", kind: "unary" });
      },
    };
    const get = async (size: number) => {
      const { error, response } = await run(failing, { request: { id: "d1", size }, claims: alice });
      return error === undefined ? response : [error.code, error.message];
    };
    expect(await get(2)).toEqual([5, "no d1 for u1"]);
    expect(await get(1)).toEqual({});
    expect(await get(0)).toEqual([10, "other"]);
  });
});
