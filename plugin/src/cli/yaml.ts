/** What a YAML file holds: scalars are texts, but for true, false and null. */
export type Yaml = string | boolean | null | readonly Yaml[] | { readonly [key: string]: Yaml };

/** A text that is no YAML, or more of it than is read here. */
export class YamlError extends Error {
  override readonly name = "YamlError";
}

interface Line {
  indent: number;
  text: string;
  readonly number: number;
}

/**
 * Reads the YAML that configuration files are written in: mappings and sequences, in blocks or in brackets, plain and
 * quoted scalars, comments. What else there is (anchors, tags, block scalars, several documents) is an error, never
 * read as something that it is not.
 */
export function parseYaml(text: string): Yaml {
  const reader = new Reader(linesOf(text));
  return reader.document();
}

function fail(line: number, message: string): never {
  throw new YamlError(`line ${line}: ${message}`);
}

/** The lines that say something, without comments. What stands in brackets is one line, however many it takes. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let open: Line | undefined;
  text.split(/\r?\n/).forEach((raw, index) => {
    const number = index + 1;
    if (/^\s*\t/.test(raw) && raw.trim() !== "") fail(number, "a tab as indentation");
    const content = withoutComment(raw).trimEnd();
    const trimmed = content.trimStart();
    if (trimmed === "" || (trimmed === "---" && lines.length === 0)) return;
    if (open !== undefined) open.text += ` ${trimmed}`;
    else {
      open = { indent: content.length - trimmed.length, text: trimmed, number };
      lines.push(open);
    }
    if (brackets(open.text, number) <= 0) open = undefined;
  });
  if (open !== undefined) fail(open.number, "a bracket that is not closed");
  return lines;
}

/** Visits the characters that are outside of quotes; gives where the visitor says that it is enough. */
function scan(text: string, visit: (char: string, at: number) => boolean): number {
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote !== "") {
      if (quote === '"' && char === "\\") i++;
      else if (char === quote) quote = "";
      continue;
    }
    // A quote inside a word is a letter.
    if ((char === '"' || char === "'") && /(^|[\s[{,:-])$/.test(text.slice(0, i))) quote = char;
    else if (visit(char, i)) return i;
  }
  return text.length;
}

function withoutComment(text: string): string {
  return text.slice(
    0,
    scan(text, (char, i) => char === "#" && (i === 0 || /\s/.test(text[i - 1]!))),
  );
}

/** How many brackets are open at the end of a text; none where it does not have them as syntax. */
function brackets(text: string, number: number): number {
  let depth = 0;
  scan(text, (char, i) => {
    const starts = depth > 0 || /(^|^-\s+|:\s+|-\s+)$/.test(text.slice(0, i));
    if ((char === "[" || char === "{") && starts) depth++;
    else if ((char === "]" || char === "}") && depth > 0) depth--;
    return false;
  });
  if (depth > 64) fail(number, "too many brackets in each other");
  return depth;
}

const KEY = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'[\]{},&*!|>%@`#-][^:]*?|-[^\s:][^:]*?)\s*:(?:\s+|$)/;

class Reader {
  #at = 0;

  constructor(readonly lines: Line[]) {}

