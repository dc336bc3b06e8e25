import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { expect, it } from "vitest";
import { validUtf8 } from "./utf8.js";

function agree(bytes: Uint8Array): void {
  const framed = new Uint8Array(bytes.length + 4).fill(0x80);
  framed.set(bytes, 2);
  expect(validUtf8(framed, 2, 2 + bytes.length)).toBe(isUtf8(bytes));
}

it("agrees with Node on every sequence of up to two bytes, and on all leads with edges behind them", () => {
  agree(Uint8Array.of());
  const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  for (let a = 0; a < 256; a++) {
    agree(Uint8Array.of(a));
    for (let b = 0; b < 256; b++) agree(Uint8Array.of(a, b));
  }
  for (let a = 0xe0; a < 256; a++) {
    for (const b of edges)
      for (const c of edges) {
        agree(Uint8Array.of(a, b, c));
        for (const d of edges) agree(Uint8Array.of(a, b, c, d));
      }
  }
}, 30_000);

it("agrees with Node on random bytes and on mutated text", () => {
  const text = fc
    .string({ unit: "binary", maxLength: 60 })
    .map((s) => new Uint8Array(Buffer.from(s, "utf8")));
  const mutated = fc.tuple(text, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
    const copy = Uint8Array.from(bytes);
    if (copy.length > 0) copy[at % copy.length] = byte;
    return copy;
  });
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), text, mutated), agree), {
    numRuns: 2000,
  });
});
