import { fieldRule, messageRule } from "../../source/annotations.js";
import type { Field, Message } from "../../source/model.js";
import { isMask } from "../../source/shapes.js";
import { isMarkedInternal, list, type Place } from "../context.js";
import type { MethodScope } from "../method-scope.js";
import type { FieldPlan, Translator, Value } from "../types.js";
import { type Assignment, assignment } from "../values/assignment.js";
import type { Scope } from "../values/scope.js";
import { valuesIn } from "../walk.js";
import { isOutputField, type RequestPath } from "./request-side.js";
import type { Translators } from "./translators.js";

/** Who gives a field its value. */
interface Giver {
  /** The public field; undefined for a `set`. */
  readonly field: Field | undefined;
  readonly place: Place;
}

/** Collects the fields of a request, and sees that no field gets two values. */
export class RequestFields {
  readonly #taken = new Map<string, Giver>();
  readonly #later: Array<() => void> = [];

  constructor(
    readonly translators: Translators,
    readonly translator: Translator,
    readonly scope: MethodScope,
    readonly any: readonly string[] = [],
  ) {}

  /** Maps a public field to a path of the target. */
  map(field: Field, to: RequestPath): void {
    const marked = to.fields.find(isMarkedInternal);
    if (marked !== undefined) {
      this.translators.context.report(
        "field-internal",
        to.place,
        `${marked.parent.typeName}.${marked.name} is marked internal: clients must not write it`,
        "leave it out of the public API, or have the owner of the internal file lift the mark",
      );
      return;
    }
    if (this.translators.exposure.isInternal(field)) return;
    const value: Value = { root: { kind: "source", message: field.parent }, path: [field] };
    this.#add(to.fields, value, to.place, { field, place: to.place });
  }

  /** Adds what an assignment says. */
  assign({ target, value, targetPlace, valuePlace }: Assignment): void {
    if (!this.#mayAssign(target, value, targetPlace, valuePlace)) return;
    this.#add(target, value, valuePlace, { field: undefined, place: targetPlace });
  }

  /** What a client sends reaches no field that is marked internal, and is not read where it is output only. */
  #mayAssign(target: readonly Field[], value: Value, targetPlace: Place, valuePlace: Place): boolean {
    const { context } = this.translators;
    const sent = valuesIn(value).filter(
      ({ root }) =>
        root.kind === "request" || (root.kind === "source" && this.translator.source !== undefined),
    );
    if (sent.length === 0) return true;
    const marked = target.find(isMarkedInternal);
    if (marked !== undefined) {
      context.report(
        "field-internal",
        targetPlace,
        `${marked.parent.typeName}.${marked.name} is marked internal: clients must not write it`,
        "take the value from `auth` or a call, or have the owner of the internal file lift the mark",
      );
      return false;
    }
    const output = sent
      .flatMap(({ path }) => path)
      .find((field) => field.desc !== undefined && isOutputField(field.desc));
    if (output === undefined) return true;
    context.report(
      "field-conflict",
      valuePlace,
      `"${output.name}" is output only: it is never read from a request`,
      "read another field, or remove `output_only`",
    );
    return false;
  }

  /** The `set` of a public message that is read. */
  sets(source: Message, names: Scope): void {
    const rule = source.desc === undefined ? undefined : messageRule(source.desc);
    rule?.set.forEach((text, index) => {
      const place: Place = { element: source.desc!, path: ["set", index] };
      const said = assignment(this.translators.context, text, this.translator.target, names, place);
      if (said !== undefined) this.assign(said);
    });
  }

  isSet(path: readonly Field[]): boolean {
    const giver = this.#taken.get(key(path));
    return giver !== undefined && giver.field === undefined;
  }

