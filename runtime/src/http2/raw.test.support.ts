import { FrameType, PREFACE, uint31 } from "./frame.js";
import { HpackDecoder } from "./hpack/decoder.js";
import { HpackEncoder } from "./hpack/encoder.js";
import {
  type ByteBudget,
  type ConnectionError,
  defaultHttp2Limits,
  Http2Connection,
  type Http2Limits,
  type Http2Stream,
} from "./index.js";
import { Output } from "./output.js";

export { Flag, FrameType, PREFACE } from "./frame.js";

/** Any frame, right or wrong. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | number[] = [],
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, Uint8Array.from(payload)]);
}

export function uint32Bytes(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

export type Fields = ReadonlyArray<readonly [string, string]>;

/** A header block of literals, valid in any state of the table. */
export function block(fields: Fields): Buffer {
  const output = new Output();
  const encoder = new HpackEncoder();
  for (const [name, value] of fields) encoder.field(name, value, output);
  return output.take();
}

export const requestFields: Fields = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/x"],
];

/** HEADERS of a request. */
export function request(streamId: number, { end = true, extra = [] as Fields } = {}): Buffer {
  return frame(FrameType.HEADERS, 4 | (end ? 1 : 0), streamId, block([...requestFields, ...extra]));
}

export function data(streamId: number, bytes: Uint8Array | number[], end = false): Buffer {
  return frame(FrameType.DATA, end ? 1 : 0, streamId, bytes);
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(FrameType.WINDOW_UPDATE, 0, streamId, uint32Bytes(increment));
}

export function settings(...pairs: Array<readonly [number, number]>): Buffer {
  return frame(
    FrameType.SETTINGS,
    0,
    0,
    pairs.flatMap(([id, value]) => [id >> 8, id & 0xff, ...uint32Bytes(value)]),
  );
}

export function reset(streamId: number, code = 8): Buffer {
  return frame(FrameType.RST_STREAM, 0, streamId, uint32Bytes(code));
}

export interface SentFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Of HEADERS. */
  readonly fields: Fields;
}

/** One end of a connection whose other end the test plays, byte by byte, with a clock that the test turns. */
export class RawPeer {
  readonly #lends: boolean;
  readonly connection: Http2Connection;
  readonly requests: Http2Stream[] = [];
  /** What the connection was closed with; null as long as it is not. */
  closedWith: ConnectionError | undefined | null = null;
  nowMs = 1_000;

  readonly #decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 1e6, maxFields: 1e4 });
  #unread = Buffer.alloc(0);

  constructor(
    role: "server" | "client",
    limits: Partial<Http2Limits> = {},
    onRequest: (stream: Http2Stream) => void = () => {},
    budget?: ByteBudget,
  ) {
    const events = {
      onRequest: (stream: Http2Stream) => {
        this.requests.push(stream);
        onRequest(stream);
      },
      onOutput() {},
      onPeerChange() {},
      onClose: (error: ConnectionError | undefined) => {
        this.closedWith = error;
      },
    };
    this.connection = new Http2Connection(
      role,
      { ...defaultHttp2Limits, ...limits },
      events,
      this.nowMs,
      budget,
    );
    this.#lends = role === "client";
    if (role === "server") this.send(PREFACE);
    this.send(settings());
    this.sent();
  }

  /** Sends bytes, in one chunk; which is only lent to a client, as its sockets do: it is overwritten at once. */
  send(...frames: Uint8Array[]): this {
    const chunk = Buffer.concat(frames);
    this.connection.receive(chunk, this.nowMs, this.#lends);
    if (this.#lends) chunk.fill(0xee);
    return this;
  }

  /** Lets time pass, a tick a second as a front does. */
  wait(ms: number): this {
    for (let left = ms; left > 0; left -= 1_000) {
      this.nowMs += Math.min(left, 1_000);
      this.connection.tick(this.nowMs);
    }
    return this;
  }

  /** The frames that have been sent since the last call, as a client or server reads them. */
  sent(): SentFrame[] {
    const parts = [this.#unread];
    for (let part = this.connection.takeOutput(); part !== undefined; part = this.connection.takeOutput()) {
      parts.push(Buffer.from(part));
    }
    let bytes = Buffer.concat(parts);
    if (bytes.subarray(0, PREFACE.length).equals(PREFACE)) bytes = bytes.subarray(PREFACE.length);
    const frames: SentFrame[] = [];
    while (bytes.length > 0) {
      const end = 9 + bytes.readUIntBE(0, 3);
      const payload = bytes.subarray(9, end);
      const type = bytes[3]!;
      frames.push({
        type,
        flags: bytes[4]!,
        streamId: uint31(bytes, 5),
        payload,
        fields: type === FrameType.HEADERS ? this.#fields(payload) : [],
      });
      bytes = bytes.subarray(end);
    }
    return frames;
  }

  /** The code of the GOAWAY or RST_STREAM that was sent. */
  sentCode(type: number): number | undefined {
    const found = this.sent().find((frame) => frame.type === type);
    return found?.payload.readUInt32BE(type === FrameType.GOAWAY ? 4 : 0);
  }

  #fields(payload: Buffer): Fields {
    this.#decoder.decode(payload, 0, payload.length);
    return this.#decoder.fields.slice(0, this.#decoder.count).map(({ name, value }) => [name, value]);
  }
}

/** A receiver that writes down what it is told. */
export class Recorder {
  readonly events: string[] = [];
  readonly parts: Buffer[] = [];

  onHeaders(headers: Readonly<Record<string, string | undefined>>): void {
    this.events.push(`headers ${headers[":status"]}`);
  }

  onInformational(headers: Readonly<Record<string, string | undefined>>): void {
    this.events.push(`informational ${headers[":status"]}`);
  }

  onData(part: Uint8Array): void {
    this.parts.push(Buffer.from(part));
    this.events.push(`data ${part.byteLength}`);
  }

  onEnd(): void {
    this.events.push("end");
  }

  onDrain(): void {
    this.events.push("drain");
  }

  onClose(code: number): void {
    this.events.push(`close ${code}`);
  }

  get body(): Buffer {
    return Buffer.concat(this.parts as never[]);
  }
}
