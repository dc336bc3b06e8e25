/** "Of the peer's CPU time per request, at most this much." */
export interface Bar {
  readonly load: string;
  readonly scenario: string;
  readonly against: string;
  readonly atMost: number;
}

/** What the generated gateway must reach. */
export const bars: readonly Bar[] = [
  { load: "8 x 10", scenario: "create", against: "grpc-js", atMost: 0.9 },
  { load: "8 x 10", scenario: "list of 20", against: "grpc-js", atMost: 0.8 },
  { load: "8 x 10", scenario: "list of 200", against: "grpc-js", atMost: 0.6 },
];

/** What translation alone must reach: 200 orders of four fields, each with its user's e-mail address. */
export const translationBars = {
  /** CPU time of a row, in microseconds. */
  usPerRow: 1,
  /** How many times as long the same takes with protobuf-es objects, in the same run. */
  timesProtobufEs: 5,
  /**
   * How many times the cost of a row in a smaller list one in a larger list may cost: linear, and what it costs that
   * 10,000 rows do not fit in the processor's caches. What is quadratic costs 50 times as much from 200 rows to 10,000.
   */
  growth: 3,
  /** Bytes on the heap for each field more in a row. The smallest object has 16. */
  garbagePerField: 4,
} as const;
