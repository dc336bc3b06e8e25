/** The longest line of generated code. */
export const WIDTH = 110;

/**
 * Breaks one generated statement over lines, as the project's formatter does: the innermost brackets that it ends with are
 * opened up, with one element a line; a last argument that is a list, an object or a function is opened up by itself.
 */
export function layout(text: string, indent: number): string[] {
  const room = WIDTH - indent * 2;
  if (text.length <= room && !mustBreak(text)) return [text];
  const loop = /^for \((let [^;]+;) ([^;]+;) ([^;]+)\) \{$/.exec(text);
  if (loop !== null) return ["for (", ...loop.slice(1).map((part) => `  ${part}`), ") {"];
  const group = lastGroup(text);
  if (group === undefined) return [text];
  const { before, open, items, close, after } = group;
  // There is no shorter way to say it, however deep it stands.
  if (/^switch $/.test(before)) return [text];
  if (open === "(" && /^(?:\} )?(?:else )?(?:if|while) $/.test(before))
    return condition(before, items.join(", "), after, indent);
  if (open === "(" && !/[\w>\])]$/.test(before)) return operand(before, items.join(", "), after);
  const last = items.at(-1)!;
  // Of two functions, or two objects, side by side neither is opened up.
  if (open === "(" && kindOf(items.at(-2)) !== kindOf(last)) {
    const head = `${before}(${[...items.slice(0, -1), ""].join(", ")}`;
    const hugged = hug(head, last, `${close}${after}`, indent);
    if (hugged !== undefined) return hugged;
  }
  const inner = items.flatMap((item) => nested(`${item},`, indent + 1));
  return [`${before}${open}`, ...inner, `${close}${after}`];
}

/**
 * Whether a statement is too long for a line and has an operator inside the brackets of a call: how the formatter breaks these
 * depends on more than can be told from the text.
 */
export function isFree(text: string, indent: number): boolean {
  if (text.length <= WIDTH - indent * 2) return false;
  if (/^const \w+ = /.test(text) && topLevel(text, " ? ").length > 1) return true;
  if (!text.includes("=>")) return false;
  if (!/^(?:const \w+ = |return )?[\w.]+\(.*\);$/.test(text)) return false;
  let found = false;
  walk(text, (i, depth) => {
    if (depth > 0 && / (?:\|\||&&|\?|===|!==|[<>]=?|[-+*/]) /.test(text.slice(i, i + 5))) found = true;
  });
  return found;
}

