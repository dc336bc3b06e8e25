import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Metadata, status } from "@grpc/grpc-js";
import {
  type Authenticator,
  Code,
  createGateway,
  type Gateway,
  type LogEntry,
  PorticoError,
} from "@portico/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { api } from "../../gen/gateway.js";
import {
  ListOrdersWithUserRequestSchema,
  ListOrdersWithUserResponseSchema,
} from "../../gen/smpl/api/orders/v1/orders_pb.js";
import { CreateUserRequestSchema as PublicCreateUserRequestSchema } from "../../gen/smpl/api/users/v1/users_pb.js";
import { ListOrdersResponseSchema } from "../../gen/smpl/orders/v1/orders_pb.js";
import {
  BatchGetUsersRequestSchema,
  BatchGetUsersResponseSchema,
  CreateUserRequestSchema,
  UserSchema,
} from "../../gen/smpl/users/v1/users_pb.js";
import { type RawAnswer, RawClient, RawServer, until } from "../support/peers.js";

const LIST_ORDERS = "/smpl.orders.v1.OrdersService/ListOrders";
const BATCH_GET_USERS = "/smpl.users.v1.UsersService/BatchGetUsers";
const CREATE_USER = "/smpl.users.v1.UsersService/CreateUser";
const PUBLIC_LIST = "/smpl.api.orders.v1.OrdersService/ListOrdersWithUser";
const PUBLIC_CREATE = "/smpl.api.users.v1.UsersService/CreateUser";

/** Tokens that say who one is: enough here, since signatures have tests of their own. */
const authenticator: Authenticator = {
  authenticate: async (headers) => {
    const token = headers.authorization;
    if (token === undefined) return undefined;
    const role = /^Bearer (viewer|admin)$/.exec(token)?.[1];
    if (role === undefined) throw new PorticoError(Code.UNAUTHENTICATED, "invalid credentials");
    return { subject: "me", roles: [role], scopes: [], claims: {} };
  },
};
const viewer = { authorization: "Bearer viewer" };
const admin = { authorization: "Bearer admin" };

