/** How requests arrive: always `connections` times `streams` of them under way. */
export interface Shape {
  /** As reports and bars call it: "8 x 10". */
  readonly name: string;
  readonly connections: number;
  /** Streams at once on each connection. */
  readonly streams: number;
}

/** The shapes of load that are measured. */
export const shapes: readonly Shape[] = [{ name: "8 x 10", connections: 8, streams: 10 }];

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
}

/** What a load generator saw. It throws unless every request ended with HTTP 200. */
export interface LoadResult {
  /** Bytes in all DATA frames. */
  readonly dataBytes: number;
  readonly seconds: number;
}

/** Makes load, in a process of its own. */
export interface LoadGenerator {
  readonly name: string;
  run(job: LoadJob): Promise<LoadResult>;
}
