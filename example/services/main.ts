/**
 * One service as a process of its own: `node example/dist/example/services/main.js users|orders|items`.
 *
 *   PORT                 where it listens, on the loopback interface; default: a free port
 *   USERS_DATABASE_URL   a PostgreSQL server for the users (ORDERS_…, ITEMS_…); default: embedded, in memory
 */
import { startItemsService } from "./items/service.js";
import { startOrdersService } from "./orders/service.js";
import { startUsersService } from "./users/service.js";

const starters = new Map([
  ["users", startUsersService],
  ["orders", startOrdersService],
  ["items", startItemsService],
]);

try {
  const name = process.argv[2] ?? "";
  const start = starters.get(name);
  if (start === undefined) throw new Error(`which service? one of: ${[...starters.keys()].join(", ")}`);
  const port = Number(process.env.PORT ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error("PORT must be 0 to 65535");
  const service = await start({ port, databaseUrl: process.env[`${name.toUpperCase()}_DATABASE_URL`] });
  console.log(`${name} listens on 127.0.0.1:${service.port}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void service.close());
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 1;
}
