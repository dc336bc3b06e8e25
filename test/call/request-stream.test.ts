import { Code, PorticoError } from "@portico/runtime";
import { describe, expect, it } from "vitest";
import { failure, type Gateway, gateway, type RunOptions, tick } from "../support/gateway.js";

const schema = gateway(
  `
  service Docs {
    rpc Upload(stream Chunk) returns (Doc);
    rpc UploadFor(stream Chunk) returns (Doc);
    rpc UploadInto(stream Chunk) returns (Doc);
    rpc Chat(stream Chunk) returns (stream Doc);
    rpc ChatFor(stream Chunk) returns (stream Doc);
    rpc GetTopic(GetTopicRequest) returns (Topic);
  }
  service Users { rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_); }
  message GetTopicRequest { string id = 1; }
  message Topic { string id = 1; string title = 2; }
  message Chunk { string topic = 1; bytes data = 2; string tenant = 3; string title = 4; string secret = 5; }
  message Doc { string id = 1; string user_id = 2; string secret = 5; }
  message BatchGetUsersRequest { repeated string ids = 1; string topic = 2; }
  message User { string id = 1; string name = 2; }
  message Users_ { repeated User users = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {authenticated: true} };
    rpc Upload(stream Chunk) returns (Doc);
    rpc UploadFor(stream Chunk) returns (Doc) {
      option (portico.v1.method).call = {method: "UploadFor" set: "tenant = auth.claims.tenant"};
    }
    rpc UploadInto(stream Chunk) returns (Titled) {
      option (portico.v1.method).call = {method: "UploadInto" set: "title = about.title"};
      option (portico.v1.method).call = {name: "about" method: "GetTopic" set: "id = request.topic"};
    }
    rpc Chat(stream Chunk) returns (stream Doc);
    rpc ChatFor(stream Chunk) returns (stream Titled) {
      option (portico.v1.method).call = {method: "ChatFor" set: "tenant = auth.claims.tenant"};
      option (portico.v1.method).call = {name: "about" method: "GetTopic" set: "id = request.topic"};
    }
  }
  message Chunk { string topic = 1; bytes data = 2; }
  message Titled { string id = 1; string title = 2 [(portico.v1.field).from = "about.title"]; }
  message Doc {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id"
    };
    string id = 1;
    string name = 2 [(portico.v1.field).from = "user.name"];
  }
  `,
);

type Json = Record<string, string>;
const claims = { tenant: "t1" };
const chunk = (topic: string) => ({ topic, data: "AA==" });
const users = {
  "in.Users/BatchGetUsers": ({ ids }: { ids: string[] }) => ({
    users: ids.map((id) => ({ id, name: `n${id}` })),
  }),
};
const topics = { "in.Docs/GetTopic": ({ id }: { id: string }) => ({ id, title: `title of ${id}` }) };
/** Takes all requests, and gives their topics. */
async function topicsOf(requests: AsyncIterable<Json>): Promise<string> {
  const all: string[] = [];
  for await (const { topic } of requests) all.push(topic ?? "");
  return all.join();
}
async function* echo(requests: AsyncIterable<Json>) {
  for await (const { topic } of requests) yield { id: topic, userId: topic, secret: "s" };
}
const never = new Promise<never>(() => {});
async function* thenNever(...requests: Array<Json | Uint8Array>) {
  yield* requests;
  await never;
}
/** Nothing is left behind: no upstream call, no listener. */
function expectOver({ upstream, call }: Awaited<ReturnType<Gateway["run"]>>): void {
  expect(upstream.inFlight).toBe(0);
  expect(call.listeners).toBe(0);
}

