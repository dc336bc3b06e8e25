import { serveControl } from "../lib/control.js";
import { createUpstreamServer, type UpstreamCounts } from "./server.js";

// One process, but a server for each service, as gateways meet them: a connection is not shared between services.
const servers = {
  "smpl.users.v1.UsersService": createUpstreamServer(),
  "smpl.orders.v1.OrdersService": createUpstreamServer(),
  "smpl.items.v1.ItemsService": createUpstreamServer(),
};

serveControl({
  async start(): Promise<Record<string, string>> {
    const started = Object.entries(servers).map(async ([name, server]) => [name, await server.listen()]);
    return Object.fromEntries(await Promise.all(started));
  },
  counts(): UpstreamCounts {
    const all = Object.values(servers).map((server) => server.counts());
    return {
      calls: Object.assign({}, ...all.map((counts) => counts.calls)),
      withoutDeadline: all.reduce((sum, counts) => sum + counts.withoutDeadline, 0),
    };
  },
  reset(): void {
    for (const server of Object.values(servers)) server.reset();
  },
});
