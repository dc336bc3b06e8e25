/** What is sent in gzip. What comes so is always understood, within the limits of messages. */
export interface CompressionOptions {
  /**
   * Answers of so many bytes or more, each message of a stream by itself, are compressed for clients that accept it.
   * Default: none. How long a compressed answer is tells of what is in it: see docs/runtime.md, "Compression".
   */
  readonly responseMinBytes?: number;
  /** So are requests to upstreams, which all have to understand it. Default: none. */
  readonly requestMinBytes?: number;
}

/** What is wrong with them, in an upstream of the gateway's own or one that was `passed`. */
export function compressionProblems(options: CompressionOptions | undefined, passed: boolean): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(options ?? {})) {
    if (name !== "responseMinBytes" && name !== "requestMinBytes") {
      problems.push(`compression.${name}: no such option`);
    } else if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      problems.push(`compression.${name}: ${value} is not a whole number above 0`);
    }
  }
  if (passed && options?.requestMinBytes !== undefined) {
    problems.push("compression.requestMinBytes: set compressMinBytes of the upstream that is passed instead");
  }
  return problems;
}