describe("a stream of requests", () => {
  const run = async (method: string, answers: Parameters<Gateway["run"]>[0], options: RunOptions) =>
    (await schema).run(
      { ...users, ...topics, ...answers },
      { claims, method: `pub.Api/${method}`, ...options },
    );

  it("is translated message by message, and what is found for the reply joined", async () => {
    const result = await run(
      "Upload",
      { "in.Docs/Upload": async (requests) => ({ id: await topicsOf(requests), userId: "u", secret: "s" }) },
      { requests: [chunk("a"), chunk("b"), {}] },
    );
    expect(result.error).toBeUndefined();
    expect(result.response).toEqual({ id: "a,b,", name: "nu" });
    expect(result.asked("in.Docs/Upload")).toEqual([chunk("a"), chunk("b"), {}]);
    expectOver(result);
  });

  it("may be empty, where nothing needs its first message", async () => {
    const upload = {
      "in.Docs/Upload": async (requests: AsyncIterable<Json>) => ({ id: `(${await topicsOf(requests)})` }),
    };
    expect((await run("Upload", upload, { requests: [] })).response).toEqual({ id: "()" });
    const result = await run("UploadFor", { "in.Docs/UploadFor": () => ({}) }, { requests: [] });
    expect(result.error).toMatchObject({ code: 3, message: "the stream has no request" });
    expect(result.upstream.log).toEqual([]);
  });

  it("has what is `set` in its first message only", async () => {
    const result = await run(
      "UploadFor",
      { "in.Docs/UploadFor": async (requests) => ({ id: await topicsOf(requests) }) },
      { requests: [chunk("a"), chunk("b")] },
    );
    expect(result.response).toEqual({ id: "a,b" });
    expect(result.asked("in.Docs/UploadFor")).toEqual([{ ...chunk("a"), tenant: "t1" }, chunk("b")]);
  });

  it("is denied without the claim that is `set`, before a message is waited for", async () => {
    const result = await run("UploadFor", {}, { requests: thenNever(), claims: {} });
    expect(result.error).toMatchObject({ code: 7 });
    expect(result.upstream.log).toEqual([]);
  });

  it("has its other calls made once, when its first message has come", async () => {
    const result = await run(
      "UploadInto",
      { "in.Docs/UploadInto": async (requests) => ({ id: await topicsOf(requests) }) },
      { requests: [chunk("a"), chunk("b")] },
    );
    expect(result.response).toEqual({ id: "a,b", title: "title of a" });
    expect(result.asked("in.Docs/GetTopic")).toEqual([{ id: "a" }]);
    expect(result.asked("in.Docs/UploadInto")).toEqual([{ ...chunk("a"), title: "title of a" }, chunk("b")]);
    expect(result.upstream.log.slice(0, 3)).toEqual([
      "+in.Docs/GetTopic",
      "-in.Docs/GetTopic",
      "+in.Docs/UploadInto",
    ]);
    expectOver(result);
  });

  it("drops unknown and unmapped fields of every message", async () => {
    const { registry } = (await schema).compiled;
    expect(registry.getMessage("pub.Chunk")).toBeDefined();
    // Field 5, `secret` inside, and field 100.
    const hostile = Uint8Array.from([0x0a, 1, 0x61, 0x2a, 1, 0x78, 0xa2, 6, 1, 0x78]);
    const result = await run(
      "Upload",
      { "in.Docs/Upload": async (requests) => ({ id: await topicsOf(requests) }) },
      { requests: [hostile, hostile] },
    );
    expect(result.asked("in.Docs/Upload")).toEqual([{ topic: "a" }, { topic: "a" }]);
  });

  it.each(["Upload", "UploadFor", "UploadInto"])(
    "that is malformed at first calls nothing: %s",
    async (method) => {
      const result = await run(method, {}, { requests: [Uint8Array.from([0x0a, 5])] });
      expect(result.error).toMatchObject({ code: 3, message: "malformed request" });
      expect(result.upstream.log).toEqual([]);
    },
  );

  it.each([
    ["Upload", [0x0a, 5]],
    ["UploadFor", [0x0a, 2, 0xc3, 0x28]],
    ["UploadInto", [0x0a, 0x80]],
    ["Chat", [0x00, 0]],
    ["ChatFor", [0x0f]],
  ])("that is malformed in the middle cancels the upstream: %s", async (method, bytes) => {
    const result = await run(
      method,
      {
        [`in.Docs/${method}`]: async (requests) => {
          await topicsOf(requests);
          return never;
        },
      },
      { requests: thenNever(chunk("a"), Uint8Array.from(bytes)) },
    );
    expect(result.error).toMatchObject({ code: 3, message: "malformed request" });
    expect(result.upstream.log.at(-1)).toBe(`xin.Docs/${method}`);
    expectOver(result);
  });

  it("ends when its upstream answers early", async () => {
    const result = await run(
      "Upload",
      {
        "in.Docs/Upload": async (requests: AsyncIterable<Json>) => {
          for await (const { topic } of requests) return { id: topic };
          return {};
        },
      },
      { requests: thenNever(chunk("a")) },
    );
    expect(result.response).toEqual({ id: "a" });
    expectOver(result);
  });

  it.each(["Upload", "Chat"])(
    "ends with its upstream's failure, while the client still sends: %s",
    async (method) => {
      const result = await run(
        method,
        {
          [`in.Docs/${method}`]: async () => {
            throw failure(9);
          },
        },
        { requests: thenNever(chunk("a")) },
      );
      expect(result.error).toMatchObject({ code: 9, message: "failed precondition" });
      expectOver(result);
    },
  );

  it("is cancelled with the call", async () => {
    for (const method of ["Upload", "Chat", "UploadInto"]) {
      const running = run(
        method,
        { [`in.Docs/${method}`]: () => never },
        {
          requests: thenNever(chunk("a")),
          onCall: (call) =>
            setTimeout(() => call.cancel(new PorticoError(Code.CANCELLED, "the client has gone")), 30),
        },
      );
      const result = await running;
      expect(result.error).toMatchObject({ code: 1, message: "the client has gone" });
      expectOver(result);
    }
  });

  it("is not read faster than its upstream takes it", async () => {
    let asked = 0;
    let taken = 0;
    const result = await run(
      "Upload",
      {
        "in.Docs/Upload": async (requests: AsyncIterable<Json>) => {
          for await (const _ of requests) {
            taken++;
            for (let i = 0; i < 5; i++) await tick();
            expect(asked).toBeLessThanOrEqual(taken + 1);
          }
          return { id: String(taken) };
        },
      },
      {
        requests: (async function* () {
          for (; asked < 50; asked++) yield chunk("a");
        })(),
      },
    );
    expect(result.response).toEqual({ id: "50" });
  });
});

