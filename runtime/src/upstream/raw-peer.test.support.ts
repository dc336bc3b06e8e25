import net from "node:net";
import { envelop } from "../grpc/envelop.js";
import { HpackDecoder } from "../http2/hpack/decoder.js";
import { block, data, type Fields, FrameType, frame, PREFACE, settings } from "../http2/raw.test.support.js";
import type { Method, UpstreamContext } from "./upstream.js";
import { UpstreamError } from "./upstream.js";

/** A frame that a peer has received. */
export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Of HEADERS. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A connection at a peer that the test plays, byte by byte. */
export class RawConnection {
  readonly frames: ReceivedFrame[] = [];
  readonly #decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 1e6, maxFields: 1e4 });
  #unread = Buffer.alloc(0);
  #preface = false;

  constructor(
    readonly socket: net.Socket,
    readonly onFrame: (frame: ReceivedFrame, connection: RawConnection) => void,
    readonly peerSettings: Uint8Array,
  ) {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
  }

  send(...parts: Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(parts));
  }

  /** Streams that have been opened. */
  get requests(): number {
    return this.frames.filter(({ type }) => type === FrameType.HEADERS).length;
  }

  #receive(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#unread, chunk]);
    if (!this.#preface) {
      if (bytes.length < PREFACE.length) {
        this.#unread = bytes;
        return;
      }
      this.#preface = true;
      bytes = bytes.subarray(PREFACE.length);
      this.send(this.peerSettings);
    }
    while (bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      this.#frame(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
    this.#unread = bytes;
  }

  #frame(bytes: Buffer): void {
    const type = bytes[3]!;
    const flags = bytes[4]!;
    const payload = bytes.subarray(9);
    let fields: Record<string, string> = {};
    if (type === FrameType.HEADERS) {
      this.#decoder.decode(payload, 0, payload.length);
      const list = this.#decoder.fields.slice(0, this.#decoder.count);
      fields = Object.fromEntries(list.map(({ name, value }) => [name, value]));
    }
    if (type === FrameType.SETTINGS && flags === 0) this.send(frame(FrameType.SETTINGS, 1, 0));
    const received = { type, flags, streamId: bytes.readUInt32BE(5), payload, fields };
    this.frames.push(received);
    this.onFrame(received, this);
  }
}

export interface RawPeerServer {
  readonly port: number;
  readonly connections: RawConnection[];
  /** All frames of a type, of all connections. */
  framesOf(type: number): ReceivedFrame[];
  close(): Promise<void>;
}

/** A peer on a socket, of which only `onFrame` says what it does. */
export async function startRawPeer(
  onFrame: (frame: ReceivedFrame, connection: RawConnection) => void,
  {
    peerSettings = settings(),
    host = "127.0.0.1",
    port = 0,
  }: { peerSettings?: Uint8Array; host?: string; port?: number } = {},
): Promise<RawPeerServer> {
  const connections: RawConnection[] = [];
  const server = net.createServer((socket) => {
    connections.push(new RawConnection(socket, onFrame, peerSettings));
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    connections,
    framesOf: (type) => connections.flatMap(({ frames }) => frames).filter((frame) => frame.type === type),
    close() {
      for (const { socket } of connections) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Whether a frame is the end of a request. */
export function endsRequest({ type, flags }: ReceivedFrame): boolean {
  return (type === FrameType.DATA || type === FrameType.HEADERS) && (flags & 1) === 1;
}

const grpcHeaders: Fields = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];

/** The head of a response. */
export function head(streamId: number, extra: Fields = [], fields: Fields = grpcHeaders): Buffer {
  return frame(FrameType.HEADERS, 4, streamId, block([...fields, ...extra]));
}

/** A message of a response. */
export function message(streamId: number, bytes: Uint8Array | number[]): Buffer {
  return data(streamId, envelop(Uint8Array.from(bytes)));
}

/** The end of a response. */
export function trailers(streamId: number, fields: Fields = [["grpc-status", "0"]]): Buffer {
  return frame(FrameType.HEADERS, 5, streamId, block(fields));
}

/** A whole response, of trailers only. */
export function trailersOnly(streamId: number, fields: Fields, first: Fields = grpcHeaders): Buffer {
  return frame(FrameType.HEADERS, 5, streamId, block([...first, ...fields]));
}

/** A whole response of one message. */
export function reply(streamId: number, bytes: Uint8Array | number[] = []): Buffer {
  return Buffer.concat([head(streamId), message(streamId, bytes), trailers(streamId)]);
}

const service = "internal.v1.Echo";
export const unaryMethod: Method = { service, name: "Unary", path: `/${service}/Unary`, kind: "unary" };
export const streamMethod: Method = {
  service,
  name: "Stream",
  path: `/${service}/Stream`,
  kind: "server_streaming",
};

/** The targets option for a peer. */
export function targetsOf(...ports: number[]): Record<string, string> {
  return { [service]: `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(",")}` };
}

/** A context, and how many listeners it has now. */
export function testContext(change: Partial<UpstreamContext> = {}) {
  const listeners = new Set<() => void>();
  return {
    deadlineMs: Date.now() + 10_000,
    maxResponseBytes: 8_000_000,
    metadata: [] as Array<readonly [string, string]>,
    listeners,
    onCancel(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...change,
  };
}

/** The UpstreamError that a call fails with. */
export async function failureOf(result: Promise<unknown>): Promise<UpstreamError> {
  const failure = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(failure instanceof UpstreamError)) throw new Error(`not an UpstreamError but ${String(failure)}`);
  return failure;
}
