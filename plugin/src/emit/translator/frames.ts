import type { FieldPlan, Translator } from "../../plan/types.js";
import type { Field } from "../../source/model.js";
import type { Branch } from "../code.js";
import { camel } from "../names.js";
import { EGROUP, SGROUP, tagOf, wireOf } from "../wire.js";
import type { TranslatorEmitter } from "./translator.js";

/** A field that is written after the walks. */
export interface Item {
  readonly plan: FieldPlan;
  /** Under which it is written; undefined: always. */
  readonly condition: string | undefined;
  /** Statements, or what prints them. */
  readonly print: readonly string[] | (() => void);
  /** What is written where the condition does not hold. */
  readonly otherwise?: readonly Branch[];
}

/** Prints the fields of a target: members of a oneof as one chain, fields of a message inside the target in its frame. */
export class FrameEmitter {
  constructor(
    readonly owner: TranslatorEmitter,
    readonly items: readonly Item[],
  ) {}

  print(): void {
    this.#print(this.items, 0);
  }

  #print(items: readonly Item[], depth: number): void {
    const { owner } = this;
    const { code } = owner;
    const seen = new Set<object>();
    for (const item of items) {
      const field = item.plan.target[depth]!;
      // A oneof whose members come from different places gets the first that is there.
      const together = field.oneof ?? field;
      if (seen.has(together)) continue;
      seen.add(together);
      const members = items.filter(
        ({ plan }) => (plan.target[depth]!.oneof ?? plan.target[depth]) === together,
      );
      for (const { plan } of members) for (const line of owner.late(plan)) code.line(line);
      const branches = [...new Set(members.map(({ plan }) => plan.target[depth]!))].flatMap((member) =>
        this.#branches(
          member,
          members.filter(({ plan }) => plan.target[depth] === member),
          depth,
        ),
      );
      const always = branches.findIndex(({ condition }) => condition === undefined);
      const chain = always < 0 ? branches : branches.slice(0, always + 1);
      if (chain.length > 1 || chain[0]!.condition !== undefined) code.branches(chain);
      else if (typeof chain[0]!.body === "function") chain[0]!.body();
      else for (const line of chain[0]!.body) code.line(line);
    }
  }

  /** What is printed for one field of the target. */
  #branches(field: Field, items: readonly Item[], depth: number): Branch[] {
    if (items.some(({ plan }) => plan.target.length > depth + 1)) return [this.#frame(field, items, depth)];
    return items.flatMap(({ condition, print, otherwise }) => [
      { condition, body: print },
      ...(otherwise ?? []),
    ]);
  }

  /** A message inside the target: written only if there is something in it, since an empty message is not an absent one. */
  #frame(field: Field, items: readonly Item[], depth: number): Branch {
    const { owner } = this;
    const { code } = owner;
    const whole = items.filter(({ plan }) => plan.target.length === depth + 1);
    const inside = items.filter(({ plan }) => plan.target.length > depth + 1);
    const conditions = items.flatMap(({ condition, otherwise }) => [
      condition,
      ...(otherwise ?? []).map((branch) => branch.condition),
    ]);
    const body = () => {
      const frame = owner.names.unique(camel(field.name));
      const grouped = wireOf(field) === SGROUP;
      code.line(
        grouped ? `w.tag(${tagOf(field, SGROUP)});` : `const ${frame} = w.open(${tagOf(field)}, 32);`,
      );
      for (const item of whole) this.#inline(item, inside, depth);
      this.#print(inside, depth + 1);
      code.line(grouped ? `w.tag(${tagOf(field, EGROUP)});` : `w.close(${frame});`);
    };
    if (conditions.includes(undefined)) return { condition: undefined, body: () => code.block("{", body) };
    const all = [...new Set(conditions as string[])];
    const isAlone = all.length === 1;
    return { condition: all.map((c) => (c.includes(" && ") && !isAlone ? `(${c})` : c)).join(" || "), body };
  }

  /** A message that is mapped as a whole into a frame that also gets single fields: its content, without those. */
  #inline({ plan, condition }: Item, inside: readonly Item[], depth: number): void {
    const { owner } = this;
    const { conversion, value } = plan;
    if (conversion.kind !== "message") throw new Error("only a message can be overlaid");
    const overlaid = inside.map((item) => item.plan.target.slice(depth + 1));
    const scope = owner.scope(value.root);
    const at = value.path.length === 0 ? "" : scope.scan.slot(value.path, owner.names);
    const open = at === "" ? scope.again : `${scope.reader}.enter(${at})`;
    const line = `${owner.call(without(conversion.translator, overlaid), open)};`;
    if (condition === undefined) owner.code.line(line);
    else owner.code.when(condition, line);
  }
}

/**
 * A translator without what is `overlaid`: what stands there is said by someone else, also where that is nothing. Else
 * a client could add to a list that is `set`, or fill a field whose `set` has no value.
 */
function without(translator: Translator, overlaid: ReadonlyArray<readonly Field[]>): Translator {
  const fields = translator.fields.flatMap((plan): FieldPlan[] => {
    if (overlaid.some((path) => startsWith(plan.target, path))) return [];
    const deeper = overlaid
      .filter((path) => startsWith(path, plan.target))
      .map((path) => path.slice(plan.target.length));
    if (deeper.length === 0 || plan.conversion.kind !== "message") return [plan];
    return [
      { ...plan, conversion: { kind: "message", translator: without(plan.conversion.translator, deeper) } },
    ];
  });
  return { ...translator, fields };
}

function startsWith(path: readonly Field[], prefix: readonly Field[]): boolean {
  return prefix.every((field, i) => path[i] === field);
}
