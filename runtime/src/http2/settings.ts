import { ConnectionError, ErrorCode, protocolError } from "./error.js";
import { DEFAULT_WINDOW_BYTES, MAX_31, uint32 } from "./frame.js";

/** Identifiers of settings: https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2 */
export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** What the peer has told us of itself. */
export class PeerSettings {
  headerTableSize = 4096;
  /** Streams that we may open at once. No limit until the peer sets one. */
  maxConcurrentStreams: number = MAX_31;
  initialWindowSize = DEFAULT_WINDOW_BYTES;

  /**
   * Takes the payload of a SETTINGS frame; what is not known is passed over. Larger frames than all must accept are
   * not sent, and a limit on header lists is advice; so both are only checked.
   */
  read(bytes: Uint8Array, start: number, end: number, peerIsServer: boolean): void {
    for (let at = start; at < end; at += 6) {
      const value = uint32(bytes, at + 2);
      switch ((bytes[at]! << 8) | bytes[at + 1]!) {
        case Setting.HEADER_TABLE_SIZE:
          this.headerTableSize = value;
          break;
        case Setting.ENABLE_PUSH:
          if (value > (peerIsServer ? 0 : 1)) throw protocolError("ENABLE_PUSH has a wrong value");
          break;
        case Setting.MAX_CONCURRENT_STREAMS:
          this.maxConcurrentStreams = value;
          break;
        case Setting.INITIAL_WINDOW_SIZE:
          if (value > MAX_31) {
            throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE is too large");
          }
          this.initialWindowSize = value;
          break;
        case Setting.MAX_FRAME_SIZE:
          if (value < 16_384 || value > 16_777_215) throw protocolError("MAX_FRAME_SIZE has a wrong value");
          break;
      }
    }
  }
}