describe("streams in both directions", () => {
  const run = async (method: string, answers: Parameters<Gateway["run"]>[0], options: RunOptions) =>
    (await schema).run(
      { ...users, ...topics, ...answers },
      { claims, method: `pub.Api/${method}`, ...options },
    );

  it("translates both, and joins each message", async () => {
    const result = await run("Chat", { "in.Docs/Chat": echo }, { requests: ["a", "b", "c"].map(chunk) });
    expect(result.error).toBeUndefined();
    expect(result.response).toEqual(["a", "b", "c"].map((id) => ({ id, name: `n${id}` })));
    expectOver(result);
  });

  it("answers before the requests end, to each in turn", async () => {
    let answered: (() => void) | undefined;
    const turns: string[] = [];
    async function* requests() {
      for (const topic of ["a", "b"]) {
        turns.push(`ask ${topic}`);
        const answer = new Promise<void>((resolve) => {
          answered = resolve;
        });
        yield chunk(topic);
        await answer;
      }
    }
    const result = await run(
      "Chat",
      {
        "in.Docs/Chat": echo,
        "in.Users/BatchGetUsers": ({ ids }) => {
          turns.push(`answer ${ids}`);
          answered?.();
          return { users: [] };
        },
      },
      { requests: requests() },
    );
    expect(result.response).toEqual([{ id: "a" }, { id: "b" }]);
    expect(turns).toEqual(["ask a", "answer a", "ask b", "answer b"]);
  });

  it("lets an upstream speak first, where nothing needs the first request", async () => {
    const result = await run(
      "Chat",
      {
        "in.Docs/Chat": async function* () {
          yield { id: "hello" };
        },
      },
      { requests: thenNever() },
    );
    expect(result.response).toEqual([{ id: "hello" }]);
    expectOver(result);
  });

  it("has what is `set` in the first request, and its other calls before it", async () => {
    const result = await run("ChatFor", { "in.Docs/ChatFor": echo }, { requests: ["a", "b"].map(chunk) });
    expect(result.response).toEqual(["a", "b"].map((id) => ({ id, title: "title of a" })));
    expect(result.asked("in.Docs/ChatFor")).toEqual([{ ...chunk("a"), tenant: "t1" }, chunk("b")]);
    expect(result.asked("in.Docs/GetTopic")).toEqual([{ id: "a" }]);
  });

  it("that the client leaves are cancelled", async () => {
    const result = await run(
      "Chat",
      { "in.Docs/Chat": echo },
      {
        take: 2,
        requests: (async function* () {
          for (;;) yield chunk("a");
        })(),
      },
    );
    expect(result.response).toHaveLength(2);
    expect(result.upstream.log.at(-1)).toBe("xin.Docs/Chat");
    expectOver(result);
  });

  it("a malformed message of the upstream is INTERNAL, after those before it", async () => {
    const result = await run(
      "Chat",
      {
        "in.Docs/Chat": async function* (requests: AsyncIterable<Json>) {
          for await (const { topic } of requests)
            yield topic === "b" ? new Uint8Array([10, 5]) : { id: topic };
        },
      },
      { requests: thenNever(chunk("a"), chunk("b")) },
    );
    expect(result.error).toMatchObject({ code: 13 });
    expectOver(result);
  });
});
