import { parse } from "@bufbuild/cel";
import type { Problem } from "./syntax.js";
import { bracketEnd, literalEnd, skipSpace, withoutBackticks } from "./text-scan.js";

/** Words of other languages, and what CEL writes. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ["and", "&&"],
  ["or", "||"],
  ["not", "!"],
  ["is", "=="],
  ["if", "condition ? a : b"],
  ["=", "=="],
  ["===", "=="],
  ["!==", "!="],
  ["<>", "!="],
  ["&", "&&"],
  ["|", "||"],
]);

/** What is wrong with a text that the parser refuses at `at`: the parser's own words are about its grammar. */
export function parseProblem(text: string, at: number): Problem {
  const open = unclosed(text);
  if (open !== undefined) return open;
  const start = Math.min(at, text.length);
  const word = /^(?:\w+|[=!<>&|]+|'[^']*'|"[^"]*"|[^\s])/u.exec(text.slice(skipSpace(text, start)))?.[0];
  if (word === undefined || isOperatorAtEnd(text, start)) {
    const end = text.trimEnd().length;
    const last = /(?:\w+|[=!<>&|]+|\S)$/u.exec(text.slice(0, end))?.[0] ?? "";
    const span = { start: Math.max(0, end - last.length), end };
    return { ...span, message: `the expression ends after "${last}"`, fix: "write what follows it" };
  }
  const from = skipSpace(text, start);
  const span = { start: from, end: from + word.length };
  // Two operators side by side are told apart by what the parser has read before.
  const before = /[=!<>&|]+$/.exec(text.slice(0, from))?.[0] ?? "";
  const other = OTHER_WORDS.get(word) ?? OTHER_WORDS.get(before + word);
  if (other === undefined && word === ".") {
    const inner = problemInCall(text, from);
    if (inner !== undefined) return inner;
  }
  if (other === undefined && OPERATOR.test(word)) {
    const after = skipSpace(text, span.end);
    const end = text.trimEnd().length;
    const rest = end > after ? { start: after, end } : span;
    return {
      ...rest,
      message: `what follows "${word}" is not valid CEL`,
      fix: `write a value after "${word}"`,
    };
  }
  const message = `the expression is not valid CEL: ${/^["']/.test(word) ? word : `"${word}"`} cannot stand here`;
  return {
    ...span,
    message,
    fix: other === undefined ? "write an operator or a dot between two values" : `write ${other}`,
  };
}

/** What is wrong with an argument of the method after a dot: the parser stops before the dot then. */
function problemInCall(text: string, dot: number): Problem | undefined {
  const name = /^\.\s*\w+\s*\(/.exec(text.slice(dot))?.[0];
  if (name === undefined) return undefined;
  const open = dot + name.length;
  const end = bracketEnd(text, open - 1) - 1;
  for (let from = open; from < end; ) {
    const to = argumentEnd(text, from, end);
    const argument = text.slice(from, to);
    const at = offsetOfError(argument);
    if (at !== undefined && argument.trim() !== "") {
      const problem = parseProblem(argument, at);
      return { ...problem, start: from + problem.start, end: from + problem.end };
    }
    from = to + 1;
  }
  return undefined;
}

/** Where an argument ends: at a comma that stands in no brackets. */
function argumentEnd(text: string, start: number, end: number): number {
  let i = start;
  while (i < end && text[i] !== ",") {
    const char = text[i]!;
    if (char in CLOSING) i = bracketEnd(text, i);
    else i = char === '"' || char === "'" ? literalEnd(text, i) : i + 1;
  }
  return Math.min(i, end);
}

/** Where the parser refuses a text; undefined where it does not. */
function offsetOfError(text: string): number | undefined {
  try {
    parse(withoutBackticks(text));
    return undefined;
  } catch (error) {
    const { location } = error as { location?: { start: { offset: number } } };
    return location?.start.offset;
  }
}

/** What a value, or of a dot a name, stands after: the parser stops before it where that is wrong. */
const OPERATOR = /^(?:[-+*/%!.,?:]|&&|\|\||[<>]=?|[=!]=|in)$/;

/** Whether nothing but an operator is left. */
function isOperatorAtEnd(text: string, at: number): boolean {
  return /^\s*(?:[-+*/%!.,?:]|&&|\|\||[<>]=?|[=!]=)\s*$/.test(text.slice(at));
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** A string or bracket that is not closed, or a bracket that was never opened. */
function unclosed(text: string): Problem | undefined {
  const open: number[] = [];
  let i = 0;
  while (i < text.length) {
    const char = text[i]!;
    if (char === '"' || char === "'") {
      const isRaw = /(?:^|\W)[bB]?[rR][bB]?$/.test(text.slice(0, i));
      const start = isRaw ? i - 1 : i;
      const end = literalEnd(text, start);
      if (!isClosed(text.slice(i, end), isRaw)) {
        return {
          start: i,
          end: text.length,
          message: "a string that does not end",
          fix: `close it with ${char}`,
        };
      }
      i = end;
      continue;
    }
    if (text.startsWith("//", i)) {
      i = Math.max(skipSpace(text, i), i + 1);
      continue;
    }
    i++;
    if (char in CLOSING) open.push(i - 1);
    else if (")]}".includes(char)) {
      const last = open.pop();
      const wanted = last === undefined ? undefined : CLOSING[text[last]!];
      if (wanted === char) continue;
      const span = { start: i - 1, end: i };
      return wanted === undefined
        ? { ...span, message: `"${char}" closes nothing`, fix: "remove it, or write what it closes" }
        : { ...span, message: `"${char}" where "${wanted}" is due`, fix: `write ${wanted}` };
    }
  }
  const last = open.pop();
  if (last === undefined) return undefined;
  const char = text[last]!;
  return {
    start: last,
    end: last + 1,
    message: `"${char}" is not closed`,
    fix: `close it with ${CLOSING[char]}`,
  };
}

/** Whether a literal has its last quote. */
function isClosed(literal: string, isRaw: boolean): boolean {
  const one = literal[0]!;
  const quote = literal.startsWith(one.repeat(3)) ? one.repeat(3) : one;
  let i = quote.length;
  while (i < literal.length && !literal.startsWith(quote, i)) {
    if (quote.length === 1 && literal[i] === "\n") return false;
    i += !isRaw && literal[i] === "\\" ? 2 : 1;
  }
  return i < literal.length;
}
