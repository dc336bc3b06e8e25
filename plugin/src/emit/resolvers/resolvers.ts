import { type CelType, typeText } from "../../expression/types.js";
import type { Guards, MethodPlan, MethodResolverPlan, ReadPlan, ResolverPlan } from "../../plan/types.js";
import { type Field, fieldName, type Message } from "../../source/model.js";
import { type Code, quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { fieldPolicy } from "../handler/policy.js";
import { WIDTH } from "../layout.js";
import { camel } from "../names.js";

/** The constant that says what a resolver of a field reads and gives. */
export function resolverConstant(file: FileScope, plan: ResolverPlan): string {
  const { name, field, reads } = plan;
  const allow = allowConstant(file, name, plan.guards);
  // What it reads may be of other types where the message is made from others.
  const types = reads.map((read) => `${read.name} ${typeText(read.type)} ${readType(file, read)}`);
  const key = `resolver ${fieldName(field)} ${types.join()} ${allow}`;
  return file.once(key, camel(`resolve_${name}`), file.lookups, (constant, code) => {
    file.use("cel");
    code.line(`/** ${fieldName(field)}, by the resolver ${name} */`);
    code.block(`const ${constant} = ${file.use("resolverLookup")}({`, () => {
      code.line(`name: ${quote(name)},`);
      code.line(`owner: ${quote(field.parent.typeName)},`);
      code.line(`field: ${file.shapes.field(field)},`);
      printReads(file, code, reads);
      if (allow !== undefined) code.line(`allow: ${allow},`);
    }, "});"); // biome-ignore format: short
  });
}

/** The constant that says what a resolver of a method gets and gives. */
export function methodResolverConstant(
  file: FileScope,
  plan: MethodPlan,
  resolver: MethodResolverPlan,
): string {
  const { name, reads, guards } = resolver;
  const allow = allowConstant(file, name, guards);
  const { service, desc, request, response } = plan;
  const key = `method resolver ${service.typeName}/${desc.name}`;
  return file.once(key, camel(`resolve_${name}`), file.lookups, (constant, code) => {
    file.use("cel");
    file.use("MethodResolver", true);
    code.line(`/** What the resolver ${name} gets and gives */`);
    code.block(`const ${constant}: MethodResolver = {`, () => {
      code.line(`name: ${quote(name)},`);
      code.line(`request: () => ${file.shapes.whole(request)},`);
      code.line(`response: () => ${file.shapes.whole(response)},`);
      printReads(file, code, reads);
      if (allow !== undefined) code.line(`allow: ${allow},`);
    }, "};"); // biome-ignore format: short
  });
}

function printReads(file: FileScope, code: Code, reads: readonly ReadPlan[]): void {
  if (reads.length === 0) {
    code.line("reads: {},");
    return;
  }
  code.block("reads: {", () => {
    for (const read of reads) code.line(`${read.name}: ${readType(file, read)},`);
  }, "},"); // biome-ignore format: short
}

/** The constant for who may have which fields of what a resolver makes; undefined: whoever gets it has all. */
function allowConstant(file: FileScope, resolver: string, guards: Guards): string | undefined {
  if (guards.size === 0) return undefined;
  const entries = [...guards].map(
    ([field, policy]) => `[${quote(fieldName(field))}, ${fieldPolicy(file, policy)}]`,
  );
  return file.once(`allow ${entries.join()}`, camel(`${resolver}_allow`), file.lookups, (name, code) => {
    file.use("FieldPolicy", true);
    const open = `const ${name}: ReadonlyMap<string, FieldPolicy> = new Map([`;
    const line = `${open}${entries.join()}]);`;
    // The formatter keeps a list of lists on one line only if it has one element.
    if (entries.length < 2 && line.length <= WIDTH) code.line(line);
    else
      code.block(open, () => {
        for (const entry of entries) code.line(`${entry},`);
      }, "]);"); // biome-ignore format: short
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
