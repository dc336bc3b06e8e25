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