  document(): Yaml {
    const [first] = this.lines;
    if (first === undefined) return null;
    const value = this.#block(first.indent);
    const rest = this.lines[this.#at];
    if (rest !== undefined) fail(rest.number, `"${rest.text}" is not understood here`);
    return value;
  }

  #block(indent: number): Yaml {
    const line = this.lines[this.#at]!;
    if (isItem(line.text)) return this.#sequence(indent);
    if (KEY.test(line.text)) return this.#mapping(indent);
    this.#at++;
    return flow(line.text, line.number);
  }

  #sequence(indent: number): Yaml[] {
    const items: Yaml[] = [];
    for (;;) {
      const line = this.lines[this.#at];
      if (line === undefined || line.indent !== indent || !isItem(line.text)) return items;
      const rest = line.text.slice(1).trimStart();
      if (rest === "") {
        this.#at++;
        items.push(this.#below(indent, false));
      } else {
        // What stands beside the dash is as if on a line of its own.
        line.indent += line.text.length - rest.length;
        line.text = rest;
        items.push(this.#block(line.indent));
      }
    }
  }

  #mapping(indent: number): { [key: string]: Yaml } {
    const entries = new Map<string, Yaml>();
    for (;;) {
      const line = this.lines[this.#at];
      if (line === undefined || line.indent !== indent || isItem(line.text)) break;
      const match = KEY.exec(line.text);
      if (match === null) fail(line.number, `"${line.text}" is no "key: value"`);
      const key = String(scalar(match[1]!, line.number));
      if (entries.has(key)) fail(line.number, `"${key}" is said twice`);
      const rest = line.text.slice(match[0].length);
      this.#at++;
      entries.set(key, rest === "" ? this.#below(indent, true) : flow(rest, line.number));
    }
    return Object.fromEntries(entries);
  }

  /** What is further in; of a mapping's key also a sequence that is not. */
  #below(indent: number, isKey: boolean): Yaml {
    const line = this.lines[this.#at];
    if (line === undefined) return null;
    if (line.indent > indent || (isKey && line.indent === indent && isItem(line.text)))
      return this.#block(line.indent);
    return null;
  }
}

function isItem(text: string): boolean {
  return text === "-" || text.startsWith("- ");
}

/** A value on one line: a scalar, or what stands in brackets. */
function flow(text: string, number: number): Yaml {
  if (!/^[[{]/.test(text)) return scalar(text, number);
  let at = 0;
  const space = () => {
    while (text[at] === " ") at++;
  };
  const value = (): Yaml => {
    space();
    const open = text[at];
    if (open !== "[" && open !== "{") {
      const start = at;
      const isQuoted = text[start] === '"' || text[start] === "'";
      const endsKey = (next: string) => isKey && (isQuoted || /^[\s,\]}]?$/.test(next));
      const length = scan(
        text.slice(start),
        (char, i) => /[,\]}]/.test(char) || (char === ":" && endsKey(text[start + i + 1] ?? "")),
      );
      at = start + length;
      return scalar(text.slice(start, at).trim(), number);
    }
    at++;
    const close = open === "[" ? "]" : "}";
    const items: Yaml[] = [];
    const entries: Array<[string, Yaml]> = [];
    for (;;) {
      space();
      if (text[at] === close) break;
      if (at >= text.length) fail(number, "a bracket that is not closed");
      isKey = open === "{";
      const item = value();
      space();
      if (open === "{") {
        if (text[at] !== ":") fail(number, `"${text}" is not understood`);
        at++;
        isKey = false;
        entries.push([String(item), value()]);
        space();
      } else items.push(item);
      if (text[at] === ",") at++;
      else if (text[at] !== close) fail(number, `"${text}" is not understood`);
    }
    at++;
    return open === "[" ? items : Object.fromEntries(entries);
  };
  let isKey = false;
  const result = value();
  space();
  if (at < text.length) fail(number, `"${text.slice(at)}" after a closing bracket`);
  return result;
}

function scalar(text: string, number: number): string | boolean | null {
  if (text.startsWith('"')) {
    try {
      return String(JSON.parse(text));
    } catch {
      fail(number, `${text} is no quoted text`);
    }
  }
  if (text.startsWith("'")) {
    if (!/^'(?:[^']|'')*'$/.test(text)) fail(number, `${text} is no quoted text`);
    return text.slice(1, -1).replaceAll("''", "'");
  }
  if (/^[&*!|>%@`]/.test(text)) fail(number, `"${text}": anchors, tags and block texts are not read`);
  if (/:(\s|$)/.test(text)) fail(number, `"${text}" is not understood`);
  if (text === "true" || text === "false") return text === "true";
  return text === "" || text === "null" || text === "~" ? null : text;
}
