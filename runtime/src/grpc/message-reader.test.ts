import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { envelop } from "./envelop.js";
import { BadMessages, MessageReader } from "./message-reader.js";

class Sink {
  readonly messages: Uint8Array[] = [];
  readonly compressed: boolean[] = [];

  onMessage(message: Uint8Array, compressed: boolean): void {
    this.messages.push(message);
    this.compressed.push(compressed);
  }
}

const head = (flags: number, length: number) =>
  new Uint8Array([flags, length >>> 24, length >>> 16, length >>> 8, length]);

describe("MessageReader", () => {
  it("finds messages whatever parts they come in", () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 5_000, size: "max" }), { maxLength: 6 });
    const cuts = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1 });
    fc.assert(
      fc.property(bodies, cuts, (messages, sizes) => {
        const whole = Buffer.concat(messages.map((message) => envelop(message)));
        const copy = Buffer.from(whole);
        const reader = new MessageReader();
        const sink = new Sink();
        for (let at = 0, i = 0; at < whole.length; i++) {
          const size = sizes[i % sizes.length]!;
          expect(reader.read(whole.subarray(at, at + size), 5_000, sink)).toBe(undefined);
          at += size;
        }
        expect(sink.messages.map((message) => [...message])).toEqual(messages.map((message) => [...message]));
        expect(reader.isInMessage).toBe(false);
        // It keeps what it is given, and never writes there.
        expect(whole.equals(copy)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("tells what is compressed", () => {
    const sink = new Sink();
    new MessageReader().read(Uint8Array.of(1, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0), 10, sink);
    expect(sink.compressed).toEqual([true, false]);
  });

  it.each([1, 3, 5])("refuses a message by its head, that comes %i bytes at a time", (size) => {
    for (const [bytes, problem] of [
      [head(0, 11), BadMessages.TOO_LONG],
      [head(0, 0xffff_ffff), BadMessages.TOO_LONG],
      [head(2, 1), BadMessages.UNKNOWN_FLAGS],
    ] as const) {
      const reader = new MessageReader();
      let found: string | undefined;
      for (let at = 0; at < 5; at += size) found = reader.read(bytes.subarray(at, at + size), 10, new Sink());
      expect(found).toBe(problem);
    }
  });

  it("does not take memory for what is only promised", () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => {
      const reader = new MessageReader();
      reader.read(head(0, 100_000_000), 100_000_000, new Sink());
      reader.read(new Uint8Array(10), 100_000_000, new Sink());
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    expect(readers.every((reader) => reader.isInMessage)).toBe(true);
  });
});
