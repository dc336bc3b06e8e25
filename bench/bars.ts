import { gatewayNames } from "./gateways.js";

/** "Of the other's CPU time per request, at most this much", or so many microseconds more. */
export interface Bar {
  readonly load: string;
  readonly scenario: string;
  readonly gateway: string;
  readonly against: string;
  readonly atMost: number;
  readonly unit: "times" | "us more";
}

const { subject, grpcJs, go, open, tls, goTls, workers } = gatewayNames;

function times(load: string, scenario: string, gateway: string, against: string, atMost: number): Bar {
  return { load, scenario, gateway, against, atMost, unit: "times" };
}

/** What the generated gateway must reach. */
export const bars: readonly Bar[] = [
  times("8 x 10", "create", subject, grpcJs, 0.08),
  times("8 x 10", "list of 20", subject, grpcJs, 0.1),
  times("8 x 10", "list of 200", subject, grpcJs, 0.15),
  times("8 x 10", "create", subject, go, 0.5),
  times("8 x 10", "list of 20", subject, go, 0.5),
  times("8 x 10", "list of 200", subject, go, 0.6),
  ...["create", "list of 20", "list of 200"].flatMap((scenario) => [
    times("100 x 1", scenario, subject, go, 0.6),
    times("1 x 1", scenario, subject, go, 0.8),
    times("8 x 10", scenario, tls, goTls, 0.6),
    times("8 x 10", scenario, workers, subject, 1.1),
  ]),
  { load: "8 x 10", scenario: "create", gateway: subject, against: open, atMost: 4, unit: "us more" },
];

/** What connections may cost. */
export const connectionBars = {
  /** Bytes that the process grows by for 10,000 idle connections, in cleartext. */
  idleBytes: 150e6,
  /** Bytes of answers that wait for their readers, over all connections: the gateway's own limit. */
  outboundBytes: 64 * 1024 * 1024,
  /** The part of the requests that each of two workers serves. */
  workerShare: { least: 0.4, most: 0.6 },
} as const;

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
