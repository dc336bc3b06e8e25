// The gateway of the soak, in a process of its own: says what it holds when it is asked, and after it has been closed.
import { CountedStream, countedUpstream, counts, countTimers } from "./counted.js";

countTimers();
const { defaultLimits } = await import("../../runtime/dist/call/limits.js");
const { defaultConnectionLimits } = await import("../../runtime/dist/server/connection-limits.js");
const { nodeFront } = await import("../../runtime/dist/server/node-front.js");
const { ownFront } = await import("../../runtime/dist/server/own-front.js");
const { Pipeline } = await import("../../runtime/dist/server/pipeline.js");
const { transportOf } = await import("../../runtime/dist/server/transport.js");
const { grpcJsUpstream } = await import("../../runtime/dist/upstream/grpc-js.js");
const { http2Upstream } = await import("../../runtime/dist/upstream/http2-upstream.js");
const { internal, routes } = await import("./methods.js");

const isOwn = transportOf(undefined) === "http2";
const target = `ipv4:${process.argv
  .slice(2)
  .map((port) => `127.0.0.1:${port}`)
  .join(",")}`;
const upstream = (isOwn ? http2Upstream : grpcJsUpstream)({ targets: { [internal.get.service]: target } });
const logged = new Map();
const pipeline = new Pipeline({
  routes,
  upstream: countedUpstream(upstream),
  limits: defaultLimits,
  authenticator: undefined,
  logger({ message, code, text, cause }) {
    const entry = [message, code, text, cause]
      .filter((part) => part !== undefined)
      .join(": ")
      .slice(0, 200);
    if (logged.size < 100 || logged.has(entry)) logged.set(entry, (logged.get(entry) ?? 0) + 1);
  },
  forwardHeaders: [],
  config: {},
});
const front = (isOwn ? ownFront : nodeFront)({
  host: "127.0.0.1",
  port: 0,
  tls: undefined,
  limits: defaultConnectionLimits,
  logger: pipeline.logger,
  serve: (stream) => pipeline.serve(new CountedStream(stream)),
});

const warnings = [];
process.on("warning", ({ message }) => warnings.push(message));
process.on("unhandledRejection", (reason) => warnings.push(`unhandled: ${reason?.stack ?? reason}`));

function measure() {
  global.gc();
  global.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  const sockets = process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  return { held: heapUsed + external, rss, sockets, deadlines: pipeline.wheel.size, ...counts, warnings };
}

const { port } = await front.listen();
process.on("message", async (message) => {
  if (message === "close") {
    await front.close(1_000);
    await upstream.close();
    // What lingers for a second at most may end.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  }
  process.send({ ...measure(), logged: [...logged], cpuMs: process.cpuUsage().user / 1000 });
});
process.on("disconnect", () => process.exit(0));
process.send({ port });
