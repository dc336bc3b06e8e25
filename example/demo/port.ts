import { once } from "node:events";
import { createServer } from "node:net";

/** The first of `ports` that nothing listens on; 0 stands for any free port. Throws when all are taken. */
export async function findPort(...ports: readonly number[]): Promise<number> {
  let reason: unknown;
  for (const port of ports) {
    const server = createServer();
    try {
      server.listen(port);
      await once(server, "listening");
      const address = server.address();
      if (address !== null && typeof address === "object") return address.port;
    } catch (thrown) {
      reason = thrown;
    } finally {
      server.close();
      if (server.listening) await once(server, "close");
    }
  }
  throw new Error(`no port to listen on among ${ports.join(", ")}`, { cause: reason });
}
