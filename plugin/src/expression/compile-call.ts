import { cast } from "./cast.js";
import type { Checked } from "./checked.js";
import { operation, type Piece, PRIMARY, primary, UNARY, within } from "./code-text.js";
import type { Compiler } from "./compile.js";
import type { CelType } from "./types.js";

/** A call whose signature is known. */
export function compileCall(compiler: Compiler, node: Checked & { kind: "call" }): Piece {
  const { signature, params } = node;
  const { code } = signature;
  const pattern = node.args[1];
  if (signature.name === "matches" && pattern?.kind === "literal") return compileMatches(compiler, node);
  const args = node.args.map((arg, i) =>
    signature.checks && !isAggregate(params[i]!) ? compiler.compile(arg) : cast(compiler, arg, params[i]!),
  );
  const unsure =
    signature.checks && node.args.some((arg) => ["dyn", "wrapper", "error"].includes(arg.type.kind));
  const fails = signature.fails || unsure || args.some((arg) => arg.fails);
  switch (code.kind) {
    case "helper":
      return compiler.call(
        code.name,
        args.map(({ text }) => text),
        fails,
      );
    case "binary":
      return operation(args[0]!, code.operator, args[1]!, fails);
    case "prefix":
      return { text: `${code.operator}${within(args[0]!, UNARY + 1)}`, binds: UNARY, fails };
    case "ordered": {
      const compared = compiler.call(
        code.helper,
        args.map(({ text }) => text),
        fails,
      );
      return operation(compared, code.operator, primary("0", false), fails);
    }
    case "member": {
      const [base, ...rest] = args;
      // What is written out is short; what may be long counts in what the expression may cost.
      if (pattern?.kind !== "literal")
        return compiler.call(
          code.name,
          args.map(({ text }) => text),
          fails,
        );
      return primary(
        `${within(base!, PRIMARY)}.${code.name}(${rest.map(({ text }) => text).join(", ")})`,
        fails,
      );
    }
    case "identity":
      return args[0]!;
  }
}

function isAggregate(type: CelType): boolean {
  return type.kind === "list" || type.kind === "map";
}

/** A pattern that is a literal is compiled once. */
function compileMatches(compiler: Compiler, node: Checked & { kind: "call" }): Piece {
  const [text, pattern] = node.args.map((arg, i) => cast(compiler, arg, node.params[i]!));
  const made = compiler.target.constant(`${compiler.target.helper("pattern")}(${pattern!.text})`);
  return primary(`${made}.test(${text!.text})`, text!.fails);
}

/** A call of which it is known only at run time what it means. */
export function compileDynamic(compiler: Compiler, node: Checked & { kind: "dynamicCall" }): Piece {
  const args = node.args.map((arg, i) => cast(compiler, arg, node.params[i]!).text);
  return compiler.call(node.helper, args, true);
}
