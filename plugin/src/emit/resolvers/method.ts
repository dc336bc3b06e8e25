import { mayBeAbsent } from "../../plan/calls/on-error.js";
import { answersStream } from "../../plan/calls/stream-kind.js";
import type { CallPlan, CallReadPlan, MethodPlan, MethodResolverPlan, Root } from "../../plan/types.js";
import type { Code } from "../code.js";
import { emitExpression } from "../expressions.js";
import type { FileScope } from "../file-scope.js";
import type { Names } from "../names.js";
import { methodResolverConstant } from "./resolvers.js";

/** What the handler around knows. */
export interface HandlerScope {
  /** The variable that holds the request, or the stream of them. */
  readonly request: string;
  /** The variable that holds the reply of a call. */
  readonly reply: (call: CallPlan) => string;
  /** The variable that holds what the client wants of the response. */
  readonly mask: string | undefined;
  /** What is `set` in the requests of what the function calls. */
  readonly sets: string | undefined;
}

/** The end of a handler whose response a hand-written function makes. */
export function printResolver(
  file: FileScope,
  code: Code,
  names: Names,
  plan: MethodPlan,
  resolver: MethodResolverPlan,
  handler: HandlerScope,
): void {
  const { request, mask, sets } = handler;
  const isStream = answersStream(plan.kind);
  const constant = methodResolverConstant(file, plan, resolver);
  const open = `${file.use(isStream ? "resolveStream" : "resolveMethod")}(call, ${constant}, ${request}, {`;
  const values = resolver.reads.map((read) => `${read.name}: ${result(file, names, handler, read)}`);
  const given = sets === undefined ? "" : names.unique("sets");
  const close = sets === undefined ? "});" : `}, ${given});`;
  if (sets !== undefined) code.line(`const ${given} = ${sets};`);
  const print = (start: string) => {
    if (values.length === 0) code.line(`${start} ${open}${close}`);
    else
      code.block(`${start} ${open}`, () => {
        for (const value of values) code.line(`${value},`);
      }, close); // biome-ignore format: short
  };
  if (mask === undefined) {
    print(isStream ? "yield*" : "return");
    return;
  }
  const answer = names.unique("answer");
  if (isStream) {
    const answers = names.unique("answers");
    print(`const ${answers} =`);
    code.line(`for await (const ${answer} of ${answers}) yield ${mask}.prune(${answer});`);
  } else {
    print(`const ${answer} = await`);
    code.line(`return ${mask}.prune(${answer});`);
  }
}

/** What a call's name stands for. */
function result(
  file: FileScope,
  names: Names,
  { reply }: HandlerScope,
  { call, expression, field }: CallReadPlan,
): string {
  const open = `cel.${mayBeAbsent(call) ? "replyView" : "viewOf"}(${reply(call)}`;
  const view = (root: Root, type: string) => {
    const { path } = call.result;
    if (root.kind === "call" || path.length === 0) return `${open}, ${type})`;
    // The source is what `select` picks.
    for (const inner of path) file.views.read(inner);
    const output = file.views.type(call.method.output);
    const steps = path.map(({ number }) => `.must<cel.View>(${number})`).join("");
    return `cel.present(${open}, ${output}))${steps}`;
  };
  const isStrict = field?.cardinality === "singular" && field.presence !== "implicit";
  const { text, fails } = emitExpression(file, names, { view, call: "call" }, expression, { isStrict });
  const isSelected = call.unnamed && call.result.path.length > 0;
  return fails || isStrict || isSelected ? `${file.use("computed")}(() => ${text})` : text;
}
