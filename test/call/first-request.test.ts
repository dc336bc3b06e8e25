import { Code } from "@portico/runtime";
import { expect, it } from "vitest";
import { compile, load } from "../support/compile.js";
import { type Answers, failure, gateway, sourcesOf } from "../support/gateway.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

// What is decided beside the rows of a stream: what becomes of a join's errors, and who may have what a function makes.
const internal = `
  service Chats { rpc Chat(stream Word) returns (stream Said); rpc Upload(stream Word) returns (Said); }
  service Users { rpc BatchGetUsers(Ids) returns (Users_); }
  message Ids { repeated string ids = 1; }
  message User { string id = 1; string name = 2; }
  message Users_ { repeated User users = 1; }
  message Word { string room = 1; }
  message Said { string id = 1; }
`;
const api = (said: string) => `
  service Api {
    option (portico.v1.service) = { from: "in.Chats" allow: {authenticated: true} };
    rpc Chat(stream Word) returns (stream Said);
    rpc Upload(stream Word) returns (Said);
  }
  message Word { string room = 1; }
  ${said}
`;
const words = [{ room: "strict" }];
const fails: Answers = {
  "in.Chats/Chat": async function* () {
    yield { id: "1" };
  },
  "in.Chats/Upload": () => ({ id: "1" }),
  "in.Users/BatchGetUsers": () => {
    throw failure(Code.UNAVAILABLE);
  },
};

it.each(["Chat", "Upload"])(
  "what becomes of a join's errors reads the first request of %s",
  async (method) => {
    const { run } = await gateway(
      internal,
      api(`message Said {
      option (portico.v1.message).join = {
        name: "user" method: "in.Users/BatchGetUsers" key: "id -> ids = users.id"
        on_error: {when: "request.room != 'strict'" then: EMPTY}
        on_error: {as: "ABORTED" message: "request.room + '!'"}
      };
      string id = 1;
      string name = 2 [(portico.v1.field).from = "user.name"];
    }`),
    );
    const options = { method: `pub.Api/${method}`, claims: {} };
    const strict = await run(fails, { ...options, requests: words });
    expect(strict.error).toMatchObject({ code: Code.ABORTED, message: "strict!" });
    const lax = await run(fails, { ...options, requests: [{ room: "lax" }] });
    expect(lax.error).toBeUndefined();
  },
);

it.each(["Chat", "Upload"])(
  "who may have what a function makes reads the first request of %s",
  async (method) => {
    const compiled = compile(
      sourcesOf(
        internal,
        api(`message Said { string id = 1; Info info = 2 [(portico.v1.field) = {resolver: "info" reads: "id"}]; }
        message Info {
          string a = 1;
          optional string secret = 2
            [(portico.v1.field).allow = {authenticated: true when: "request.room != 'strict'"}];
        }`),
      ),
    );
    expect(compiled.error).toBeUndefined();
    const routes = await load(compiled);
    const ask = (room: string) =>
      invoke(
        routes,
        new FakeUpstream(compiled.registry, {
          "in.Chats/Chat": () => [{ id: "1" }],
          "in.Chats/Upload": () => ({ id: "1" }),
        }),
        `pub.Api/${method}`,
        {},
        {
          requests: [{ room }],
          principal: { subject: "me", roles: [], scopes: [], claims: {} },
          resolvers: { info: () => ({ a: "a", secret: "s" }) },
        },
      );
    const strict = { id: "1", info: { a: "a" } };
    const lax = { id: "1", info: { a: "a", secret: "s" } };
    expect((await ask("strict")).response).toEqual(method === "Chat" ? [strict] : strict);
    expect((await ask("lax")).response).toEqual(method === "Chat" ? [lax] : lax);
  },
);
