import { randomFillSync } from "node:crypto";

// A version that is not known is read like 00, and may go on after a dash.
const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZERO_TRACE = "0".repeat(32);
const ZERO_SPAN = "0".repeat(16);

/**
 * The `traceparent` for upstream calls: the client's trace with a new span, or a new trace that is not sampled if the
 * client sent none, or none that is valid.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function continueTrace(received: string | undefined): string {
  const match = received === undefined || received.length > 512 ? null : traceparent.exec(received);
  if (match === null) return `00-${randomHex(32)}-${randomHex(16)}-00`;
  const [, version, trace, span, flags, rest] = match;
  const valid =
    version !== "ff" &&
    (version !== "00" || rest === undefined) &&
    trace !== ZERO_TRACE &&
    span !== ZERO_SPAN;
  if (!valid) return `00-${randomHex(32)}-${randomHex(16)}-00`;
  // Of the flags only "sampled" is defined; the others must not be passed on.
  const sampled = (Number.parseInt(flags!, 16) & 1) === 1;
  return `00-${trace}-${randomHex(16)}-${sampled ? "01" : "00"}`;
}

// Random digits are made in stock: a call of the generator costs more than all the rest here.
const stock = Buffer.alloc(4096);
let digits = "";
let used = 0;

/** Random hexadecimal digits from a cryptographic source. All zeros are as likely as any, which is never. */
function randomHex(count: number): string {
  if (used + count > digits.length) {
    digits = randomFillSync(stock).toString("hex");
    used = 0;
  }
  used += count;
  return digits.slice(used - count, used);
}
