import type { Expression, FieldPlan, Written } from "../../plan/types.js";
import { translatorsIn } from "../../plan/walk.js";
import type { Field, Scalar } from "../../source/model.js";
import { entryFields } from "../../source/shapes.js";
import { scanRows } from "../analysis.js";
import { quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { camel } from "../names.js";
import { LEN, tagOf } from "../wire.js";
import type { FieldEmitter } from "./fields.js";
import type { Item } from "./frames.js";

/** Prints fields that are made from what expressions give. */
export class ComputedEmitter {
  constructor(readonly fields: FieldEmitter) {}

  /** A field whose value is computed; undefined where nothing is to be done. */
  value(plan: FieldPlan, expression: Expression): Item | undefined {
    const { owner } = this.fields;
    const { conversion } = plan;
    if (conversion.kind === "message") return this.rows(plan, expression);
    if (conversion.kind !== "computed") throw new Error("an expression that is not computed");
    const decides = this.#decides(plan);
    if (!owner.isWrite && !decides) return undefined;
    const target = plan.target.at(-1)!;
    const { text, fails } = owner.expression(expression);
    const isSure = !fails && !decides && !["dyn", "wrapper", "null"].includes(expression.tree.type.kind);
    if (isSure) return { plan, condition: undefined, print: [this.#write(target, plan, expression, text)] };
    const variable = owner.names.unique(camel(target.name));
    const value = owner.evaluate(expression);
    if (decides) {
      owner.before(plan, `const ${variable} = ${this.#guarded(plan, value)};`);
      return {
        plan,
        condition: `${variable} !== undefined && ${variable} !== null`,
        print: owner.isWrite ? [this.#write(target, plan, expression, variable)] : [],
      };
    }
    const { code } = owner;
    const write =
      target.presence === "required"
        ? this.#write(target, plan, expression, `cel.present(${variable})`)
        : `if (${variable} !== undefined) ${this.#write(target, plan, expression, variable)}`;
    const print = () => {
      code.line(`const ${variable} = ${value};`);
      code.line(write);
    };
    return { plan, condition: undefined, print };
  }

  /** Messages that an expression selects: each is written from where it stands. */
  rows(plan: FieldPlan, expression: Expression): Item | undefined {
    const { owner } = this.fields;
    const { code } = owner;
    const { conversion } = plan;
    if (conversion.kind !== "message") throw new Error("rows that are no messages");
    const decides = this.#decides(plan);
    const { mode } = owner;
    const hasRows = mode.kind === "write" || scanRows(translatorsIn(conversion), mode.collect).length > 0;
    if (!hasRows && !decides) return undefined;
    const target = plan.target.at(-1)!;
    const value = owner.evaluate(expression);
    const variable = owner.names.unique(camel(target.name));
    const row = owner.names.unique("row");
    const write = () => this.fields.writeMessage(target, `${row}.open()`, conversion);
    if (expression.tree.type.kind === "list") {
      const { fails } = owner.expression(expression);
      const list = fails || decides ? `${variable} ?? []` : variable;
      if (decides) owner.before(plan, `const ${variable} = ${this.#guarded(plan, value)};`);
      const print = () => {
        if (!decides) code.line(`const ${variable} = ${value};`);
        if (hasRows) code.block(`for (const ${row} of ${list}) {`, write);
      };
      const there = `${variable} !== undefined && ${variable}.length > 0`;
      return { plan, condition: decides ? there : undefined, print };
    }
    if (decides) owner.before(plan, `const ${row} = ${this.#guarded(plan, value)};`);
    const print = () => {
      if (decides) {
        if (hasRows) write();
        return;
      }
      code.block("{", () => {
        code.line(`const ${row} = ${value};`);
        code.block(`if (${row} !== undefined && ${row} !== null) {`, write);
      });
    };
    return { plan, condition: decides ? `${row} !== undefined && ${row} !== null` : undefined, print };
  }

  /** Whether it has to be known beforehand if there is a value: for the oneof, or the message around it in the target. */
  #decides({ target }: FieldPlan): boolean {
    return target.length > 1 || target[0]!.oneof !== undefined;
  }

  /** Of a member of a oneof that is not written, nothing is computed. */
  #guarded(plan: FieldPlan, value: string): string {
    const holds = this.fields.owner.guard(plan);
    return holds === undefined ? value : `${holds} ? ${value} : undefined`;
  }

  #write(target: Field, { conversion }: FieldPlan, { tree }: Expression, value: string): string {
    const { file } = this.fields.owner;
    if (conversion.kind !== "computed") throw new Error("an expression that is not computed");
    file.use("cel");
    const as = writtenText(file, conversion.as);
    if (conversion.key !== undefined) {
      const [key, element] = entryFields(target);
      return `cel.writeMap(w, ${tagOf(target)}, ${quote(conversion.key)}, ${tagOf(key)}, ${as}, ${tagOf(element)}, ${value});`;
    }
    if (tree.type.kind === "list") {
      const { packed } = target;
      return `cel.writeValues(w, ${tagOf(target, packed ? LEN : undefined)}, ${as}, ${value}${packed ? ", true" : ""});`;
    }
    const isImplicit = target.cardinality === "singular" && target.presence === "implicit";
    return `cel.writeValue(w, ${tagOf(target)}, ${as}, ${value}${isImplicit ? ", true" : ""});`;
  }
}

/** How a value is encoded, as the runtime is told. */
function writtenText(file: FileScope, as: Written): string {
  switch (as.kind) {
    case "scalar":
      return quote(as.scalar satisfies Scalar);
    case "wrapper":
      return `{ wraps: ${quote(as.scalar)} }`;
    case "enum": {
      const entries = [...as.numbers].map(([name, number]) => `${quote(name)}: ${number}`);
      const otherwise = as.otherwise === undefined ? "" : `, otherwise: ${as.otherwise}`;
      const text = `{ numbers: { ${entries.join(", ")} }${otherwise} }`;
      return file.once(`enum names ${text}`, "enumNumbers", file.lookups, (name, code) => {
        code.block(`const ${name}: cel.Written = {`, () => {
          code.block("numbers: {", () => {
            for (const entry of entries) code.line(`${entry},`);
          }, "},"); // biome-ignore format: short
          if (as.otherwise !== undefined) code.line(`otherwise: ${as.otherwise},`);
        }, "};"); // biome-ignore format: short
      });
    }
    default:
      return quote(as.kind);
  }
}
