const WIDTH = 110;

/**
 * Generated text, line by line, in the project's format: two spaces, lines of at most 110 characters, lists that do not
 * fit broken one element a line.
 */
export class Code {
  readonly #lines: string[] = [];
  #indent = 0;

  /** Adds a line; an empty one has no indentation. */
  line(text = ""): void {
    this.#lines.push(text === "" ? "" : "  ".repeat(this.#indent) + text);
  }

  /** Adds lines between `open` and `close`, one level deeper. */
  block(open: string, body: () => void, close = "}"): void {
    this.line(open);
    this.#indent++;
    body();
    this.#indent--;
    this.line(close);
  }

  /** Adds `open` + elements + `close` on one line, or one element a line. */
  list(open: string, elements: readonly string[], close: string, spaced = false): void {
    const space = spaced && elements.length > 0 ? " " : "";
    const text = `${open}${space}${elements.join(", ")}${space}${close}`;
    const fits = this.#indent * 2 + text.length <= WIDTH && !text.includes("\n");
    if (fits) this.line(text);
    else this.block(open, () => { for (const element of elements) this.line(`${element},`); }, close); // biome-ignore format: short
  }

  /** Adds a statement behind a condition, on one line where it fits. */
  when(condition: string, statement: string): void {
    const text = `if (${condition}) ${statement}`;
    if (this.#indent * 2 + text.length <= WIDTH) this.line(text);
    else this.block(`if (${condition}) {`, () => this.line(statement));
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

/** Text that cannot end a comment. */
export function comment(text: string): string {
  return text.replace(/\*\//g, "* /").replace(/[\r\n\u2028\u2029]+/g, " ");
}
