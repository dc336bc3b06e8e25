import { fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import {
  Client,
  credentials,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { createGateway, type Gateway, type LogEntry } from "@portico/runtime";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Compiled, compile, load } from "../support/compile.js";
import { sourcesOf } from "../support/gateway.js";

const sources = sourcesOf(
  `
  service Orders { rpc ListOrders(Request) returns (Orders_); rpc WatchOrders(Request) returns (stream Orders_); }
  service Users { rpc BatchGetUsers(BatchRequest) returns (Users_); rpc GetUser(Request) returns (User); }
  message Request {}
  message Order { string id = 1; string user_id = 2; }
  message Orders_ { repeated Order orders = 1; }
  message BatchRequest { repeated string ids = 1; }
  message User { string id = 1; string email = 2; }
  message Users_ { repeated User users = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Orders" allow: {public: true} };
    rpc ListOrders(Request) returns (ListOrdersResponse) {
      option (portico.v1.method) = {
        call: {method: "ListOrders" on_error: {code: "INVALID_ARGUMENT" as: "NOT_FOUND" message: "'no such order'"}}
        call: {name: "viewer" method: "in.Users/GetUser" on_error: {code: "PERMISSION_DENIED" then: EMPTY}}
      };
    }
    rpc WatchOrders(Request) returns (stream WatchOrdersResponse);
  }
  message Request {}
  message ListOrdersResponse { repeated Order orders = 1; string viewer = 2 [(portico.v1.field).from = "viewer.email"]; }
  message WatchOrdersResponse { repeated Order orders = 1; }
  message Order {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" on_error: {then: EMPTY}
    };
    string id = 1;
    string user_email = 2 [(portico.v1.field).from = "user.email"];
  }
  `,
);

type Fails = Partial<StatusObject>;
type Answers = Record<string, (request: JsonValue) => JsonValue | Fails>;
const identity = (bytes: Buffer) => bytes;

/** What a client sees of the end of a call. */
interface Seen {
  readonly messages: JsonValue[];
  readonly code: status;
  readonly details: string;
  readonly trailers: Metadata;
}

// The trailer as gRPC clients see it, with gRPC servers behind the gateway.
describe.each(["node", "http2"] as const)("portico-degraded, over the transport %s", (transport) => {
  let compiled: Compiled;
  let answers: Answers;
  let upstream: Server;
  let gateway: Gateway;
  let client: Client;
  let log: LogEntry[];

  const methodOf = (path: string) => {
    const [service, name] = path.slice(1).split("/") as [string, string];
    return compiled.registry.getService(service)!.methods.find((method) => method.name === name)!;
  };

  /** Answers a method by `answers`: a message, or each of a list for a stream. */
  function handler(path: string) {
    const desc = methodOf(path);
    const encode = (json: JsonValue) => Buffer.from(toBinary(desc.output, fromJson(desc.output, json)));
    const decode = (bytes: Buffer) => toJson(desc.input, fromBinary(desc.input, bytes));
    const isFailure = (answer: JsonValue | Fails): answer is Fails =>
      typeof answer === "object" && answer !== null && "code" in answer;
    if (desc.methodKind === "server_streaming") {
      return (call: ServerWritableStream<Buffer, Buffer>) => {
        for (const message of answers[path]!(decode(call.request)) as JsonValue[])
          call.write(encode(message));
        call.end();
      };
    }
    return (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
      const answer = answers[path]!(decode(call.request));
      if (isFailure(answer)) reply(answer);
      else reply(null, encode(answer));
    };
  }

  function call(name: string): Promise<Seen> {
    const path = `/pub.Api/${name}`;
    const desc = methodOf(path);
    return new Promise((resolve) => {
      const messages: JsonValue[] = [];
      const stream = client.makeServerStreamRequest(path, identity, identity, Buffer.alloc(0));
      stream.on("data", (bytes: Buffer) =>
        messages.push(toJson(desc.output, fromBinary(desc.output, bytes))),
      );
      stream.on("error", () => {});
      stream.on("status", ({ code, details, metadata }) =>
        resolve({ messages, code, details, trailers: metadata }),
      );
    });
  }

  beforeAll(() => {
    compiled = compile(sources);
  });

  beforeEach(async () => {
    answers = {
      "/in.Orders/ListOrders": () => ({ orders: [{ id: "o1", userId: "u1" }] }),
      "/in.Orders/WatchOrders": () => [
        { orders: [{ id: "o1", userId: "u1" }] },
        { orders: [{ id: "o2", userId: "u2" }] },
      ],
      "/in.Users/GetUser": () => ({ email: "me@x" }),
      "/in.Users/BatchGetUsers": (request) => ({
        users: (request as { ids: string[] }).ids.map((id) => ({ id, email: `${id}@x` })),
      }),
    };
    upstream = new Server();
    const paths = Object.keys(answers);
    upstream.addService(
      Object.fromEntries(
        paths.map((path) => [
          path,
          {
            path,
            requestStream: false,
            responseStream: methodOf(path).methodKind === "server_streaming",
            requestSerialize: identity,
            requestDeserialize: identity,
            responseSerialize: identity,
            responseDeserialize: identity,
          },
        ]),
      ),
      Object.fromEntries(paths.map((path) => [path, handler(path)])) as never,
    );
    const target = await new Promise<string>((resolve, reject) => {
      upstream.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(`127.0.0.1:${port}`) : reject(error),
      );
    });
    log = [];
    gateway = createGateway({
      api: await load(compiled),
      upstreams: { "in.Orders": target, "in.Users": target },
      transport,
      host: "127.0.0.1",
      port: 0,
      logger: (entry) => log.push(entry),
    });
    const { port } = await gateway.listen();
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  });

  afterEach(async () => {
    client.close();
    await gateway.close({ graceMs: 0 });
    upstream.forceShutdown();
  });

  it("is not there for a whole response", async () => {
    const { messages, code, trailers } = await call("ListOrders");
    expect(code).toBe(status.OK);
    expect(messages).toEqual([{ orders: [{ id: "o1", userEmail: "u1@x" }], viewer: "me@x" }]);
    expect(trailers.get("portico-degraded")).toEqual([]);
  });

  it("names the public fields that were left empty", async () => {
    answers["/in.Users/GetUser"] = () => ({ code: status.PERMISSION_DENIED, details: "secret" });
    answers["/in.Users/BatchGetUsers"] = () => ({ code: status.INTERNAL, details: "secret" });
    const { messages, code, trailers } = await call("ListOrders");
    expect(code).toBe(status.OK);
    expect(messages).toEqual([{ orders: [{ id: "o1" }] }]);
    expect(trailers.get("portico-degraded")).toEqual(["orders.user_email,viewer"]);
    expect(JSON.stringify(trailers.getMap())).not.toContain("secret");
    // What the upstreams said is for the log.
    await expect.poll(() => log.find((entry) => entry.message === "request degraded")).toBeDefined();
    expect(JSON.stringify(log)).toContain("secret");
  });

  it("comes at the end of a stream, for all its messages", async () => {
    const users = answers["/in.Users/BatchGetUsers"]!;
    answers["/in.Users/BatchGetUsers"] = (request) =>
      JSON.stringify(request).includes("u2")
        ? { code: status.UNAVAILABLE, details: "secret" }
        : users(request);
    const { messages, code, trailers } = await call("WatchOrders");
    expect(code).toBe(status.OK);
    expect(messages).toHaveLength(2);
    expect(messages[1]).toEqual({ orders: [{ id: "o2" }] });
    expect(trailers.get("portico-degraded")).toEqual(["orders.user_email"]);
  });

  it("gives an error the code and the text that are said for it", async () => {
    answers["/in.Orders/ListOrders"] = () => ({ code: status.INVALID_ARGUMENT, details: "secret" });
    const { code, details, trailers } = await call("ListOrders");
    expect(code).toBe(status.NOT_FOUND);
    expect(details).toBe("no such order");
    expect(trailers.get("portico-degraded")).toEqual([]);
  });
});
