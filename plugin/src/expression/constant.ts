import type { Checked } from "./checked.js";
import { INT_RANGE, isDouble, isDuration, isInteger, isTimestamp, UINT_RANGE } from "./constant-text.js";
import { partsOf } from "./substitute.js";
import type { Literal, Problem, Span } from "./syntax.js";

const REMOVE = "correct it: as it is, it fails in each request that comes by it";

/**
 * Operators and conversions that fail whatever a request holds, since their arguments are written out: "1 / 0",
 * "duration('zz')". What is certain to fail is said; all else is left for run time.
 */
export function failingConstants(tree: Checked): Problem[] {
  const problem = tree.kind === "call" ? failureOf(tree) : undefined;
  return problem === undefined ? partsOf(tree).flatMap(failingConstants) : [problem];
}

type Call = Checked & { readonly kind: "call" };

function failureOf(call: Call): Problem | undefined {
  const { name } = call.signature;
  const [first, second] = call.args;
  switch (name) {
    case "_/_":
    case "_%_":
      return isZero(second) ? problem(second!, "division by zero", "divide by something else") : undefined;
    case "_+_":
    case "_-_":
    case "_*_":
    case "-_":
      return overflow(call);
    case "_[_]":
      return outside(first!, second!);
    default:
      return call.signature.method || call.args.length !== 1 ? undefined : unconverted(name, first!);
  }
}

function problem({ start, end }: Span, message: string, fix: string): Problem {
  return { start, end, message, fix };
}

function literalOf(node: Checked | undefined): Literal | undefined {
  return node?.kind === "literal" ? node.literal : undefined;
}

function isZero(node: Checked | undefined): boolean {
  const literal = literalOf(node);
  return (literal?.type === "int" || literal?.type === "uint") && literal.value === 0n;
}

/** Arithmetic of integers that are written out, and whose result is none of 64 bits. */
function overflow(call: Call): Problem | undefined {
  const literals = call.args.map(literalOf);
  const values = literals.flatMap((one) => (one?.type === "int" || one?.type === "uint" ? [one.value] : []));
  const [a, b] = values;
  if (a === undefined || values.length < call.args.length) return undefined;
  const isUint = literals[0]!.type === "uint";
  const [least, most] = isUint ? UINT_RANGE : INT_RANGE;
  const result = resultOf(call.signature.name, a, b ?? 0n);
  if (result >= least && result <= most) return undefined;
  return problem(call, `the result is no ${isUint ? "uint" : "int"} of 64 bits`, REMOVE);
}

function resultOf(name: string, a: bigint, b: bigint): bigint {
  switch (name) {
    case "_+_":
      return a + b;
    case "_-_":
      return a - b;
    case "_*_":
      return a * b;
    default:
      return -a;
  }
}

/** An element of a list that is written out, and that it does not have. */
function outside(list: Checked, index: Checked): Problem | undefined {
  const literal = literalOf(index);
  if (list.kind !== "list" || literal?.type !== "int") return undefined;
  const { length } = list.elements;
  if (literal.value >= 0n && literal.value < BigInt(length)) return undefined;
  const has = length === 1 ? "1 element" : `${length} elements`;
  return problem(index, `the list has ${has}`, "write a number from 0 that is less than that");
}

/** A conversion of a literal that it does not take. */
function unconverted(name: string, argument: Checked): Problem | undefined {
  const literal = literalOf(argument);
  if (literal === undefined) return undefined;
  const wrong = (what: string, fix: string) => problem(argument, `this is no ${what}`, fix);
  const text = literal.type === "string" ? literal.value : undefined;
  switch (name) {
    case "timestamp":
      return text === undefined || isTimestamp(text)
        ? undefined
        : wrong("timestamp", "write it as RFC 3339 says: timestamp('2026-01-31T12:00:00Z')");
    case "duration":
      return text === undefined || isDuration(text)
        ? undefined
        : wrong("duration", "write numbers with units: duration('1h30m'), duration('1.5s')");
    case "int":
    case "uint":
      return isInteger(name, literal) ? undefined : wrong(name, "write a whole number in its range");
    case "double":
      return text === undefined || isDouble(text)
        ? undefined
        : wrong("double", "write a number: double('1.5')");
    case "bool":
      return text === undefined || BOOLS.includes(text)
        ? undefined
        : wrong("bool", "write 'true' or 'false'");
    default:
      return undefined;
  }
}

const BOOLS = ["1", "t", "true", "TRUE", "True", "0", "f", "false", "FALSE", "False"];
