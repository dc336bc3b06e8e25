import type { FieldPlan, Translator } from "../../plan/types.js";
import { translatorsIn } from "../../plan/walk.js";
import type { Field, Message } from "../../source/model.js";
import { quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { camel, messageShort } from "../names.js";

/** One path that a mask may have. */
export interface MaskPath {
  /** The fields of the client's message that it names, one after the other. */
  readonly fields: readonly Field[];
  /** What the last of them becomes. */
  readonly plans: readonly FieldPlan[];
  /** The paths that it becomes. */
  readonly to: readonly string[];
}

/** The paths that a mask of the message that `subject` translates may have: all others are refused. */
export function maskPaths(subject: Translator): ReadonlyMap<string, MaskPath> {
  const paths = new Map<string, MaskPath>();
  collect(subject, [], "", paths, []);
  return paths;
}

/** The constant that translates paths of the message that `subject` translates; `mask` is the field that holds them. */
export function maskTable(file: FileScope, subject: Translator, mask: string): string {
  const key = `mask ${mask} ${file.translatorId(subject)}`;
  return file.once(key, camel(`${messageShort(subject.source!)}_paths`), file.lookups, (name, code) => {
    file.use("MaskTable", true);
    code.block(`const ${name}: MaskTable = {`, () => {
      code.line(`field: ${quote(mask)},`);
      code.block("paths: new Map([", () => {
        for (const [from, { to }] of maskPaths(subject))
          code.line(`[${quote(from)}, [${to.map(quote).join(", ")}]],`);
      }, "]),"); // biome-ignore format: short
      code.line(`all: [${leaves(subject, "", []).map(quote).join(", ")}],`);
    }, "};"); // biome-ignore format: short
  });
}

// Paths of recursive messages have no end: a type stands at most so often on the way to a field. Deeper paths are unknown.
const MAX_TURNS = 2;

/** Whether a translator may be gone into once more, below those it stands under. */
function mayEnter(translator: Translator, above: readonly Translator[]): boolean {
  return above.filter((other) => other === translator).length < MAX_TURNS;
}

function collect(
  translator: Translator,
  from: readonly Field[],
  to: string,
  paths: Map<string, MaskPath>,
  above: readonly Translator[],
): void {
  const here = [...above, translator];
  for (const plan of written(translator)) {
    const { value, conversion } = plan;
    const fields = [...from, ...value.path];
    const source = fields.map((field) => field.name).join(".");
    const known = paths.get(source);
    paths.set(source, {
      fields,
      plans: [...(known?.plans ?? []), plan],
      to: [...new Set([...(known?.to ?? []), ...goalsOf(plan, to, here)])],
    });
    const singular = value.path.at(-1)!.cardinality === "singular";
    if (conversion.kind === "message" && singular && mayEnter(conversion.translator, here))
      collect(conversion.translator, fields, `${to}${nameOf(plan)}.`, paths, here);
  }
}

/** What a client gives of the messages that a field holds. */
export function fieldsInside({ conversion }: FieldPlan): Field[] {
  const inside = new Set(translatorsIn(conversion));
  for (const translator of inside)
    for (const plan of written(translator)) for (const one of translatorsIn(plan.conversion)) inside.add(one);
  return [...inside].flatMap((translator) => written(translator).flatMap(({ value }) => value.path));
}

/** All that a translator writes. */
function leaves(translator: Translator, to: string, above: readonly Translator[]): string[] {
  const here = [...above, translator];
  return [...new Set(written(translator).flatMap((plan) => goalsOf(plan, to, here)))];
}

/** The fields that the client's message gives: not those that a `set` takes from elsewhere. */
function written(translator: Translator): FieldPlan[] {
  return translator.fields.filter(({ value }) => value.root.kind === "source" && value.path.length > 0);
}

/**
 * What a field writes: the field, or, of a message of which only a part is public, the fields of that part. A mask must
 * never clear what its writer cannot see; so of lists and maps of such messages there is no path at all.
 */
function goalsOf(plan: FieldPlan, to: string, above: readonly Translator[]): string[] {
  const goal = to + nameOf(plan);
  const { target } = plan;
  const conversion = plan.conversion.kind === "map" ? plan.conversion.value : plan.conversion;
  if (conversion.kind !== "message" || isWhole(conversion.translator, new Set())) return [goal];
  if (target.at(-1)!.cardinality !== "singular" || !mayEnter(conversion.translator, above)) return [];
  return leaves(conversion.translator, `${goal}.`, above);
}

function nameOf({ target }: FieldPlan): string {
  return target.map((field) => field.name).join(".");
}

/** Whether a translator writes all fields of its target. */
function isWhole(translator: Translator, seen: Set<Translator>): boolean {
  if (seen.has(translator)) return true;
  seen.add(translator);
  const wholly = (message: Message, plans: ReadonlyArray<{ plan: FieldPlan; depth: number }>): boolean =>
    message.fields.every((field) => {
      const here = plans.filter(({ plan, depth }) => plan.target[depth] === field);
      const direct = here.find(({ plan, depth }) => plan.target.length === depth + 1);
      if (direct !== undefined) {
        const { conversion } = direct.plan;
        return conversion.kind !== "message" || isWhole(conversion.translator, seen);
      }
      if (here.length === 0 || field.type.kind !== "message") return false;
      return wholly(
        field.type.message,
        here.map(({ plan, depth }) => ({ plan, depth: depth + 1 })),
      );
    });
  return wholly(
    translator.target,
    written(translator).map((plan) => ({ plan, depth: 0 })),
  );
}
