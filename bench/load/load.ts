/** How requests arrive: always `connections` times `streams` of them under way. */
export interface Shape {
  /** As reports and bars call it: "8 x 10". */
  readonly name: string;
  readonly connections: number;
  /** Streams at once on each connection. */
  readonly streams: number;
  /** How many of a scenario's requests it gets: less where they come slowly. */
  readonly share: number;
}

/** The shapes of load that are measured: some busy clients, many that are not, as an edge sees them, and a single one. */
export const shapes: readonly Shape[] = [
  { name: "8 x 10", connections: 8, streams: 10, share: 1 },
  { name: "100 x 1", connections: 100, streams: 1, share: 1 },
  { name: "1 x 1", connections: 1, streams: 1, share: 0.25 },
];

/** One run of a load generator. */
export interface LoadJob {
  readonly shape: Shape;
  /** "http://127.0.0.1:1234/package.Service/Method" */
  readonly url: string;
  /** Sent with every request, beside the pseudo-headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** A file with the request's body: one enveloped message. */
  readonly bodyFile: string;
  /** How many requests to make, over all connections. */
  readonly requests: number;
  readonly timeoutMs: number;
  /** Requests in a second, over all connections, however fast they are answered. Default: as fast as they are answered. */
  readonly perSecond?: number;
}

/** What a load generator saw. It throws unless every request ended with HTTP 200. */
export interface LoadResult {
  /** Bytes in all DATA frames. */
  readonly dataBytes: number;
  readonly seconds: number;
  /** How long each request took, in microseconds; only where `perSecond` was asked for. */
  readonly latenciesUs?: readonly number[];
}

/** Makes load, in a process of its own. */
export interface LoadGenerator {
  readonly name: string;
  run(job: LoadJob): Promise<LoadResult>;
}
