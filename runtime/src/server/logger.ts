/** An upstream call that failed, as the log tells it. */
export interface UpstreamFailureLog {
  /** The HTTP/2 path of the internal method. */
  readonly method: string;
  readonly code: string;
  /** The internal text. */
  readonly message: string;
}

/** One structured line of the log. Internal: it may hold what no client sees. Never credentials or message bytes. */
export interface LogEntry {
  readonly level: "info" | "warn" | "error";
  /** What happened, the same text for the same event: "request failed", "connection closed", … */
  readonly message: string;
  readonly requestId?: string;
  /** The public method, as its HTTP/2 path. */
  readonly method?: string;
  /** The code that the client got. */
  readonly code?: string;
  /** The text that the client got. */
  readonly text?: string;
  readonly durationMs?: number;
  /** The upstream calls of the request that failed, the first ones. */
  readonly upstream?: readonly UpstreamFailureLog[];
  /** What was thrown, where it is not an upstream failure. */
  readonly cause?: string;
}

/** Where log entries go. Called while requests are served, so it must not wait; what it throws is ignored. */
export type Logger = (entry: LogEntry) => void;

const MAX_LINES_PER_SECOND = 1000;

/**
 * JSON lines with a time, on standard error unless `write` says otherwise. At most 1,000 lines a second, so that a
 * flood of bad requests is not one of disk writes as well; the next line after that tells how many were left out.
 */
export function jsonLogger(write: (text: string) => void = (text) => process.stderr.write(text)): Logger {
  let second = 0;
  let lines = 0;
  let leftOut = 0;
  return (entry) => {
    const now = Date.now();
    if (Math.floor(now / 1000) !== second) {
      second = Math.floor(now / 1000);
      lines = 0;
    }
    if (++lines > MAX_LINES_PER_SECOND) {
      leftOut++;
      return;
    }
    const line = { time: new Date(now).toISOString(), ...entry, ...(leftOut > 0 ? { leftOut } : {}) };
    leftOut = 0;
    write(`${JSON.stringify(line)}\n`);
  };
}

/** A logger that cannot throw into the request it logs. */
export function guardedLogger(logger: Logger): Logger {
  return (entry) => {
    try {
      logger(entry);
    } catch {
      // There is nowhere left to tell it.
    }
  };
}
