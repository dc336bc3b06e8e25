import type { Translator } from "../plan/types.js";
import { quote } from "./code.js";
import { type FileScope, messageShort } from "./file-scope.js";
import { camel } from "./names.js";

/** The constant that translates paths of the message that `subject` translates. */
export function maskTable(file: FileScope, subject: Translator): string {
  const key = `mask ${subject.source!.typeName} ${subject.target.typeName}`;
  return file.once(key, camel(`${messageShort(subject.source!)}_paths`), file.lookups, (name, code) => {
    file.use("MaskTable", true);
    const paths = new Map<string, string[]>();
    collect(subject, "", "", paths, 0);
    const all = [...new Set(subject.fields.map((field) => field.target.map((f) => f.name).join(".")))];
    code.block(`const ${name}: MaskTable = {`, () => {
      code.block("paths: new Map([", () => {
        for (const [from, to] of paths) code.line(`[${quote(from)}, [${to.map(quote).join(", ")}]],`);
      }, "]),"); // biome-ignore format: short
      code.list("all: [", all.map(quote), "],");
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
  for (const { value, target, conversion } of translator.fields) {
    if (value.root.kind !== "source" || value.path.length === 0) continue;
    const source = from + value.path.map((field) => field.name).join(".");
    const goal = to + target.map((field) => field.name).join(".");
    const known = paths.get(source);
    if (known === undefined) paths.set(source, [goal]);
    else known.push(goal);
    const singular = value.path.at(-1)!.cardinality === "singular";
    if (conversion.kind === "message" && singular && depth < MAX_DEPTH)
      collect(conversion.translator, `${source}.`, `${goal}.`, paths, depth + 1);
  }
}