/** What an argument is, where it could be opened up by itself. */
function kindOf(item = ""): string | undefined {
  return /^(?:\([\w, ]*\) =>|\{|\[)/.exec(item)?.[0].replace(/^\(.*/, "=>");
}

/** `f(a, (w) =>`, then its body; `f(a, {` or `f(a, [`, then what is in it. */
function hug(head: string, last: string, tail: string, indent: number): string[] | undefined {
  const room = WIDTH - indent * 2;
  const arrow = /^\([\w, ]*\) => (?!\{)/.exec(last);
  if (arrow !== null) {
    const first = `${head}${arrow[0].trimEnd()}`;
    if (first.length > room) return undefined;
    const body = last.slice(arrow[0].length);
    return [first, ...nested(`${body},`, indent + 1), tail];
  }
  if (!last.startsWith("{") && !last.startsWith("[")) return undefined;
  const first = `${head}${last[0]}`;
  if (first.length > room) return undefined;
  const inner = lastGroup(last)!.items.flatMap((item) => nested(`${item},`, indent + 1));
  return [first, ...inner, `${last.at(-1)}${tail}`];
}

/** A condition that is too long: on a line of its own, or an operand a line. */
function condition(before: string, text: string, after: string, indent: number): string[] {
  const room = WIDTH - (indent + 1) * 2;
  if (text.length <= room) return [`${before}(`, `  ${text}`, `)${after}`];
  const operator = topLevel(text, " || ").length > 1 ? " || " : " && ";
  const parts = topLevel(text, operator);
  const lines = parts.flatMap((part, i) =>
    nested(i < parts.length - 1 ? `${part}${operator.trimEnd()}` : part, indent + 1),
  );
  return [`${before}(`, ...lines, `)${after}`];
}

/** Brackets around an operand, and not the arguments of a call: a comma would not be one of a list. */
function operand(before: string, text: string, after: string): string[] {
  const [test, ...branches] = topLevel(text, " ? ");
  const lines =
    branches.length > 0
      ? [test!, ...topLevel(branches.join(" ? "), " : ").map((part, i) => `${i === 0 ? "?" : ":"} ${part}`)]
      : topLevel(text, " || ").map((part, i, parts) => (i < parts.length - 1 ? `${part} ||` : part));
  return lines.map((line, i) => {
    const start = i === 0 ? `${before}(` : "  ";
    return `${start}${line}${i === lines.length - 1 ? `)${after}` : ""}`;
  });
}

function nested(text: string, indent: number): string[] {
  return layout(text, indent).map((line) => `  ${line}`);
}

/**
 * The formatter never keeps two objects of several fields each in a list on one line, nor arguments of which one is a call
 * that is given a function.
 */
function mustBreak(text: string): boolean {
  if (text.includes("=>") && composes(text)) return true;
  if (!text.includes("}, {")) return false;
  const group = lastGroup(text);
  if (group === undefined) return false;
  const objects =
    group.open === "[" &&
    group.items.length > 1 &&
    group.items.every((item) => item.startsWith("{") && (lastGroup(item)?.items.length ?? 0) > 1);
  return objects || group.items.some((item) => mustBreak(item));
}

function composes(text: string): boolean {
  return brackets(text).some(({ start, end }) => {
    const items = topLevel(text.slice(start + 1, end).trim(), ", ");
    const isCall = text[start] === "(" && /[\w>]$/.test(text.slice(0, start));
    if (isCall && items.length > 1 && items.some(takesFunction)) return true;
    return items.some((item) => item.includes("=>") && composes(item));
  });
}

/** Whether a text is a call that is given a function. */
function takesFunction(text: string): boolean {
  if (!/^[\w.]+(?:<[^()]*>)?\(.*\)$/.test(text)) return false;
  const [span, ...others] = brackets(text);
  if (span === undefined || others.length > 0) return false;
  const items = topLevel(text.slice(span.start + 1, span.end).trim(), ", ");
  return items.some((item) => /^\([^)]*\) =>/.test(item));
}

interface Group {
  readonly before: string;
  readonly open: string;
  readonly items: readonly string[];
  readonly close: string;
  readonly after: string;
}

/** The brackets that a statement ends with. */
function lastGroup(text: string): Group | undefined {
  const spans = brackets(text).filter(({ start, end }) => end - start > 1);
  const last = spans.at(-1);
  if (last === undefined) return undefined;
  const inside = text.slice(last.start + 1, last.end).trim();
  return {
    before: text.slice(0, last.start),
    open: text[last.start]!,
    items: topLevel(inside, ", "),
    close: text[last.end]!,
    after: text.slice(last.end + 1),
  };
}

/** The outermost brackets of a text. */
function brackets(text: string): Array<{ start: number; end: number }> {
  const spans: Array<{ start: number; end: number }> = [];
  let start = 0;
  walk(text, (i, depth) => {
    if ("([{".includes(text[i]!) && depth === 1) start = i;
    else if (")]}".includes(text[i]!) && depth === 0) spans.push({ start, end: i });
  });
  return spans;
}

function topLevel(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  walk(text, (i, depth) => {
    if (depth !== 0 || i < from || !text.startsWith(separator, i)) return;
    parts.push(text.slice(from, i));
    from = i + separator.length;
  });
  parts.push(text.slice(from));
  return parts;
}

/** Visits the characters outside of string and template literals, with the number of brackets that are open after each. */
function walk(text: string, visit: (i: number, depth: number) => void): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"' || c === "`") {
      for (i++; text[i] !== c && i < text.length; i++) if (text[i] === "\\") i++;
      continue;
    }
    if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    visit(i, depth);
  }
}
