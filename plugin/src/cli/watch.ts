import { DescriptorMemory } from "../source/descriptor-memory.js";
import { BufError } from "./buf.js";
import type { Output } from "./command.js";
import { type FindingFormat, formatFindings } from "./findings.js";
import { strategyFindings } from "./strategy.js";
import { UsageError } from "./usage-error.js";
import { FileWatcher, watchedFiles } from "./watched-files.js";
import { imageOf, openWorkspace, planImage, type WorkspaceOptions } from "./workspace.js";

/** So long nothing has to change: editors and `git checkout` write several files, and some of them twice. */
const QUIET_MS = 60;
/** Plans that are made for nothing after the first one, so that the first edit is answered by code that is compiled. */
const WARM_UPS = 4;

/** Checks a workspace, and again after each change, until a signal ends it. Gives the exit code. */
export async function watchWorkspace(
  options: WorkspaceOptions,
  format: FindingFormat,
  io: Output,
): Promise<number> {
  // What cannot be understood at the start is a wrong command line; later it is an edit that is under way.
  openWorkspace(options);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const changes = new Changes();
  const watcher = new FileWatcher(() => changes.note());
  const checker = new Checker(options, format, io, stop.signal);
  try {
    while (!stop.signal.aborted) {
      const [start, cpuBefore] = [performance.now(), process.cpuUsage()];
      // Watched before they are read, so that no edit falls in between.
      watcher.watch(watchedFiles(options));
      const answer = await checker.check();
      if (stop.signal.aborted) break;
      const cpu = process.cpuUsage(cpuBefore);
      const ownMs = Math.ceil((cpu.user + cpu.system) / 1000);
      const allMs = Math.round(performance.now() - start);
      io.err(`portico: ${answer} (${allMs} ms, own CPU ${ownMs} ms); waiting for changes\n`);
      await checker.warmUp(() => stop.signal.aborted || changes.isDirty);
      await changes.next(stop.signal);
    }
    return 0;
  } finally {
    watcher.close();
    changes.close();
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Checks the same workspace again and again, and remembers what has not changed. */
class Checker {
  readonly #memory = new DescriptorMemory();
  #warmUps = 0;
  #again: (() => unknown) | undefined;

  constructor(
    readonly options: WorkspaceOptions,
    readonly format: FindingFormat,
    readonly io: Output,
    readonly signal: AbortSignal,
  ) {}

  /** One check; gives what came out of it, in a few words. */
  async check(): Promise<string> {
    const { options, io, signal } = this;
    try {
      const workspace = openWorkspace(options);
      const image = await imageOf(workspace, signal);
      const plan = () => planImage(workspace, image, this.#memory);
      const { findings: said, texts, targets } = plan();
      const findings = [...strategyFindings(workspace, targets, options.cwd), ...said];
      this.#again = plan;
      io.out(formatFindings(findings, this.format, { texts, base: options.cwd, isStream: true }));
      if (findings.length === 0) return "no findings";
      return findings.length === 1 ? "1 finding" : `${findings.length} findings`;
    } catch (error) {
      if (!(error instanceof BufError || error instanceof UsageError)) throw error;
      if (!signal.aborted) io.err(`${error.message}\n`);
      return error instanceof BufError ? "does not compile" : "not checked";
    }
  }

  /** Makes ready for the first edit, for as long as there is none. */
  async warmUp(isOver: () => boolean): Promise<void> {
    while (this.#again !== undefined && this.#warmUps < WARM_UPS) {
      // Changes come in between.
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver()) return;
      this.#warmUps++;
      this.#again();
    }
    this.#again = undefined;
  }
}

/** Changes, gathered until there is quiet. */
class Changes {
  #isDirty = false;
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  get isDirty(): boolean {
    return this.#isDirty || this.#timer !== undefined;
  }

  note(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#isDirty = true;
      this.#wake?.();
    }, QUIET_MS);
  }

  /** Resolves once something has changed since the last time, or when it is to stop. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#isDirty && !signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const wake = () => this.#wake?.();
      signal.addEventListener("abort", wake);
      await woken;
      signal.removeEventListener("abort", wake);
      this.#wake = undefined;
    }
    this.#isDirty = false;
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
