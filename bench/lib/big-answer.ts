/** A method beside the generated ones, for readers of long answers. */
export const bigAnswer = { path: "/bench.v1.Bench/BigAnswer", bytes: 1_000_000 } as const;
