import { ConnectionError, ErrorCode } from "./error.js";
import type { Http2Limits } from "./limits.js";

/** Since when a connection has been in the middle of something; 0 where it is not. */
export interface Since {
  readonly settled: boolean;
  readonly openedMs: number;
  readonly frameSinceMs: number;
  readonly blockSinceMs: number;
  readonly outputSinceMs: number;
  readonly pingedMs: number;
}

/** What takes longer than it may, if anything does: a peer that trickles, or that has gone without a word. */
export function latenessOf(limits: Http2Limits, nowMs: number, since: Since): ConnectionError | undefined {
  if (!since.settled && nowMs - since.openedMs > limits.handshakeTimeoutMs) {
    return new ConnectionError(ErrorCode.SETTINGS_TIMEOUT, "no SETTINGS have come");
  }
  if (over(since.blockSinceMs, limits.headerTimeoutMs)) return calm("a header block trickles");
  if (over(since.frameSinceMs, limits.bodyTimeoutMs)) return calm("a frame trickles");
  if (over(since.outputSinceMs, limits.stallTimeoutMs)) return calm("the peer does not read");
  if (over(since.pingedMs, limits.keepaliveTimeoutMs)) return calm("the peer does not answer");
  return undefined;

  function over(sinceMs: number, limitMs: number): boolean {
    return sinceMs !== 0 && nowMs - sinceMs > limitMs;
  }
}

function calm(message: string): ConnectionError {
  return new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, message);
}
