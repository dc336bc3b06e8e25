import type { FieldPlan, Translator } from "../plan/types.js";
import type { Message } from "../source/model.js";
import { quote } from "./code.js";
import { type FileScope, messageShort } from "./file-scope.js";
import { camel } from "./names.js";

/** The constant that translates paths of the message that `subject` translates. */
export function maskTable(file: FileScope, subject: Translator): string {
  const key = `mask ${file.translatorId(subject)}`;
  return file.once(key, camel(`${messageShort(subject.source!)}_paths`), file.lookups, (name, code) => {
    file.use("MaskTable", true);
    const paths = new Map<string, string[]>();
    collect(subject, "", "", paths, 0);
    code.block(`const ${name}: MaskTable = {`, () => {
      code.block("paths: new Map([", () => {
        for (const [from, to] of paths) code.line(`[${quote(from)}, [${to.map(quote).join(", ")}]],`);
      }, "]),"); // biome-ignore format: short
      code.line(`all: [${leaves(subject, "", 0).map(quote).join(", ")}],`);
    }, "};"); // biome-ignore format: short
  });
}

// Paths of recursive messages have no end; deeper ones than this are unknown.
const MAX_DEPTH = 4;

function collect(
  translator: Translator,
  from: string,
  to: string,
  paths: Map<string, string[]>,
  depth: number,
): void {
  for (const plan of translator.fields) {
    const { value, conversion } = plan;
    if (value.root.kind !== "source" || value.path.length === 0) continue;
    const source = from + value.path.map((field) => field.name).join(".");
    const known = paths.get(source) ?? [];
    paths.set(source, [...new Set([...known, ...goalsOf(plan, to, depth)])]);
    const singular = value.path.at(-1)!.cardinality === "singular";
    if (conversion.kind === "message" && singular && depth < MAX_DEPTH)
      collect(conversion.translator, `${source}.`, `${to}${nameOf(plan)}.`, paths, depth + 1);
  }
}

/** All that a translator writes. */
function leaves(translator: Translator, to: string, depth: number): string[] {
  return [...new Set(translator.fields.flatMap((plan) => goalsOf(plan, to, depth)))];
}

/**
 * What a field writes: the field, or, of a message of which only a part is public, the fields of that part. A mask must
 * never clear what its writer cannot see.
 */
function goalsOf(plan: FieldPlan, to: string, depth: number): string[] {
  const goal = to + nameOf(plan);
  const { conversion, target } = plan;
  if (conversion.kind !== "message" || target.at(-1)!.cardinality !== "singular") return [goal];
  if (isWhole(conversion.translator, new Set())) return [goal];
  return depth < MAX_DEPTH ? leaves(conversion.translator, `${goal}.`, depth + 1) : [];
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
    translator.fields.map((plan) => ({ plan, depth: 0 })),
  );
}
