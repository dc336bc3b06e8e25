import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What `npm start -- --once` writes for each public call. */
interface Entry {
  readonly method: string;
  readonly request: Record<string, unknown>;
  readonly response?: Record<string, unknown>;
  readonly error?: { readonly code: string };
  readonly upstreamCalls: readonly string[];
}

let entries: Entry[] = [];
let stdout = "";

beforeAll(async () => {
  // Rejects unless the exit code is 0.
  const run = promisify(execFile)("node", ["example/dist/example/start.js", "--once"], {
    cwd: root,
    timeout: 60_000,
  });
  ({ stdout } = await run);
  entries = JSON.parse(await readFile(`${root}/example/out/transcript.json`, "utf8"));
});

function answered(method: string): Entry & { readonly response: Record<string, unknown> } {
  const entry = entries.find((one) => one.method.endsWith(`/${method}`) && one.response !== undefined);
  if (entry === undefined) throw new Error(`${method} is not in the transcript`);
  return entry as ReturnType<typeof answered>;
}

test("20 orders with the e-mail of their users take two upstream calls", () => {
  const { response, upstreamCalls } = answered("ListOrdersWithUser");
  expect(response.orders).toHaveLength(20);
  expect(upstreamCalls).toEqual([
    "smpl.orders.v1.OrdersService/ListOrders",
    "smpl.users.v1.UsersService/BatchGetUsers",
  ]);
});

test("each of the orders has the e-mail of its own user", () => {
  const users = answered("ListUsers").response.users as Array<{ id: string; email: string }>;
  const emails = new Map(users.map(({ id, email }) => [id, email]));
  const orders = answered("ListOrdersWithUser").response.orders as Array<{
    userId: string;
    userEmail: string;
  }>;
  expect(orders.map((order) => order.userEmail)).toEqual(orders.map((order) => emails.get(order.userId)));
  // Were they all of one user, nothing could be mixed up.
  expect(new Set(orders.map((order) => order.userEmail)).size).toBeGreaterThan(3);
});

test("users with their items take two upstream calls, and no item is in another's list", () => {
  const { response, upstreamCalls } = answered("ListItemsGroupedByUsers");
  expect(upstreamCalls).toEqual([
    "smpl.users.v1.UsersService/ListUsers",
    "smpl.items.v1.ItemsService/BatchListItemsByOwner",
  ]);
  const users = response.users as Array<{ items?: Array<{ id: string }> }>;
  const items = users.flatMap((user) => user.items ?? []);
  expect(items.length).toBeGreaterThan(0);
  expect(new Set(items.map((item) => item.id)).size).toBe(items.length);
});

test("calls that are denied make no upstream call", () => {
  const denied = entries.filter((entry) => entry.error !== undefined);
  expect(denied.map((entry) => entry.error?.code).toSorted()).toEqual([
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
  ]);
  expect(denied.flatMap((entry) => entry.upstreamCalls)).toEqual([]);
});

test("the transcript on the screen names every call", () => {
  for (const { method, upstreamCalls } of entries) {
    for (const name of [method, ...upstreamCalls]) expect(stdout).toContain(name);
  }
});

test("no internal field is in any response", () => {
  expect(JSON.stringify(entries)).not.toMatch(/password_?hash|scrypt|warehouse_?note|birthday/i);
});
