import { fromBinary, type JsonValue, toJson } from "@bufbuild/protobuf";
import { Client, credentials, status } from "@grpc/grpc-js";
import {
  Code,
  createGateway,
  type Gateway,
  type GatewayApi,
  type LogEntry,
  PorticoError,
} from "@portico/runtime";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Compiled, compile, load } from "../support/compile.js";
import { encode, FakeUpstream } from "../support/invoke.js";
import { RawClient, until } from "../support/peers.js";
import { byHand, inside } from "./hand.js";
import { users } from "./shop.js";

// biome-ignore lint/suspicious/noExplicitAny: what resolvers are given is what is tested.
type Given = any;

const text = byHand.replace('resolver: "pick"', 'resolver: "pick", timeout: "100ms"');
const raw = (bytes: Buffer) => bytes;

let compiled: Compiled;
let api: GatewayApi;
let resolvers: Record<string, (...given: Given[]) => unknown>;

beforeAll(async () => {
  compiled = compile({ "shop.proto": inside, "api.proto": text });
  expect(compiled.error).toBeUndefined();
  api = await load(compiled);
});

const names = ["alone", "change", "chat", "pick", "picked", "search", "update", "upload", "watch"];
/** Functions that pass on to those of the test. */
const functions = Object.fromEntries(
  names.map((name) => [name, (...given: Given[]) => resolvers[name]!(...given)]),
);

test("each function has to be there, and no other", () => {
  const { search: _, ...others } = functions;
  const make = () =>
    createGateway({
      api,
      upstreams: new FakeUpstream(compiled.registry, {}),
      authenticator: { authenticate: () => undefined },
      resolvers: { ...others, chat: "no function", more: () => {} },
    });
  expect(make).toThrow("resolvers.search: missing, and annotations name it");
  expect(make).toThrow("resolvers.chat: not a function");
  expect(make).toThrow("resolvers.more: no annotation names it");
});

