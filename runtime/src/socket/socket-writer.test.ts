import net from "node:net";
import { afterEach, expect, it } from "vitest";
import { ByteBudget, type Http2Connection } from "../http2/index.js";
import { SocketWriter } from "./socket-writer.js";

const open: Array<{ destroy(): void }> = [];
const servers: net.Server[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A socket whose other end does not read yet. */
async function pair(): Promise<[socket: net.Socket, other: net.Socket]> {
  const server = net.createServer().listen(0, "127.0.0.1");
  servers.push(server);
  const accepted = new Promise<net.Socket>((resolve) => server.once("connection", resolve));
  await new Promise((resolve) => server.once("listening", resolve));
  const other = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1").pause();
  const socket = await accepted;
  for (const end of [socket, other]) {
    end.on("error", () => {});
    open.push(end);
  }
  return [socket, other];
}

/** What has no end of output. */
const endless = {
  takeOutput: () => Buffer.alloc(64 * 1024),
  outputSent: () => {},
} as unknown as Http2Connection;

it("counts what the socket holds, and for how long the system has taken nothing of it", async () => {
  const [socket, other] = await pair();
  const budget = new ByteBudget(1_000_000);
  const writer = new SocketWriter(socket, endless, budget);
  let drains = 0;
  socket.on("drain", () => {
    drains++;
    writer.drained();
  });
  writer.write();
  expect(socket.writableLength).toBeGreaterThan(0);
  expect(budget.used).toBe(socket.writableLength);
  expect(writer.stalledMs(1_000)).toBe(0);
  expect(writer.stalledMs(6_000)).toBe(5_000);
  other.resume();
  await new Promise((resolve) => socket.once("drain", resolve));
  expect(budget.used).toBe(0);
  expect(writer.stalledMs(7_000)).toBe(0);
  expect(drains).toBe(1);
});

it("counts nothing of a socket that is closed", async () => {
  const [socket] = await pair();
  const budget = new ByteBudget(1_000_000);
  const writer = new SocketWriter(socket, endless, budget);
  writer.write();
  expect(budget.used).toBeGreaterThan(0);
  socket.destroy();
  writer.close();
  expect(budget.used).toBe(0);
  expect(writer.stalledMs(1_000)).toBe(0);
  expect(budget.used).toBe(0);
});
