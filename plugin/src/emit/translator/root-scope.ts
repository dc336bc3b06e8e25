import type { Code } from "../code.js";
import type { FileScope } from "../file-scope.js";
import type { Names } from "../names.js";
import { Scan } from "./scan.js";

/** What a function reads from one root: its reader, and the walk over it. */
export class RootScope {
  readonly scan: Scan;
  /** Declarations that come before the walk. */
  readonly before: string[] = [];
  /** Whether the message is opened again after the walk. */
  keepRange = false;
  #range: { start: string; end: string } | undefined;
  #done = false;

  constructor(
    readonly reader: string,
    prefix: string,
    /** The expression that makes the reader; "" where it is a parameter. */
    readonly make: string,
    readonly names: Names,
    file: FileScope,
  ) {
    this.scan = new Scan(prefix, file);
  }

  /** Of a found row: the variable that holds its number, or -1. Asking for it keeps it. */
  get entry(): string {
    this.#entry ??= this.names.unique(this.reader.replace(/Row(\d*)$/, "Entry$1"));
    return this.#entry;
  }
  #entry: string | undefined;

  /** Whether `entry` is asked for. */
  get keepsEntry(): boolean {
    return this.#entry !== undefined;
  }

  /** Opens the message once more, after the walk. */
  get again(): string {
    this.keepRange = true;
    return `${this.reader}.again(${this.start}, ${this.end})`;
  }

  /** The variables that hold where the message starts and ends. */
  get start(): string {
    return this.#ranges().start;
  }

  get end(): string {
    return this.#ranges().end;
  }

  #ranges(): { start: string; end: string } {
    this.#range ??= {
      start: this.names.unique(`${this.reader}Start`),
      end: this.names.unique(`${this.reader}Stop`),
    };
    return this.#range;
  }

  /** Whether nothing in it is asked for. */
  get isEmpty(): boolean {
    return this.scan.isEmpty && this.before.length === 0;
  }

  /** Prints the walk, unless it was printed before. A parameter's is always walked, so that malformed bytes show. */
  emit(code: Code): void {
    if (this.#done) return;
    this.#done = true;
    if (this.make !== "") code.line(`const ${this.reader} = ${this.make};`);
    if (this.keepRange) {
      code.line(`const ${this.start} = ${this.reader}.pos;`);
      code.line(`const ${this.end} = ${this.reader}.end;`);
    }
    for (const line of this.before) code.line(line);
    if (this.make !== "" && this.scan.isEmpty) return;
    this.scan.emit(code, this.reader, this.names, this.reader === "r" ? "end" : undefined);
  }
}
