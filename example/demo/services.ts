import { startItemsService } from "../services/items/service.js";
import { startOrdersService } from "../services/orders/service.js";
import { type CallLog, createCallLog } from "../services/shared/call-log.js";
import type { RunningService } from "../services/shared/start-service.js";
import { startUsersService } from "../services/users/service.js";

/** The three services, in this process. */
export interface DemoServices {
  /** The calls that all of them have received, in the order of arrival. */
  readonly calls: CallLog;
  /** What the gateway finds them by. */
  readonly env: Readonly<Record<"USERS_TARGET" | "ORDERS_TARGET" | "ITEMS_TARGET", string>>;
  close(): Promise<void>;
}

/** Starts all three on free ports. Rejects, with those that did start closed again, when one fails. */
export async function startServices(): Promise<DemoServices> {
  const calls = createCallLog();
  const { USERS_DATABASE_URL, ORDERS_DATABASE_URL, ITEMS_DATABASE_URL } = process.env;
  const running: RunningService[] = [];
  const close = async () => {
    await Promise.all(running.map((service) => service.close()));
  };
  const start = async (name: string, service: Promise<RunningService>) => {
    try {
      running.push(await service);
    } catch (cause) {
      throw new Error(`the ${name} service did not start`, { cause });
    }
    return `127.0.0.1:${running.at(-1)?.port}`;
  };
  try {
    const env = {
      USERS_TARGET: await start("users", startUsersService({ calls, databaseUrl: USERS_DATABASE_URL })),
      ORDERS_TARGET: await start("orders", startOrdersService({ calls, databaseUrl: ORDERS_DATABASE_URL })),
      ITEMS_TARGET: await start("items", startItemsService({ calls, databaseUrl: ITEMS_DATABASE_URL })),
    };
    return { calls, env, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