describe.each(["node", "http2"] as const)("methods by hand on the front %s", (transport) => {
  let gateway: Gateway;
  let client: RawClient;
  let streams: Client;
  let upstream: FakeUpstream;
  let log: LogEntry[];

  beforeAll(async () => {
    upstream = new FakeUpstream(compiled.registry, {
      ...users,
      "shop.v1.Users/GetUser": () => ({ id: "u", email: "direct@x.example", age: 4 }),
      "shop.v1.Orders/ListOrders": () => ({ orders: [{ id: "o1" }] }),
    });
    gateway = createGateway({
      api,
      transport,
      upstreams: upstream,
      authenticator: {
        authenticate: ({ authorization }) =>
          authorization === undefined
            ? undefined
            : { subject: authorization, roles: ["support"], scopes: [], claims: {} },
      },
      forwardHeaders: ["x-region"],
      resolvers: functions,
      limits: { maxResponseBytes: 1000 },
      host: "127.0.0.1",
      port: 0,
      logger: (entry) => log.push(entry),
    });
    const target = `127.0.0.1:${(await gateway.listen()).port}`;
    client = new RawClient(target);
    streams = new Client(target, credentials.createInsecure());
  });

  afterAll(async () => {
    client.close();
    streams.close();
    await gateway.close({ graceMs: 0 });
  });

  beforeEach(() => {
    log = [];
    resolvers = {};
    upstream.calls.length = 0;
  });

  const requestOf = (json: JsonValue, type = "SearchRequest") =>
    Buffer.from(encode(compiled.registry, `api.v1.${type}`, json));
  const answerOf = (bytes: Uint8Array) => {
    const { registry } = compiled;
    const desc = registry.getMessage("api.v1.Answer")!;
    return toJson(desc, fromBinary(desc, bytes), { registry });
  };
  const call = (method: string, json: JsonValue = {}, headers: Record<string, string> = {}) =>
    client.call(`/api.v1.Shop/${method}`, requestOf(json), { headers });

  test("a response of its own, by who calls", async () => {
    resolvers.search = async ({ text }, { calls, auth, metadata }) => ({
      note: [text, calls.source.orders[0].id, calls.me.email, auth.subject, metadata.get("x-region")].join(),
      orders: [{ phone: "1" }],
    });
    const headers = { authorization: "anna", "x-region": "eu" };
    const { code, response } = await call("Search", { text: "t" }, headers);
    expect(code).toBe(status.OK);
    expect(answerOf(response!)).toEqual({
      note: "t,o1,direct@x.example,anna,eu",
      orders: [{ phone: "1" }],
    });
    expect((await call("Search", { text: "t" })).code).toBe(status.UNAUTHENTICATED);
  });

  test("nothing of what went wrong gets out but a code; the log has all", async () => {
    resolvers.alone = () => {
      throw new Error("secret of 10.0.0.7");
    };
    const thrown = await call("Alone");
    expect(thrown).toMatchObject({ code: status.INTERNAL, details: "internal error" });
    resolvers.alone = async () => ({ note: 5, orders: "secret" });
    const wrong = await call("Alone");
    expect(wrong).toMatchObject({ code: status.INTERNAL, details: "internal error" });
    resolvers.alone = async () => ({ note: "x".repeat(1001) });
    expect((await call("Alone")).code).toBe(status.RESOURCE_EXHAUSTED);
    resolvers.alone = async () => {
      throw new PorticoError(Code.FAILED_PRECONDITION, "not today");
    };
    expect(await call("Alone")).toMatchObject({ code: status.FAILED_PRECONDITION, details: "not today" });
    for (const none of [0, 17, -1, 1.5, "OK"]) {
      resolvers.alone = async () => {
        throw new PorticoError(none as never, "no such code");
      };
      expect(await call("Alone")).toMatchObject({ code: status.INTERNAL, details: "internal error" });
    }
    await until(() => log.length === 9);
    const [first, second] = log;
    expect(first).toMatchObject({ level: "error", method: "/api.v1.Shop/Alone", code: "INTERNAL" });
    expect(first?.cause).toContain("secret of 10.0.0.7");
    expect(second?.cause).toContain('the resolver "alone" gave a wrong value');
    for (const { trailers } of [thrown, wrong]) expect(JSON.stringify(trailers)).not.toContain("secret");
  });

  test("one that hangs ends at the deadline, and what it gives later is nobody's", async () => {
    let proceed = (_: unknown): void => {};
    let aborted: unknown;
    resolvers.pick = (_, { signal }) => {
      signal.addEventListener("abort", () => {
        aborted = signal.reason;
      });
      return new Promise((resolve) => {
        proceed = resolve;
      });
    };
    const { code } = await call("Pick");
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    await until(() => log.length === 1);
    expect(log[0]?.code).toBe("DEADLINE_EXCEEDED");
    expect(aborted).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    proceed({ note: "late" });
    resolvers.alone = () => ({ note: "next" });
    expect(answerOf((await call("Alone")).response!)).toEqual({ note: "next" });
    expect(log).toHaveLength(1);
  });

  test("one whose client has gone is told, and can call nothing any more", async () => {
    let late: unknown;
    let started = false;
    let cancel = (): void => {};
    resolvers.alone = async (_, { signal, upstreams }) => {
      started = true;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      late = await upstreams["shop.v1.Users"].getUser({ id: "1" }).catch((thrown: unknown) => thrown);
      return { note: "late" };
    };
    const ended = client.call("/api.v1.Shop/Alone", requestOf({}), {
      onCall: (stop) => {
        cancel = stop;
      },
    });
    await until(() => started);
    cancel();
    expect((await ended).code).toBe(status.CANCELLED);
    await until(() => late !== undefined);
    expect(late).toMatchObject({ code: Code.CANCELLED });
    expect(upstream.calls).toEqual([]);
  });

  test("a stream of answers, at the client's pace, left when the client goes", async () => {
    let made = 0;
    let isLeft = false;
    resolvers.watch = async function* ({ text }) {
      try {
        for (;;) yield { note: `${text} ${made++}` };
      } finally {
        isLeft = true;
      }
    };
    const stream = streams.makeServerStreamRequest("/api.v1.Shop/Watch", raw, raw, requestOf({ text: "t" }));
    const notes: unknown[] = [];
    stream.on("error", () => {});
    for await (const bytes of stream) {
      notes.push((answerOf(bytes) as { note: string }).note);
      if (notes.length === 3) break;
    }
    expect(notes).toEqual(["t 0", "t 1", "t 2"]);
    stream.cancel();
    await until(() => isLeft);
  });

  test("both directions", async () => {
    resolvers.chat = async function* (requests, { calls }) {
      for await (const { text } of requests) yield { note: `${calls.me.email}: ${text}` };
    };
    const stream = streams.makeBidiStreamRequest("/api.v1.Shop/Chat", raw, raw);
    const notes: unknown[] = [];
    for (const text of ["a", "b"]) stream.write(requestOf({ text }, "SendRequest"));
    stream.end();
    for await (const bytes of stream) notes.push(answerOf(bytes));
    expect(notes).toEqual([{ note: "direct@x.example: a" }, { note: "direct@x.example: b" }]);
  });
});
