import type { AddressInfo, Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Address } from "./front.js";
import type { Logger } from "./logger.js";

/** Lets a server listen. Rejects if it cannot; what fails later is logged. */
export function listenOn(
  server: Server,
  { host, port, logger }: { readonly host: string; readonly port: number; readonly logger: Logger },
): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      server.on("error", (error) => {
        logger({ level: "error", message: "listener failed", cause: String(error) });
      });
      const bound = server.address() as AddressInfo;
      resolve({ host: bound.address, port: bound.port });
    });
  });
}

/** Waits until a server has stopped; at `endMs`, of `performance.now()`, calls `cut`, and then waits on. */
export async function stoppedBy(stopped: Promise<void>, endMs: number, cut: () => void): Promise<void> {
  const graceOver = new AbortController();
  const cutting = delay(Math.max(0, endMs - performance.now()), undefined, { signal: graceOver.signal }).then(
    cut,
    () => {},
  );
  await Promise.race([stopped, cutting]);
  graceOver.abort();
  await stopped;
}
