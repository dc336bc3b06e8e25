import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EnvelopeReader, envelop } from "./envelope.js";

describe("EnvelopeReader", () => {
  it("puts together what was cut anywhere", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60_000, size: "max" }),
        fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 }),
        (message, cuts) => {
          const whole = envelop(message);
          const reader = new EnvelopeReader(60_000);
          for (let at = 0, i = 0; at < whole.length; i++) {
            const size = cuts[i % cuts.length]!;
            reader.push(whole.subarray(at, at + size));
            at += size;
          }
          const read = reader.finish();
          expect(read.compressed).toBe(false);
          expect(Buffer.compare(read.message, message)).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("does not take memory for what is only promised", () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => {
      const reader = new EnvelopeReader(100_000_000);
      reader.push(new Uint8Array([0, 5, 0, 0, 0]));
      reader.push(new Uint8Array([1]));
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    expect(() => readers[0]!.finish()).toThrow("ends within a message");
  });

  it("does not write into the parts it was given", () => {
    const part = new Uint8Array([0, 0, 0, 0, 2, 9]);
    const reader = new EnvelopeReader(10);
    reader.push(part);
    reader.push(new Uint8Array([8]));
    expect([...reader.finish().message]).toEqual([9, 8]);
    expect([...part]).toEqual([0, 0, 0, 0, 2, 9]);
  });

  it("reads lengths without a sign", () => {
    expect(() => new EnvelopeReader(1000).push(new Uint8Array([0, 255, 255, 255, 255]))).toThrow(
      "longer than 1000",
    );
  });
});
