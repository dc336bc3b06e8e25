// What clients do to the gateway of the soak: calls of all kinds at a rate, on connections that come and go.
import net from "node:net";
import { grpcJsUpstream } from "../../runtime/dist/upstream/grpc-js.js";
import { http2Upstream } from "../../runtime/dist/upstream/http2-upstream.js";
import { api } from "./methods.js";

const CLIENTS = 8;
/** Calls that `run` has under way at once, at most. */
export const MOST_UNDER_WAY = 32;
// How long after an upstream was killed a call may still have been sent to it.
const KILL_NOTICED_MS = 1_000;
const [CANCELLED, UNAVAILABLE] = [1, 14];
const message = new Uint8Array(200).fill(7);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Clients of both kinds, and what came of their calls. */
export class Load {
  /** Outcomes, by their codes. */
  codes = new Map();
  /** Calls that failed, by the reason that they had. */
  reasons = new Map();

  #killed = [];
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

  /** To be told when an upstream is killed: the calls that it has fail. */
  upstreamKilled() {
    this.#killed.push(Date.now());
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

  /** Forgets what came of the calls so far. */
  clear() {
    this.codes.clear();
    this.reasons.clear();
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
    for (const { upstream } of this.#clients) await upstream.close();
    return this.#underWay;
  }

  #connect(i) {
    const make = isGrpcJs(i) ? grpcJsUpstream : http2Upstream;
    return { upstream: make({ targets: { [api.get.service]: `127.0.0.1:${this.#port}` } }), hasLeft: false };
  }

  // A client leaves, with all that it has under way, and another one comes.
  async #reconnect() {
    while (this.#running) {
      await wait(Math.random() * 600);
      const i = Math.floor(Math.random() * CLIENTS);
      const old = this.#clients[i];
      this.#clients[i] = this.#connect(i);
      // grpc-js keeps a connection for ever that is made just while its channel is closed.
      if (isGrpcJs(i)) await old.upstream.unary(api.get, message, patient()).catch(() => {});
      old.hasLeft = true;
      await old.upstream.close();
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
    const { upstream } = client;
    const started = Date.now();
    const cancels = new Set();
    let isGivenUp = false;
    const giveUp = () => {
      isGivenUp = true;
      for (const listener of [...cancels]) listener();
    };
    const context = {
      ...patient(),
      onCancel(listener) {
        cancels.add(listener);
        return () => cancels.delete(listener);
      },
    };
    // Some are given up.
    const patience = Math.random() < 0.05 ? setTimeout(giveUp, Math.random() * 10) : undefined;
    this.#underWay++;
    let code = 0;
    try {
      const kind = Math.random();
      if (kind < 0.8) await upstream.unary(api.get, message, context);
      else if (kind < 0.9) await read(upstream.serverStream(api.list, message, context));
      else await read(upstream.bidiStream(api.chat, requests(), context));
    } catch (thrown) {
      code = thrown?.code ?? String(thrown);
      count(this.reasons, this.#reasonOf(code, thrown, started, isGivenUp, client.hasLeft));
    }
    clearTimeout(patience);
    this.#underWay--;
    count(this.codes, code);
  }

  #reasonOf(code, thrown, started, isGivenUp, hasLeft) {
    if (code === CANCELLED && isGivenUp) return "given up";
    if (hasLeft && (code === CANCELLED || code === UNAVAILABLE)) return "the client left";
    const isKilled = this.#killed.some((atMs) => started < atMs + KILL_NOTICED_MS && atMs <= Date.now());
    if (isKilled && code === UNAVAILABLE) return "the upstream was killed";
    return `none: ${code} ${thrown?.message}`.slice(0, 200);
  }
}

function count(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** Whether a client is one of grpc-js, as one in four is. */
function isGrpcJs(i) {
  return i % 4 === 3;
}

function patient() {
  const [deadlineMs, maxResponseBytes] = [Date.now() + 4_000, 1_000_000];
  return { deadlineMs, maxResponseBytes, metadata: [], onCancel: () => () => {} };
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
