import { isFree, layout, WIDTH } from "./layout.js";

/** One arm of an `if … else if … else`; the one without a condition comes last. */
export interface Branch {
  readonly condition: string | undefined;
  /** Statements, or what prints them. */
  readonly body: readonly string[] | (() => void);
}

/**
 * Generated text, line by line, in the project's format: two spaces, lines of at most 110 characters, what does not fit
 * broken as the formatter breaks it.
 */
export class Code {
  readonly #lines: string[] = [];
  #indent = 0;

  /** Adds a statement; an empty one has no indentation. */
  line(text = ""): void {
    if (text === "") {
      this.#lines.push("");
      return;
    }
    // Statements after a `case` come with an indentation of their own.
    const statement = text.trimStart();
    const own = text.length - statement.length;
    if (isFree(statement, this.#indent + own / 2))
      this.#lines.push(`${" ".repeat(this.#indent * 2 + own)}// biome-ignore format: an expression`);
    for (const line of layout(statement, this.#indent + own / 2))
      this.#lines.push(" ".repeat(this.#indent * 2 + own) + line);
  }

  /** How many lines there are. */
  get length(): number {
    return this.#lines.length;
  }

  /** Lets a parameter of the function that begins in line `start` begin with `_`, as unused ones do, if its body does not name it. */
  markUnused(parameter: string, start: number): void {
    const name = new RegExp(`\\b${parameter}\\b`);
    const [head, ...others] = [...this.#lines.keys()].filter((i) => i >= start && name.test(this.#lines[i]!));
    if (head === undefined || others.length > 0) return;
    this.#lines[head] = this.#lines[head]!.replace(`${parameter}: `, `_${parameter}: `);
  }

  /** Adds lines between `open` and `close`, one level deeper. */
  block(open: string, body: () => void, close = "}"): void {
    this.line(open);
    this.#indent++;
    body();
    this.#indent--;
    this.line(close);
  }

  /** Adds statements behind conditions, each on one line where it fits. */
  branches(branches: readonly Branch[]): void {
    let close = "";
    branches.forEach(({ condition, body }, index) => {
      const test = condition === undefined ? "" : `if (${condition})`;
      const head = `${close}${[index === 0 ? "" : "else", test].filter((part) => part !== "").join(" ")}`;
      const lines = typeof body === "function" ? [] : body;
      if (lines.length === 1 && this.#indent * 2 + head.length + 1 + lines[0]!.length <= WIDTH) {
        this.line(head === "" ? lines[0] : `${head} ${lines[0]}`);
        close = "";
        return;
      }
      this.line(`${head} {`.trimStart());
      this.#indent++;
      if (typeof body === "function") body();
      else for (const line of lines) this.line(line);
      this.#indent--;
      close = "} ";
    });
    if (close !== "") this.line("}");
  }

  /** Adds a statement behind a condition, on one line where it fits. */
  when(condition: string, statement: string): void {
    this.branches([{ condition, body: [statement] }]);
  }

  doc(lines: readonly string[]): void {
    if (lines.length === 1 && lines[0]!.length < 90) {
      this.line(`/** ${comment(lines[0]!)} */`);
      return;
    }
    this.line("/**");
    for (const line of lines) this.line(` *${line === "" ? "" : ` ${comment(line)}`}`);
    this.line(" */");
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

/** Text as a string literal: nothing in it is ever code. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
}

/** A number as TypeScript. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "Number.NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Number.POSITIVE_INFINITY" : "Number.NEGATIVE_INFINITY";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Text that cannot end a comment. */
export function comment(text: string): string {
  return text.replace(/\*\//g, "* /").replace(/[\r\n\u2028\u2029]+/g, " ");
}
