import type { ByteBudget, Http2Limits } from "../../http2/index.js";
import type { TimerWheel } from "../../time/timer-wheel.js";
import type { UpstreamCertificates } from "../upstream-certificates.js";
import type { BackoffOptions } from "./backoff.js";

/** What all channels of an upstream share. Times are in milliseconds. */
export interface ChannelSettings {
  /** TLS, with the name that certificates are checked against if it is not the target's; undefined: cleartext. */
  readonly security:
    | { readonly certificates: UpstreamCertificates; readonly serverName: string | undefined }
    | undefined;
  readonly limits: Http2Limits;
  /** Bytes of requests that wait for upstreams to read them. */
  readonly budget: ByteBudget;
  /** The deadlines of all calls. */
  readonly wheel: TimerWheel;
  readonly maxMessageBytes: number;
  /** Requests of so many bytes are compressed. */
  readonly compressMinBytes: number;
  readonly backoff: BackoffOptions;
  readonly connectTimeoutMs: number;
  readonly maxConnectWaitMs: number;
  readonly maxConnectionsPerAddress: number;
  readonly idleTimeoutMs: number;
  readonly minResolutionIntervalMs: number;
  readonly maxResolutionAgeMs: number;
}
