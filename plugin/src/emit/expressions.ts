import type { Checked } from "../expression/checked.js";
import { type Compiled, compileExpression, type Target } from "../expression/compile.js";
import { partsOf } from "../expression/substitute.js";
import type { CelType } from "../expression/types.js";
import { mayBeUnknown } from "../plan/calls/on-error.js";
import type { Expression, Root, Value } from "../plan/types.js";
import { messageOfValue } from "../plan/values/scope.js";
import type { Field, Message } from "../source/model.js";
import { quote } from "./code.js";
import { configNames } from "./config-names.js";
import type { FileScope } from "./file-scope.js";
import { camel, type Names } from "./names.js";
import { fieldTypeScript } from "./view-types.js";

/** The helpers that give what surrounds a call. */
const SURROUNDINGS: Readonly<Record<string, string>> = {
  "auth.subject": "subjectOf",
  "auth.roles": "rolesOf",
  "auth.scopes": "scopesOf",
  "auth.claims": "claimsOf",
  metadata: "metadataOf",
  config: "configOf",
};

/** Calls that pass messages on without looking into them. */
const PASSING = ["take", "first", "last", "size", "_[_]"];

/** How the code around an expression gives the messages that it reads. */
export interface Views {
  /** The text of the view of what a root stands for, or of a list of views; `type` is the constant for its message. */
  readonly view: (root: Root, type: string) => string;
  /** The variable that holds the call. */
  readonly call: string;
  /** What gives the time; default: the call, for which it stands still. */
  readonly clock?: string;
}

export interface ExpressionOptions {
  /** Fields that are not set have no value. */
  readonly isStrict?: boolean;
}

/** Compiles an expression of the plan. */
export function emitExpression(
  file: FileScope,
  names: Names,
  views: Views,
  expression: Expression,
  { isStrict = false }: ExpressionOptions = {},
): Compiled {
  noteWhole(file, expression.tree);
  for (const name of configNames(expression)) file.config.add(name);
  const get = isStrict ? "must" : "get";
  const target: Target = {
    helper: (name) => (name === "now" ? (views.clock ?? `${views.call}.now`) : `cel.${name}`),
    variable: (name) => variable(expression.names.get(name)!),
    local: (name) => names.unique(camel(name)),
    variableFails: (name) => mayFail(expression.names.get(name)!, isStrict),
    fieldFails: (field) => isStrict && mayBeUnset(field),
    field: (base, field) => {
      file.views.read(field);
      return `${base}.${get}<${fieldTypeScript(field)}>(${field.number})`;
    },
    hasField: (base, field) => {
      file.views.read(field);
      return `${base}.isSet(${field.number})`;
    },
    message: () => {
      throw new Error("expressions make no messages");
    },
    constant: (text) => file.constant(text),
    ...(views.clock === undefined && {
      once: (name, text) =>
        `${views.call}.once(${quote(name)}, () => ${text.startsWith("{") ? `(${text})` : text})`,
    }),
  };
  const variable = (value: Value): string => {
    const { root, path } = value;
    if (root.kind === "surroundings") return `${file.use(SURROUNDINGS[root.name]!)}(${views.call})`;
    if (root.kind === "auth") {
      if (root.claim.length === 0) return `${file.use("subjectOf")}(${views.call})`;
      const claims: string = `${file.use("claimsOf")}(${views.call})`;
      return root.claim.reduce((of, name) => `cel.select(${of}, ${quote(name)})`, claims);
    }
    const message = messageOfValue({ root, path: [] })!;
    const isList = root.kind === "join" && root.join.use === "many";
    const view = views.view(root, file.views.type(message));
    const text = isList && mayBeUnknown(root.join) ? `cel.present(${view})` : view;
    if (path.length === 0) return text;
    const start = root.kind === "join" || root.kind === "call" ? `cel.present(${text})` : text;
    const along = (base: string) => path.reduce((at, field) => target.field(at, field), base);
    if (!isList) return along(start);
    const row = names.unique("row");
    return `${text}.map((${row}) => ${along(row)})`;
  };
  const compiled = compileExpression(expression.tree, target);
  if (/\bcel\./.test(compiled.text.replace(STRINGS, ""))) file.use("cel");
  return compiled;
}

/** Who asks may be nobody, or lack the claim; a call and a join may have given nothing. */
function mayFail({ root, path }: Value, isStrict: boolean): boolean {
  if (root.kind === "auth") return true;
  if (root.kind === "surroundings") return PRINCIPALS.includes(root.name);
  if (root.kind === "join" && root.join.use === "many" && mayBeUnknown(root.join)) return true;
  if (path.length > 0 && (root.kind === "join" || root.kind === "call")) return true;
  return isStrict && path.some(mayBeUnset);
}

/** All but numbers and bools without presence, lists and maps. */
function mayBeUnset({ cardinality, presence, type }: Field): boolean {
  if (cardinality !== "singular") return false;
  const isNumber =
    type.kind === "enum" || (type.kind === "scalar" && !["string", "bytes"].includes(type.scalar));
  return !isNumber || presence !== "implicit";
}

const PRINCIPALS: readonly string[] = ["auth.subject", "auth.roles", "auth.scopes"];
const STRINGS = /"(?:[^"\\]|\\.)*"/g;

/** Messages that are compared, or looked into at run time, are read whole. */
function noteWhole(file: FileScope, node: Checked): void {
  const isPassing =
    ["field", "hasField", "macro", "conditional"].includes(node.kind) ||
    (node.kind === "call" && PASSING.includes(node.signature.name)) ||
    (node.kind === "equality" && node.args.some(({ type }) => type.kind === "null"));
  for (const part of partsOf(node)) {
    if (!isPassing) for (const message of messagesIn(part.type)) file.views.readAll(message);
    noteWhole(file, part);
  }
}

function messagesIn(type: CelType): Message[] {
  switch (type.kind) {
    case "message":
      return [type.message];
    case "list":
      return messagesIn(type.element);
    case "map":
      return messagesIn(type.value);
    default:
      return [];
  }
}
