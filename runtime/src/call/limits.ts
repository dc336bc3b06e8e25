/** Bounds on what one public request may cost. Beyond any of them: RESOURCE_EXHAUSTED. */
export interface Limits {
  /** Upstream calls under way at once. Default 64; more wait. */
  readonly maxConcurrentCalls: number;
  /** Upstream calls in all. Default 10,000, as many as a join may have keys. */
  readonly maxCalls: number;
  /** Bytes of all upstream replies together. Default 64 MiB. */
  readonly maxUpstreamBytes: number;
  /** Bytes of one upstream reply. Default 4 MiB. */
  readonly maxUpstreamMessageBytes: number;
  /** Bytes of the public response (of each message of a stream). Default 16 MiB. */
  readonly maxResponseBytes: number;
  /** Bytes of the public request (of each message of a stream). Default 1 MiB. */
  readonly maxRequestBytes: number;
}

const MiB = 1024 * 1024;

export const defaultLimits: Limits = {
  maxConcurrentCalls: 64,
  maxCalls: 10_000,
  maxUpstreamBytes: 64 * MiB,
  maxUpstreamMessageBytes: 4 * MiB,
  maxResponseBytes: 16 * MiB,
  maxRequestBytes: 1 * MiB,
};
