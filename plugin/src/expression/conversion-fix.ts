import type { Checked } from "./checked.js";
import { type Context, dottedName } from "./context.js";
import type { CallSyntax, Syntax } from "./syntax.js";
import type { CelType } from "./types.js";

const NUMBERS: ReadonlyArray<CelType["kind"]> = ["uint", "int", "double"];

/** How to make two values of one type that an operator does not take together; undefined where none is near. */
export function conversionFix(
  ctx: Context,
  { name, args: parts }: CallSyntax,
  args: readonly Checked[],
): string | undefined {
  if (args.length !== 2 || !/^_\W+_$/.test(name)) return undefined;
  const kinds = args.map(({ type }) => kindOf(ctx, type));
  const at = (kind: CelType["kind"]) => kinds.indexOf(kind);
  const convert = (type: string, index: number) => {
    const part = parts[index]!;
    const text = textOf(part);
    if (text === undefined) return `convert one of them: \`${type}(…)\``;
    return literalOf(type, part) ?? `convert it: \`${type}(${text})\``;
  };
  const text = at("string");
  if (text >= 0) {
    const kind = kinds[1 - text]!;
    if (kind === "timestamp" || kind === "duration") return convert(kind, text);
    if (![...NUMBERS, "bool"].includes(kind)) return undefined;
    if (name === "_+_") return convert("string", 1 - text);
    // Texts of numbers have another order than the numbers.
    const isOrder = name !== "_==_" && name !== "_!=_";
    return isOrder || parts[text]!.kind === "literal" ? convert(kind, text) : convert("string", 1 - text);
  }
  const [a, b] = kinds.map((kind) => NUMBERS.indexOf(kind));
  if (a! < 0 || b! < 0 || a === b) return undefined;
  return a! < b! ? convert(NUMBERS[b!]!, 0) : convert(NUMBERS[a!]!, 1);
}

function kindOf(ctx: Context, type: CelType): CelType["kind"] {
  const found = ctx.inference.shallow(type);
  return found.kind === "wrapper" ? kindOf(ctx, found.of) : found.kind;
}

/** A number that stands there itself needs no conversion. */
function literalOf(type: string, syntax: Syntax): string | undefined {
  if (syntax.kind !== "literal" || syntax.literal.type !== "int") return undefined;
  const { value } = syntax.literal;
  if (type === "double") return `write ${value}.0`;
  return type === "string" ? `write '${value}'` : undefined;
}

/** A part as it is written, where that is a name or a literal. */
function textOf(syntax: Syntax): string | undefined {
  if (syntax.kind === "literal") {
    const { literal } = syntax;
    if (literal.type === "string") return `'${literal.value}'`;
    if (literal.type === "int") return String(literal.value);
  }
  return dottedName(syntax);
}
