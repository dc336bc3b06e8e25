import { type CelType, typeText } from "../../expression/types.js";
import type { ReadPlan, ResolverPlan } from "../../plan/types.js";
import { type Field, fieldName, type Message } from "../../source/model.js";
import { quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { camel } from "../names.js";

/** The constant that says what a resolver of a field reads and gives. */
export function resolverConstant(file: FileScope, { name, field, reads }: ResolverPlan): string {
  // What it reads may be of other types where the message is made from others.
  const types = reads.map((read) => `${read.name} ${typeText(read.type)} ${readType(file, read)}`);
  const key = `resolver ${fieldName(field)} ${types.join()}`;
  return file.once(key, camel(`resolve_${name}`), file.lookups, (constant, code) => {
    file.use("cel");
    code.line(`/** ${fieldName(field)}, by the resolver ${name} */`);
    code.block(`const ${constant} = ${file.use("resolverLookup")}({`, () => {
      code.line(`name: ${quote(name)},`);
      code.line(`owner: ${quote(field.parent.typeName)},`);
      code.line(`field: ${file.shapes.field(field)},`);
      if (reads.length === 0) {
        code.line("reads: {},");
        return;
      }
      code.block("reads: {", () => {
        for (const read of reads) code.line(`${read.name}: ${readType(file, read)},`);
      }, "},"); // biome-ignore format: short
    }, "});"); // biome-ignore format: short
  });
}

/** How a value is decoded. */
function readType(file: FileScope, { type, field }: ReadPlan): string {
  const parts: string[] = [];
  if (field !== undefined) {
    parts.push(`kind: ${file.given.kind(field)}`);
    const key = field.cardinality === "map" ? keyOf(field) : undefined;
    if (key !== undefined) parts.push(`key: ${quote(key)}`);
  } else {
    const kind = kindOf(file, type.kind === "map" ? type.value : type);
    if (kind !== undefined) parts.push(`kind: ${kind}`);
  }
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}

function keyOf(field: Field): string | undefined {
  const key = (field.type as { message: Message }).message.fields[0]!.type;
  return key.kind === "scalar" ? key.scalar : undefined;
}

/** Of values that expressions make, only messages are decoded by what is known of them. */
function kindOf(file: FileScope, type: CelType): string | undefined {
  if (type.kind === "list") return kindOf(file, type.element);
  return type.kind === "message"
    ? `{ is: "message", of: () => ${file.given.whole(type.message)} }`
    : undefined;
}
