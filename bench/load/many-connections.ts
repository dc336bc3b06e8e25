// A process of its own: many connections to one gateway, which say nothing, or do not read what they have asked for.
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { serveControl } from "../lib/control.js";
import { enveloped } from "../lib/grpc-message.js";

/** What is asked of this process. */
export interface ManyConnections {
  readonly port: number;
  readonly count: number;
  readonly tls?: boolean;
  /** The method that slow readers call. */
  readonly path?: string;
}

/** What has become of readers that do not read. */
export interface SlowReaders {
  /** Those whose answer has begun. */
  readonly answered: number;
  /** Those that were told to come again. */
  readonly unavailable: number;
  /** The most that held an answer at once. */
  readonly mostHeld: number;
  /** For how long they held it until they were reset, in milliseconds. */
  readonly heldMs: readonly number[];
}

const AT_ONCE = 50;
// The preface, and SETTINGS that say nothing.
const HELLO = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
const UNAVAILABLE = "14";

// Held, so that they stay open.
const sockets: Socket[] = [];
const sessions: ClientHttp2Session[] = [];
let slow = nothingYet();

serveControl({ idle, slowReaders, readers: () => slow });

/** Opens connections, and answers how many of them the gateway has greeted. */
async function idle({ port, count, tls }: ManyConnections): Promise<number> {
  let greeted = 0;
  const one = () =>
    new Promise<void>((resolve) => {
      const socket =
        tls === true
          ? connectTls({ port, host: "127.0.0.1", ALPNProtocols: ["h2"], rejectUnauthorized: false })
          : connect(port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => {});
      socket.once("close", () => resolve());
      socket.once("data", () => {
        greeted++;
        resolve();
      });
      socket.write(HELLO);
    });
  await inBatches(count, one);
  return greeted;
}

/** Lets each of many connections make a call, and take nothing of the answer but what fits into its window. */
async function slowReaders({ port, count, path }: ManyConnections): Promise<void> {
  slow = nothingYet();
  await inBatches(count, async () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    sessions.push(session);
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" });
    let answeredMs = 0;
    stream.on("error", () => {});
    stream.on("close", () => {
      if (answeredMs > 0) slow.heldMs.push(performance.now() - answeredMs);
    });
    stream.end(enveloped(new Uint8Array(0)));
    await new Promise<void>((resolve) => {
      stream.on("close", () => resolve());
      stream.on("response", (headers) => {
        if (headers["grpc-status"] === UNAVAILABLE) slow.unavailable++;
        else if (headers["grpc-status"] === undefined) {
          answeredMs = performance.now();
          slow.answered++;
          slow.mostHeld = Math.max(slow.mostHeld, slow.answered - slow.heldMs.length);
        }
        resolve();
      });
    });
  });
}

function nothingYet() {
  return { answered: 0, unavailable: 0, mostHeld: 0, heldMs: [] as number[] };
}

async function inBatches(count: number, run: () => Promise<void>): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - done) }, run));
  }
}
