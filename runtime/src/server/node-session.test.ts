import http2 from "node:http2";
import net from "node:net";
import { afterEach, expect, it } from "vitest";
import { ByteBudget } from "../http2/index.js";
import { TimerWheel } from "../time/timer-wheel.js";
import { defaultConnectionLimits } from "./connection-limits.js";
import { NodeSession } from "./node-session.js";
import { until } from "./peers.test.support.js";

let server: http2.Http2Server;
afterEach(() => server.close());

async function accept(connect: (port: number) => void): Promise<NodeSession> {
  server = http2.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = new Promise<NodeSession>((resolve) => {
    server.once("session", (session) =>
      resolve(
        new NodeSession(session, new TimerWheel(), () => {}, defaultConnectionLimits, new ByteBudget(1)),
      ),
    );
  });
  connect((server.address() as net.AddressInfo).port);
  return accepted;
}

it("ends a connection that says nothing, soon", async () => {
  let closed = false;
  const known = await accept((port) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("close", () => (closed = true)).resume();
  });
  known.sweep(performance.now() + defaultConnectionLimits.handshakeTimeoutMs - 1_000);
  expect(known.session.destroyed).toBe(false);
  known.sweep(performance.now() + defaultConnectionLimits.handshakeTimeoutMs + 1_000);
  expect(known.session.destroyed).toBe(true);
  await until(() => closed);
});

it("ends a connection without streams, late and with notice", async () => {
  let goaway = -1;
  let settled = false;
  const known = await accept((port) => {
    const client = http2.connect(`http://127.0.0.1:${port}`);
    client.on("goaway", (code) => (goaway = code));
    client.once("localSettings", () => (settled = true));
  });
  await until(() => settled);
  known.sweep(performance.now() + defaultConnectionLimits.idleTimeoutMs - 1_000);
  expect(known.session.closed).toBe(false);
  known.streamOpened();
  known.sweep(performance.now() + defaultConnectionLimits.idleTimeoutMs + 1_000);
  expect(known.session.closed).toBe(false);
  known.streamClosed();
  known.sweep(performance.now() + defaultConnectionLimits.idleTimeoutMs + 1_000);
  await until(() => goaway === http2.constants.NGHTTP2_NO_ERROR && known.session.destroyed);
});