// The generated gateway of the example, between real gRPC peers on real sockets.
describe.each(["http2", "node"] as const)("the generated gateway on %s", (transport) => {
  let answers: Record<string, (request: Buffer) => RawAnswer | Promise<RawAnswer>>;
  let upstream: RawServer;
  let gateway: Gateway;
  let client: RawClient;
  let log: LogEntry[];
  let target: string;

  const orders = (count: number) =>
    toBinary(
      ListOrdersResponseSchema,
      create(ListOrdersResponseSchema, {
        orders: Array.from({ length: count }, (_, i) => ({ id: `o${i}`, userId: `u${i % 5}` })),
      }),
    );
  const users = (request: Buffer) => {
    const { ids } = fromBinary(BatchGetUsersRequestSchema, request);
    return toBinary(
      BatchGetUsersResponseSchema,
      create(BatchGetUsersResponseSchema, {
        users: ids.map((id) => ({ id, email: `${id}@x`, passwordHash: "secret" })).reverse(),
      }),
    );
  };
  const list = toBinary(
    ListOrdersWithUserRequestSchema,
    create(ListOrdersWithUserRequestSchema, { pageSize: 20 }),
  );

  beforeEach(async () => {
    answers = { [LIST_ORDERS]: () => orders(20), [BATCH_GET_USERS]: users };
    upstream = new RawServer(
      (path, request) => answers[path]?.(request) ?? { code: status.UNIMPLEMENTED, details: "" },
    );
    target = `127.0.0.1:${await upstream.start([LIST_ORDERS, BATCH_GET_USERS, CREATE_USER])}`;
    log = [];
    gateway = createGateway({
      transport,
      api,
      upstreams: {
        "smpl.users.v1.UsersService": target,
        "smpl.orders.v1.OrdersService": target,
        "smpl.items.v1.ItemsService": target,
      },
      authenticator,
      host: "127.0.0.1",
      port: 0,
      logger: (entry) => log.push(entry),
    });
    const { port } = await gateway.listen();
    client = new RawClient(`127.0.0.1:${port}`);
  });

  afterEach(async () => {
    client.close();
    await gateway.close({ graceMs: 0 });
    upstream.stop();
  });

  it("lists 20 orders with their users in two upstream calls", async () => {
    const { code, response } = await client.call(PUBLIC_LIST, list, { headers: viewer });
    expect(code).toBe(status.OK);
    const { orders: found } = fromBinary(ListOrdersWithUserResponseSchema, response!);
    expect(found.map((order) => order.userEmail)).toEqual(
      Array.from({ length: 20 }, (_, i) => `u${i % 5}@x`),
    );
    expect(upstream.seen.map((call) => call.path)).toEqual([LIST_ORDERS, BATCH_GET_USERS]);
    expect(response!.includes("secret")).toBe(false);
  });

  it.each([
    ["no token", {}, status.UNAUTHENTICATED],
    ["a bad token", { authorization: "Bearer nonsense" }, status.UNAUTHENTICATED],
    ["no scheme", { authorization: "viewer" }, status.UNAUTHENTICATED],
  ])("refuses %s, and calls nothing", async (_, headers, code) => {
    expect((await client.call(PUBLIC_LIST, list, { headers })).code).toBe(code);
    expect(upstream.seen).toEqual([]);
  });

  it("refuses the wrong role, and calls nothing", async () => {
    expect((await client.call(PUBLIC_CREATE, new Uint8Array(), { headers: viewer })).code).toBe(
      status.PERMISSION_DENIED,
    );
    expect(upstream.seen).toEqual([]);
  });

  it.each([
    ["a truncated varint", [0x08, 0x80]],
    ["a truncated string", [0x12, 0x05, 0x61]],
    ["field number 0", [0x00, 0x00]],
    ["wire type 7", [0x0f]],
    ["a group that never ends", [0x1b]],
    ["a string that is not UTF-8", [0x12, 0x02, 0xc3, 0x28]],
    ["a varint of 11 bytes", [0x08, ...Array(10).fill(0x80), 0x01]],
  ])("refuses %s as malformed, and calls nothing", async (_, bytes) => {
    const { code, details } = await client.call(PUBLIC_LIST, Uint8Array.from(bytes), { headers: viewer });
    expect([code, details]).toEqual([status.INVALID_ARGUMENT, "malformed request"]);
    expect(upstream.seen).toEqual([]);
  });

  it("drops unknown fields on the way in and on the way out", async () => {
    answers[CREATE_USER] = () =>
      Buffer.concat([
        toBinary(
          UserSchema,
          create(UserSchema, {
            id: "1",
            email: "a@x",
            passwordHash: "hash-of-it",
            birthdayDate: "1990-01-01",
          }),
        ),
        Buffer.from([0xaa, 0x3f, 3, 1, 2, 3]),
      ]);
    const request = Buffer.concat([
      toBinary(PublicCreateUserRequestSchema, create(PublicCreateUserRequestSchema, { email: "a@x" })),
      // Field 1005, and field 5 of the internal request's neighbour types: nothing of a client's own making passes.
      Buffer.from([0xea, 0x3e, 1, 0x41]),
      Buffer.from([0x2a, 1, 0x42]),
    ]);
    const { code, response } = await client.call(PUBLIC_CREATE, request, { headers: admin });
    expect(code).toBe(status.OK);
    expect(upstream.seen[0]!.request).toEqual(
      Buffer.from(toBinary(CreateUserRequestSchema, create(CreateUserRequestSchema, { email: "a@x" }))),
    );
    for (const secret of ["hash-of-it", "1990-01-01"]) expect(response!.includes(secret)).toBe(false);
    expect([...response!.subarray(-6)]).not.toEqual([0xaa, 0x3f, 3, 1, 2, 3]);
  });

  it("answers a malformed upstream reply with INTERNAL, and logs the method", async () => {
    answers[LIST_ORDERS] = () => Uint8Array.from([0x0a, 0x7f, 0x01]);
    const { code, details } = await client.call(PUBLIC_LIST, list, { headers: viewer });
    expect([code, details]).toEqual([status.INTERNAL, "internal error"]);
    expect(JSON.stringify(log)).toContain(LIST_ORDERS);
  });

  it("keeps an upstream's texts, details and metadata from clients", async () => {
    const metadata = new Metadata();
    metadata.set("x-internal-host", "db-7.internal");
    answers[LIST_ORDERS] = () => ({
      code: status.PERMISSION_DENIED,
      details: 'pq: relation "users_internal" at 10.3.2.1',
      metadata,
    });
    const { code, details, trailers } = await client.call(PUBLIC_LIST, list, { headers: viewer });
    expect([code, details]).toEqual([status.INTERNAL, "internal error"]);
    expect(JSON.stringify(trailers!.getMap())).not.toMatch(/internal-host|db-7|pq:|10\.3/);
    expect(trailers!.get("x-request-id")).toHaveLength(1);
    expect(JSON.stringify(log)).toContain("users_internal");
  });

  it("passes the deadline on, and cancels upstream calls when it is over", async () => {
    answers[BATCH_GET_USERS] = () => "hang";
    const { code } = await client.call(PUBLIC_LIST, list, { headers: viewer, timeoutMs: 300 });
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    const call = upstream.seen.at(-1)!;
    expect(call.path).toBe(BATCH_GET_USERS);
    expect(call.deadlineMs - Date.now()).toBeLessThan(300);
    await until(() => call.cancelled);
  });

  it("cancels upstream calls when the client goes away", async () => {
    answers[BATCH_GET_USERS] = () => "hang";
    let cancel = () => {};
    const result = client.call(PUBLIC_LIST, list, {
      headers: viewer,
      onCall: (c) => {
        cancel = c;
      },
    });
    await until(() => upstream.seen.some((call) => call.path === BATCH_GET_USERS));
    cancel();
    await until(() => upstream.seen.at(-1)!.cancelled);
    expect((await result).code).toBe(status.CANCELLED);
  });

  it("says UNAVAILABLE while an upstream is down, stays alive, and recovers by itself", async () => {
    const { port } = upstream;
    upstream.stop();
    const down = await client.call(PUBLIC_LIST, list, { headers: viewer, timeoutMs: 5000 });
    expect([down.code, down.details]).toEqual([status.UNAVAILABLE, "unavailable"]);
    await upstream.start([LIST_ORDERS, BATCH_GET_USERS, CREATE_USER], port);
    const end = Date.now() + 15_000;
    let code: status = status.UNAVAILABLE;
    while (code !== status.OK && Date.now() < end) {
      code = (await client.call(PUBLIC_LIST, list, { headers: viewer })).code;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(code).toBe(status.OK);
  });
});
