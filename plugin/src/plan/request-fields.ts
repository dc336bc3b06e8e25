import { fieldRule, messageRule } from "../source/annotations.js";
import type { Field, Message } from "../source/model.js";
import { assignment } from "./assignment.js";
import type { Place } from "./context.js";
import type { MethodScope, Translators } from "./translators.js";
import type { FieldPlan, Translator, Value } from "./types.js";
import type { Scope } from "./values.js";

/** Collects the fields of a request, and sees that no field gets two values. */
export class RequestFields {
  readonly #taken = new Map<string, "set" | "mapped">();
  readonly #later: Array<() => void> = [];

  constructor(
    readonly translators: Translators,
    readonly translator: Translator,
    readonly scope: MethodScope,
    readonly any: readonly string[] = [],
  ) {}

  /** Maps a public field to a path of the target. */
  map(field: Field, to: { fields: Field[]; place: Place }, at: Place): void {
    const value: Value = { root: { kind: "source", message: field.parent }, path: [field] };
    this.#add(to.fields, value, to.place ?? at, "mapped", field);
  }

  /** Adds what an assignment says. */
  assign(target: Field[], value: Value, place: Place): void {
    this.#add(target, value, place, "set", undefined);
  }

  /** The `set` of a public message that is read. */
  sets(source: Message, names: Scope): void {
    const rule = source.desc === undefined ? undefined : messageRule(source.desc);
    rule?.set.forEach((text, index) => {
      const place: Place = { element: source.desc!, path: ["set", index] };
      const said = assignment(this.translators.context, text, this.translator.target, names, place);
      if (said !== undefined) this.assign(said.target, said.value, place);
    });
  }

  isSet(path: readonly Field[]): boolean {
    return this.#taken.get(key(path)) === "set";
  }

  #add(target: Field[], value: Value, place: Place, kind: "set" | "mapped", from: Field | undefined): void {
    const { context } = this.translators;
    const before = this.#taken.get(key(target));
    if (before !== undefined) {
      const name = target.map((f) => f.name).join(".");
      context.report(
        "set-conflict",
        place,
        `"${name}" of ${this.translator.target.typeName} gets two values: it is ${before === "set" ? "set" : "mapped from a public field"} already`,
        "keep one of them",
      );
      return;
    }
    this.#taken.set(key(target), kind);
    const rule = from?.desc === undefined ? undefined : fieldRule(from.desc);
    const finish = () => {
      const any = rule?.any.length ? rule.any : this.any;
      const conversion = this.translators.convertRequest(
        value,
        target.at(-1)!,
        this.translator,
        this.scope,
        place,
        any,
      );
      if (conversion !== undefined) this.translator.fields.push({ target, value, conversion });
    };
    // A mask is of the message beside it, which has to be there first.
    const last = target.at(-1)!;
    if (last.type.kind === "message" && last.type.message.typeName === "google.protobuf.FieldMask")
      this.#later.push(finish);
    else finish();
  }

  /** Ends the message: required fields must be there. */
  finish(place: Place): void {
    for (const later of this.#later) later();
    const { target } = this.translator;
    for (const field of target.fields) {
      if (
        field.presence !== "required" ||
        [...this.#taken.keys()].some(
          (path) => path === String(field.number) || path.startsWith(`${field.number}.`),
        )
      )
        continue;
      this.translators.context.report(
        "request-required",
        place,
        `${target.typeName} requires "${field.name}", and nothing gives it`,
        "add a public field of that name, or a `set`",
      );
    }
    const order = (plan: FieldPlan) => plan.target.map((f) => f.number);
    this.translator.fields.sort((a, b) => compare(order(a), order(b)));
  }
}

function compare(a: number[], b: number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function key(path: readonly Field[]): string {
  return path.map((field) => field.number).join(".");
}
