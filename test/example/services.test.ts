import type { DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createClient, type UnaryClient } from "../../example/demo/client.js";
import { startItemsService } from "../../example/services/items/service.js";
import { seededOrders } from "../../example/services/orders/seed.js";
import { startOrdersService } from "../../example/services/orders/service.js";
import type { RunningService, ServiceOptions } from "../../example/services/shared/start-service.js";
import { seededUsers } from "../../example/services/users/seed.js";
import { startUsersService } from "../../example/services/users/service.js";
import { ItemsService } from "../../gen/smpl/items/v1/items_pb.js";
import { OrderState, OrdersService } from "../../gen/smpl/orders/v1/orders_pb.js";
import { UsersService } from "../../gen/smpl/users/v1/users_pb.js";

const { createUser, getUser, listUsers, batchGetUsers } = UsersService.method;
const { listOrders, getOrder } = OrdersService.method;
const { batchListItemsByOwner } = ItemsService.method;

const INVALID_ARGUMENT = { code: 3 };
const NOT_FOUND = { code: 5 };
const ALREADY_EXISTS = { code: 6 };

interface Started {
  readonly service: RunningService;
  readonly client: UnaryClient;
}

/**
 * Starts a service for the tests of one `describe`, with a client that is connected to it. `databaseUrl` may name a
 * real, empty database: the tests hold for both.
 */
function started(
  start: (options: ServiceOptions) => Promise<RunningService>,
  databaseUrl: string | undefined,
): Started {
  const state = {} as { service: RunningService; client: UnaryClient };
  beforeAll(async () => {
    state.service = await start({ databaseUrl });
    state.client = createClient(`127.0.0.1:${state.service.port}`);
  });
  afterEach(() => state.service.calls.reset());
  afterAll(async () => {
    state.client.close();
    await state.service.close();
  });
  return state;
}

/** Reads a list to its end, page by page. */
async function pages<P extends { nextPageToken: string }>(
  page: (pageToken: string) => Promise<P>,
): Promise<P[]> {
  const all: P[] = [];
  let token = "";
  do {
    const next = await page(token);
    all.push(next);
    token = next.nextPageToken;
  } while (token !== "");
  return all;
}

