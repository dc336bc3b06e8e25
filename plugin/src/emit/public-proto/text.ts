/** The comments of an element, as descriptors have them: without their marks, with the space after these. */
export interface Comments {
  /** Those before it that are set apart by an empty line. */
  readonly detached: readonly string[];
  readonly leading: string;
  readonly trailing: string;
}

export const NO_COMMENTS: Comments = { detached: [], leading: "", trailing: "" };

/**
 * The text of a .proto file, line by line, as `buf format` leaves it. All comments are printed as line comments, so that
 * nothing in their text ends them.
 */
export class ProtoText {
  readonly #lines: string[] = [];
  #indent = 0;
  /** Nothing has been written in the block so far. */
  #first = true;
  /** A comment was written that would belong to what follows if no empty line came between. */
  #apart = false;

  /** Writes a statement, which may have several lines. `gap`: an empty line before it, unless it begins its block. */
  statement(lines: readonly string[], comments: Comments, gap: boolean): void {
    this.#before(comments, gap);
    const last = lines.length - 1;
    const [only, ...more] = commentLines(comments.trailing);
    lines.forEach((line, index) => {
      this.#push(index === last && only !== undefined && more.length === 0 ? `${line} ${only}` : line);
    });
    if (more.length > 0) this.#trailing([only!, ...more]);
  }

  /** Writes `open {`, what `body` writes, one level deeper, and `}`. */
  block(open: readonly string[], comments: Comments, gap: boolean, body: () => void): void {
    this.#before(comments, gap);
    const start = this.#lines.length + open.length - 1;
    const [only, ...more] = commentLines(comments.trailing);
    open.forEach((line, index) => {
      this.#push(index === open.length - 1 ? `${line} {` : line);
    });
    if (only !== undefined && more.length === 0) this.#lines[start] += ` ${only}`;
    this.#indent++;
    this.#first = true;
    if (more.length > 0) this.#trailing([only!, ...more]);
    body();
    this.#indent--;
    this.#first = false;
    this.#apart = false;
    if (only === undefined && this.#lines.length === start + 1) this.#lines[start] += "}";
    else this.#push("}");
  }

  /** Writes comments that belong to nothing, after an empty line. */
  note(texts: readonly string[]): void {
    if (!this.#first) this.#push("");
    for (const text of texts) for (const line of commentLines(text)) this.#push(line);
    this.#first = false;
    this.#apart = true;
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  #before({ detached, leading }: Comments, gap: boolean): void {
    const isTop = this.#lines.length === 0;
    // At the beginning of a block a detached comment would be the block's own without the empty line.
    if (!isTop && ((gap && !this.#first) || this.#apart || detached.some(hasText))) this.#push("");
    this.#first = false;
    this.#apart = false;
    for (const text of detached) {
      const lines = commentLines(text);
      for (const line of lines) this.#push(line);
      if (lines.length > 0) this.#push("");
    }
    for (const line of commentLines(leading)) this.#push(line);
  }

  #trailing(lines: readonly string[]): void {
    for (const line of lines) this.#push(line);
    this.#apart = true;
  }

  #push(line: string): void {
    this.#lines.push(line === "" ? "" : "  ".repeat(this.#indent) + line);
  }
}

/** A comment as lines, without empty ones around it. */
export function commentLines(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r]/).map((line) => `//${line}`.trimEnd());
  const isEmpty = (line: string | undefined) => line === "//";
  while (isEmpty(lines[0])) lines.shift();
  while (isEmpty(lines.at(-1))) lines.pop();
  return lines;
}

const hasText = (text: string): boolean => commentLines(text).length > 0;
