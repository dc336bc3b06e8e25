import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Code, type PorticoError } from "../call/error.js";
import { gunzipBounded } from "./compression.js";

function gunzip(
  message: Buffer,
  maxBytes: number,
): Promise<{ error: PorticoError | undefined; length: number }> {
  return new Promise((resolve) => {
    gunzipBounded(message as never, maxBytes, (error, output) => resolve({ error, length: output.length }));
  });
}

describe("gunzipBounded", () => {
  it("takes a message of the limit, and none over it", async () => {
    expect(await gunzip(gzipSync(Buffer.alloc(1000)), 1000)).toEqual({ error: undefined, length: 1000 });
    expect((await gunzip(gzipSync(Buffer.alloc(1001)), 1000)).error?.code).toBe(Code.RESOURCE_EXHAUSTED);
  });

  it("stops a bomb where the limit is", async () => {
    // 400 MiB of zeros in 400 KiB.
    const member = gzipSync(Buffer.alloc(1024 * 1024));
    const bomb = Buffer.concat(Array.from({ length: 400 }, () => member) as never[]);
    const before = process.resourceUsage().maxRSS;
    expect((await gunzip(bomb, 1000)).error?.code).toBe(Code.RESOURCE_EXHAUSTED);
    const grownKiB = process.resourceUsage().maxRSS - before;
    expect(grownKiB).toBeLessThan(100 * 1024);
  });

  it.each([Buffer.alloc(0), Buffer.from("nonsense"), gzipSync(Buffer.alloc(100)).subarray(0, 15)])(
    "refuses what is not gzip, or not all of it",
    async (message) => {
      expect((await gunzip(message, 1000)).error?.code).toBe(Code.INVALID_ARGUMENT);
    },
  );
});
