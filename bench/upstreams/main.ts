import { type Identity, serveControl } from "../lib/control.js";
import { createUpstreamServer, type UpstreamCounts, type UpstreamServer } from "./server.js";

// One process, but a server for each service, as gateways meet them: a connection is not shared between services.
const services = ["smpl.users.v1.UsersService", "smpl.orders.v1.OrdersService", "smpl.items.v1.ItemsService"];
let servers: readonly UpstreamServer[] = [];

serveControl({
  async start(identity: Identity | null): Promise<Record<string, string>> {
    servers = services.map(() => createUpstreamServer(identity ?? undefined));
    const started = services.map(async (name, at) => [name, await servers[at]!.listen()]);
    return Object.fromEntries(await Promise.all(started));
  },
  counts(): UpstreamCounts {
    const calls: Record<string, number> = {};
    let withoutDeadline = 0;
    for (const server of servers) {
      const counts = server.counts();
      for (const [path, count] of Object.entries(counts.calls)) calls[path] = (calls[path] ?? 0) + count;
      withoutDeadline += counts.withoutDeadline;
    }
    return { calls, withoutDeadline };
  },
  reset(): void {
    for (const server of servers) server.reset();
  },
});
