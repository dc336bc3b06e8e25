// What clients do to the gateway of the soak: calls of all kinds at a rate, on connections that come and go.
import net from "node:net";
import { grpcJsUpstream } from "../../runtime/dist/upstream/grpc-js.js";
import { http2Upstream } from "../../runtime/dist/upstream/http2-upstream.js";
import { api } from "./methods.js";

const CLIENTS = 8;
const MOST_UNDER_WAY = 32;
const message = new Uint8Array(200).fill(7);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Clients of both kinds, and what came of their calls. */
export class Load {
  /** Outcomes, by their codes. */
  codes = new Map();

  #port;
  #clients = [];
  #running = true;
  #underWay = 0;

  constructor(port) {
    this.#port = port;
    for (let i = 0; i < CLIENTS; i++) this.#clients.push(this.#connect(i));
  }

  get calls() {
    return [...this.codes.values()].reduce((sum, count) => sum + count, 0);
  }

  /** As many calls as the gateway takes, for so long; gives how many that were a second. */
  async peak(ms) {
    const before = this.calls;
    const end = Date.now() + ms;
    const loop = async () => {
      while (Date.now() < end) await this.#call();
    };
    await Promise.all(Array.from({ length: 32 }, loop));
    return ((this.calls - before) / ms) * 1000;
  }

  /** So many calls a second, whatever comes of them, until `stop`; clients come and go. */
  run(perSecond) {
    const started = Date.now();
    let made = 0;
    const pace = setInterval(() => {
      // After a pause of this process the missed ones are not made up for: the gateway is what is loaded here.
      const due = Math.min(((Date.now() - started) / 1000) * perSecond, made + perSecond / 10);
      // Where the machine has become slower than it was at the peak, so does the load: a call that ends late is a hang.
      if (this.#underWay > MOST_UNDER_WAY) return;
      for (; made < due; made++) void this.#call();
      made = Math.max(made, ((Date.now() - started) / 1000) * perSecond - perSecond / 10);
    }, 5);
    this.#loops = [this.#reconnect(), this.#vanish(), () => clearInterval(pace)];
  }

  #loops = [];

  /** Makes no more calls, and lets those that are under way end. */
  async stop() {
    this.#running = false;
    for (const loop of this.#loops) await (typeof loop === "function" ? loop() : loop);
    for (let i = 0; i < 100 && this.#underWay > 0; i++) await wait(100);
    for (const client of this.#clients) await client.close();
    return this.#underWay;
  }

  #connect(i) {
    const make = isGrpcJs(i) ? grpcJsUpstream : http2Upstream;
    return make({ targets: { [api.get.service]: `127.0.0.1:${this.#port}` } });
  }

  // A client leaves, with all that it has under way, and another one comes.
  async #reconnect() {
    while (this.#running) {
      await wait(Math.random() * 600);
      const i = Math.floor(Math.random() * CLIENTS);
      const old = this.#clients[i];
      this.#clients[i] = this.#connect(i);
      // grpc-js keeps a connection for ever that is made just while its channel is closed.
      if (isGrpcJs(i)) await old.unary(api.get, message, patient()).catch(() => {});
      await old.close();
    }
  }

  // A connection that goes without a word, at any place of a request.
  async #vanish() {
    // A preface, SETTINGS, and the beginning of a HEADERS frame.
    const bytes = Buffer.concat([
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
      Buffer.from([0, 0, 40, 1, 4, 0, 0, 0, 1, 0x83, 0x86]),
    ]);
    while (this.#running) {
      await wait(Math.random() * 200);
      const socket = net.connect(this.#port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(bytes.subarray(0, Math.random() * (bytes.length + 1)));
      setTimeout(() => socket.resetAndDestroy(), Math.random() * 300);
    }
  }

  async #call() {
    const client = this.#clients[Math.floor(Math.random() * CLIENTS)];
    const cancels = new Set();
    const context = {
      deadlineMs: Date.now() + 4_000,
      maxResponseBytes: 1_000_000,
      metadata: [],
      onCancel(listener) {
        cancels.add(listener);
        return () => cancels.delete(listener);
      },
    };
    // Some are given up.
    const patience = Math.random() < 0.05 ? setTimeout(() => cancel(cancels), Math.random() * 10) : undefined;
    this.#underWay++;
    let code = 0;
    try {
      const kind = Math.random();
      if (kind < 0.8) await client.unary(api.get, message, context);
      else if (kind < 0.9) await read(client.serverStream(api.list, message, context));
      else await read(client.bidiStream(api.chat, requests(), context));
    } catch (thrown) {
      code = thrown?.code ?? String(thrown);
    }
    clearTimeout(patience);
    this.#underWay--;
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }
}

/** Whether a client is one of grpc-js, as one in four is. */
function isGrpcJs(i) {
  return i % 4 === 3;
}

function patient() {
  const [deadlineMs, maxResponseBytes] = [Date.now() + 4_000, 1_000_000];
  return { deadlineMs, maxResponseBytes, metadata: [], onCancel: () => () => {} };
}

function cancel(listeners) {
  for (const listener of [...listeners]) listener();
}

async function read(messages) {
  let left = Math.random() < 0.1 ? 3 : Number.POSITIVE_INFINITY;
  for await (const _message of messages) {
    if (Math.random() < 0.01) await wait(20);
    if (--left === 0) return;
  }
}

async function* requests() {
  for (let i = 0; i < 5; i++) yield message;
}