/** A token spelled by hand. */
function token(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

describe("users", () => {
  const users = started(startUsersService, process.env.USERS_DATABASE_URL);
  const call = <M extends DescMethodUnary>(method: M, request: MessageInitShape<M["input"]>) =>
    users.client.call(method, request);
  const valid = {
    email: "kay@example.com",
    displayName: "Alan Kay",
    birthdayDate: "1940-05-17",
    password: "correct horse",
  };

  test("CreateUser returns the user, with a hash for a password", async () => {
    const user = await call(createUser, { ...valid, email: "New.User@example.com" });
    expect(user).toMatchObject({
      email: "New.User@example.com",
      displayName: "Alan Kay",
      birthdayDate: "1940-05-17",
    });
    expect(user.passwordHash).toMatch(/^scrypt\$16384\$8\$5\$[\w-]{22}\$[\w-]{43}$/);
    expect(Math.abs(Number(user.createdAt?.seconds) * 1000 - Date.now())).toBeLessThan(60_000);
    expect(await call(getUser, { id: user.id })).toEqual(user);
  });

  test("one password has two hashes", async () => {
    const one = await call(createUser, { ...valid, email: "one@example.com" });
    const two = await call(createUser, { ...valid, email: "two@example.com" });
    expect(one.passwordHash).not.toBe(two.passwordHash);
  });

  test("an e-mail belongs to one user, in any case, also when two ask at once", async () => {
    const email = "twice@example.com";
    const attempts = await Promise.allSettled([
      call(createUser, { ...valid, email }),
      call(createUser, { ...valid, email: email.toUpperCase() }),
    ]);
    expect(attempts.map((attempt) => attempt.status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(call(createUser, { ...valid, email })).rejects.toMatchObject(ALREADY_EXISTS);
  });

  test.each([
    ["no e-mail", { email: "" }],
    ["an e-mail without @", { email: "kay.example.com" }],
    ["an e-mail with a space", { email: "alan kay@example.com" }],
    ["an e-mail that is too long", { email: `${"a".repeat(250)}@example.com` }],
    ["no name", { displayName: "" }],
    ["a NUL in the name", { displayName: "a\0b" }],
    ["no password", { password: "" }],
    ["a short password", { password: "1234567" }],
    ["a birthday that is no date", { birthdayDate: "yesterday" }],
    ["a birthday that does not exist", { birthdayDate: "1990-02-30" }],
    ["a birthday in the year 0", { birthdayDate: "0000-01-01" }],
  ])("CreateUser refuses %s", async (_, change) => {
    await expect(call(createUser, { ...valid, ...change })).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  test("values are data, never SQL", async () => {
    const displayName = `Robert'); drop table users; -- "\\ {},$1`;
    const user = await call(createUser, { ...valid, email: "o'neill\"@example.com", displayName });
    expect(user.displayName).toBe(displayName);
    const ids = [user.id, `'`, `"`, "\\", "{a,b}", "null", "a,b"];
    expect((await call(batchGetUsers, { ids })).users).toEqual([user]);
  });

  test("GetUser finds a seeded user", async () => {
    expect(await call(getUser, { id: "user-001" })).toMatchObject({
      email: "ada.lovelace@example.com",
      birthdayDate: "1815-12-10",
    });
  });

  test("GetUser of nobody is NOT_FOUND, of no id INVALID_ARGUMENT", async () => {
    await expect(call(getUser, { id: "user-999" })).rejects.toMatchObject(NOT_FOUND);
    await expect(call(getUser, { id: "" })).rejects.toMatchObject(INVALID_ARGUMENT);
    await expect(call(getUser, { id: "user\0" })).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  test("ListUsers pages through all users in the order of creation, new ones last", async () => {
    const last = await call(createUser, { ...valid, email: "last@example.com" });
    const whole = (await call(listUsers, {})).users.map((user) => user.id);
    expect(whole.slice(0, 3)).toEqual(["user-001", "user-002", "user-003"]);
    expect(whole.at(-1)).toBe(last.id);
    const paged = await pages((pageToken) => call(listUsers, { pageSize: 5, pageToken }));
    expect(paged.slice(0, -1).every((page) => page.users.length === 5)).toBe(true);
    expect(paged.flatMap((page) => page.users.map((user) => user.id))).toEqual(whole);
  });

  test("BatchGetUsers: each user once, in no particular order, unknown ids left out", async () => {
    const ids = Array.from({ length: seededUsers }, (_, i) => `user-${String(i + 1).padStart(3, "0")}`);
    const reply = await call(batchGetUsers, { ids: ["user-000", ...ids, ...ids] });
    const found = reply.users.map((user) => user.id);
    expect(found).not.toEqual(ids);
    expect(found.toSorted()).toEqual(ids);
  });

  test("BatchGetUsers takes no ids, and 1000 at most", async () => {
    const ids = (length: number) => Array.from({ length }, (_, i) => `none-${i}`);
    expect((await call(batchGetUsers, { ids: [] })).users).toEqual([]);
    expect((await call(batchGetUsers, { ids: ids(1000) })).users).toEqual([]);
    await expect(call(batchGetUsers, { ids: ids(1001) })).rejects.toMatchObject(INVALID_ARGUMENT);
    await expect(call(batchGetUsers, { ids: [""] })).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  test("the service counts its calls, those that fail too", async () => {
    await call(getUser, { id: "user-001" });
    await call(getUser, { id: "user-999" }).catch(() => {});
    await call(batchGetUsers, { ids: [] });
    expect(users.service.calls.methods).toEqual([
      "smpl.users.v1.UsersService/GetUser",
      "smpl.users.v1.UsersService/GetUser",
      "smpl.users.v1.UsersService/BatchGetUsers",
    ]);
    users.service.calls.reset();
    expect(users.service.calls.methods).toEqual([]);
  });
});

describe("orders", () => {
  const orders = started(startOrdersService, process.env.ORDERS_DATABASE_URL);
  const call = <M extends DescMethodUnary>(method: M, request: MessageInitShape<M["input"]>) =>
    orders.client.call(method, request);

  test("GetOrder finds a seeded order", async () => {
    expect(await call(getOrder, { id: "order-002" })).toMatchObject({
      userId: "user-006",
      product: "Monitor",
      state: OrderState.SHIPPED,
      priceCents: 24900n,
      warehouseNote: "shelf 2",
    });
  });

  test("GetOrder of nothing is NOT_FOUND, of no id INVALID_ARGUMENT", async () => {
    await expect(call(getOrder, { id: "order-999" })).rejects.toMatchObject(NOT_FOUND);
    await expect(call(getOrder, { id: "" })).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  test.each([1, 20, 50, 60, 1000])("ListOrders in pages of %i: all, the newest first", async (pageSize) => {
    const paged = await pages((pageToken) => call(listOrders, { pageSize, pageToken }));
    const all = paged.flatMap((page) => page.orders);
    expect(paged.length).toBe(Math.ceil(seededOrders / pageSize));
    expect(new Set(all.map((order) => order.id)).size).toBe(seededOrders);
    const times = all.map((order) => Number(order.placedAt?.seconds));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  test("a page has 50 orders unless asked, and 1000 at most", async () => {
    expect((await call(listOrders, {})).orders.length).toBe(50);
    expect((await call(listOrders, { pageSize: 2 ** 31 - 1 })).orders.length).toBe(seededOrders);
    await expect(call(listOrders, { pageSize: -1 })).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  test.each([
    ["is no base64", "%%%"],
    ["is no JSON", Buffer.from("{").toString("base64url")],
    ["is no array", token({})],
    ["is another list's", token(["users", 0, "user-001"])],
    ["has a time that is no number", token(["orders", "now()", "order-001"])],
    ["has half a millisecond", token(["orders", 0.5, "order-001"])],
    ["has a time beyond PostgreSQL's", token(["orders", 8.64e15, "order-001"])],
    ["has an id that is no string", token(["orders", 0, 1])],
    ["has a NUL in its id", token(["orders", 0, "\0"])],
    ["has something after it", `${token(["orders", 0, "order-001"])}=`],
  ])("a page token that %s is refused", async (_, pageToken) => {
    await expect(call(listOrders, { pageToken })).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  test("without the seed there is nothing", async () => {
    const service = await startOrdersService({ seed: false });
    const client = createClient(`127.0.0.1:${service.port}`);
    try {
      expect(await client.call(listOrders, {})).toMatchObject({ orders: [], nextPageToken: "" });
    } finally {
      client.close();
      await service.close();
    }
  });

  test("a port that is taken is an error", async () => {
    const port = orders.service.port;
    await expect(startOrdersService({ port })).rejects.toThrow(/address already in use/i);
  });
});

describe("items", () => {
  const items = started(startItemsService, process.env.ITEMS_DATABASE_URL);
  const owned = async (...ownerIds: string[]) =>
    (await items.client.call(batchListItemsByOwner, { ownerIds })).items;

  test("all items of all owners asked for, owners mixed, and no others", async () => {
    const found = await owned("user-003", "user-007", "user-003", "nobody");
    expect(found.map((item) => item.ownerId).toSorted()).toEqual([
      ...Array(3).fill("user-003"),
      ...Array(3).fill("user-007"),
    ]);
    expect(new Set(found.map((item) => item.id)).size).toBe(6);
  });

  test("some users own nothing", async () => {
    expect(await owned("user-004")).toEqual([]);
  });

  test("an empty owner is INVALID_ARGUMENT", async () => {
    await expect(owned("user-001", "")).rejects.toMatchObject(INVALID_ARGUMENT);
  });
});
