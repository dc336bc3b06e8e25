import cluster, { type Worker } from "node:cluster";
import { availableParallelism } from "node:os";
import type { Logger } from "./logger.js";

/** What a worker tells its primary: that it serves, with the line to print, or that it is about to end. */
export type WorkerMessage =
  | { readonly portico: "serving"; readonly text: string }
  | { readonly portico: "leaving" };

// Tells our workers from those of somebody else's cluster, such as a process manager's.
const WORKER_VARIABLE = "PORTICO_WORKER";
const MOST_WORKERS = 1024;
// A worker that has lived so long did not die of how it starts.
const HEALTHY_MS = 10_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
// The time that workers have beyond their grace to end by themselves.
const OVERTIME_MS = 10_000;

/** Whether this process is a worker of a WorkerPool. */
export function isPoolWorker(): boolean {
  return cluster.isWorker && process.env[WORKER_VARIABLE] === "1";
}

/** How many workers the option means; undefined if it means nothing. */
export function workersOf(option: number | "auto"): number | undefined {
  if (option === "auto") return availableParallelism();
  return Number.isInteger(option) && option >= 1 && option <= MOST_WORKERS ? option : undefined;
}

/** How long to wait before a worker is started again, after so many in a row that have not lived long. */
export function restartDelayMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
}

/**
 * Processes that serve one port between them and share nothing else. Connections are dealt to them in turn. One that ends
 * is replaced; SIGTERM and SIGINT drain all, and the process ends with them.
 */
export class WorkerPool {
  readonly #count: number;
  readonly #graceMs: number;
  readonly #logger: Logger;
  readonly #workers = new Set<Worker>();
  #serving = 0;
  #everServed = false;
  #failures = 0;
  #stopping = false;
  #exitCode = 0;
  #onAllServing: (text: string) => void = () => {};

  constructor(count: number, graceMs: number, logger: Logger) {
    this.#count = count;
    this.#graceMs = graceMs;
    this.#logger = logger;
  }

  /** Starts the workers; resolves when all serve, to the line to print. Ends the process if the first cannot start. */
  async start(): Promise<string> {
    // Else the system decides who accepts, which gives some workers far more than others.
    cluster.schedulingPolicy = cluster.SCHED_RR;
    process.on("SIGTERM", () => this.#stop());
    process.on("SIGINT", () => this.#stop());
    const text = await new Promise<string>((resolve) => {
      this.#onAllServing = resolve;
      this.#fork();
    });
    return `${text}, ${this.#count} workers`;
  }

  #fork(): void {
    const worker = cluster.fork({ [WORKER_VARIABLE]: "1" });
    const startedMs = performance.now();
    let serves = false;
    let replaced = false;
    this.#workers.add(worker);
    // As it leaves, and not only when it has: it may take long over its last requests.
    const leave = () => {
      if (serves) this.#serving--;
      serves = false;
      if (replaced || this.#stopping) return;
      replaced = true;
      this.#replace(performance.now() - startedMs);
    };
    worker.on("message", (message: WorkerMessage) => {
      if (message?.portico === "leaving") leave();
      else if (message?.portico === "serving" && !replaced) {
        serves = true;
        this.#onServing(message.text);
      }
    });
    // Of the channel, which breaks when a worker ends in the middle of a word; its end is told below.
    worker.on("error", () => {});
    worker.once("exit", (code, signal) => {
      this.#workers.delete(worker);
      if (!this.#everServed) process.exit(code || 1);
      const cause = signal === null ? `exit code ${code}` : `signal ${signal}`;
      if (!this.#stopping) this.#logger({ level: "error", message: "worker ended", cause });
      else if (code !== 0 && signal !== "SIGTERM") this.#exitCode = 1;
      leave();
      if (this.#stopping && this.#workers.size === 0) process.exit(this.#exitCode);
    });
  }

  #onServing(text: string): void {
    this.#serving++;
    // What is wrong with the configuration is said by the first, once; the others only come when it is right.
    if (!this.#everServed) {
      this.#everServed = true;
      for (let i = 1; i < this.#count; i++) this.#fork();
    }
    if (this.#serving === this.#count) this.#onAllServing(text);
  }

  #replace(livedMs: number): void {
    this.#failures = livedMs < HEALTHY_MS ? this.#failures + 1 : 0;
    setTimeout(() => {
      if (!this.#stopping) this.#fork();
    }, restartDelayMs(this.#failures));
  }

  #stop(): void {
    // Whoever asks twice does not want to wait.
    if (this.#stopping) this.#kill();
    this.#stopping = true;
    if (this.#workers.size === 0) process.exit(0);
    for (const worker of this.#workers) worker.process.kill("SIGTERM");
    setTimeout(() => this.#kill(), this.#graceMs + OVERTIME_MS).unref();
  }

  #kill(): never {
    for (const worker of this.#workers) worker.process.kill("SIGKILL");
    process.exit(1);
  }
}