  #add(target: Field[], value: Value, place: Place, giver: Giver): void {
    const before = this.#taken.get(key(target));
    if (before !== undefined) {
      this.#reportTwo(target, before, giver);
      return;
    }
    this.#taken.set(key(target), giver);
    const rule = giver.field?.desc === undefined ? undefined : fieldRule(giver.field.desc);
    const finish = () => {
      const any = rule?.any.length ? rule.any : this.any;
      const conversion = this.translators.convert(
        value,
        target.at(-1)!,
        false,
        this.translator,
        this.scope,
        place,
        any,
      );
      if (conversion !== undefined) this.translator.fields.push({ target, value, conversion });
      else if (target.at(-1)!.type.kind === "message") this.translators.broken.add(this.translator);
    };
    // A mask is of the message beside it, which has to be there first.
    if (isMask(target.at(-1)!)) this.#later.push(finish);
    else finish();
  }

  /** The finding stands at a `set`, if one of the two is one: that is what was written on purpose. */
  #reportTwo(target: readonly Field[], before: Giver, now: Giver): void {
    const { context } = this.translators;
    const name = `"${target.map((f) => f.name).join(".")}" of ${this.translator.target.typeName}`;
    const set = now.field === undefined ? now : before.field === undefined ? before : undefined;
    const mapped = before.field ?? now.field;
    if (set === undefined) {
      context.report(
        "set-conflict",
        now.place,
        `${name} gets two values: from the public fields "${before.field!.name}" and "${now.field!.name}"`,
        "let one of them go elsewhere, with `to`",
      );
    } else if (mapped === undefined) {
      context.report("set-conflict", set.place, `${name} is set twice`, "keep one of the two `set`");
    } else {
      context.report(
        "set-conflict",
        set.place,
        `${name} gets two values: this one, and that of the public field "${mapped.name}"`,
        `remove the \`set\`, or the field "${mapped.name}" of ${mapped.parent.typeName}`,
      );
    }
  }

  /** Ends what is `set` beside fields that come from elsewhere. */
  finishSets(): void {
    for (const later of this.#later) later();
    this.#checkOneofs();
    const order = (plan: FieldPlan) => plan.target.map((f) => f.number);
    this.translator.fields.sort((a, b) => compare(order(a), order(b)));
  }

  /** Ends the message: required fields must be there. */
  finish(place: Place): void {
    this.finishSets();
    const { target } = this.translator;
    const missing = target.fields.filter(
      (field) =>
        field.presence === "required" &&
        ![...this.#taken.keys()].some(
          (path) => path === String(field.number) || path.startsWith(`${field.number}.`),
        ),
    );
    if (missing.length > 0) {
      const names = list(missing.map(({ name }) => name));
      this.translators.context.report(
        "request-required",
        place,
        `${target.typeName} requires ${names}, and nothing gives ${missing.length === 1 ? "it" : "them"}`,
        missing.length === 1
          ? "add a public field of that name, or a `set`"
          : "add public fields of these names, or a `set` for each",
      );
    }
  }

  /**
   * What a stream's requests after the first become, where that differs: no `set` is in them. A required field must not
   * come from a `set` alone.
   */
  withoutSets(place: Place): Translator | undefined {
    const { fields, target } = this.translator;
    const mapped = fields.filter((plan) => this.#taken.get(key(plan.target))?.field !== undefined);
    if (mapped.length === fields.length) return undefined;
    for (const field of target.fields) {
      const isSet = (plans: readonly FieldPlan[]) => plans.some((plan) => plan.target[0] === field);
      if (field.presence !== "required" || isSet(mapped) || !isSet(fields)) continue;
      this.translators.context.report(
        "request-required",
        place,
        `${target.typeName} requires "${field.name}", and what is \`set\` is only in the first request of a stream`,
        "add a public field that gives it",
      );
    }
    return { ...this.translator, fields: mapped };
  }

  /** Setting one member of a oneof clears the others: beside a `set`, nothing else may give a member. */
  #checkOneofs(): void {
    const plans = this.translator.fields;
    for (const plan of plans) {
      const giver = this.#taken.get(key(plan.target));
      if (giver === undefined || giver.field !== undefined) continue;
      const sibling = siblingOf(
        plan.target,
        plans.filter((other) => other !== plan),
      );
      if (sibling === undefined) continue;
      this.translators.context.report(
        "set-conflict",
        giver.place,
        `"${plan.target.map((f) => f.name).join(".")}" is in a oneof with "${sibling.name}", which would take its place`,
        `remove the \`set\`, or what gives "${sibling.name}" of ${sibling.parent.typeName}`,
      );
    }
  }
}

/** A member of a oneof that one of the plans writes, and that excludes a step of the path. */
function siblingOf(path: readonly Field[], plans: readonly FieldPlan[]): Field | undefined {
  for (const { target, conversion } of plans) {
    let i = 0;
    while (i < target.length && i < path.length && target[i] === path[i]) i++;
    const [mine, other] = [path[i], target[i]];
    if (mine === undefined) continue;
    if (other !== undefined) {
      if (mine.oneof !== undefined && other.oneof === mine.oneof) return other;
    } else if (conversion.kind === "message") {
      const inner = siblingOf(path.slice(i), conversion.translator.fields);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

function compare(a: number[], b: number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function key(path: readonly Field[]): string {
  return path.map((field) => field.number).join(".");
}
