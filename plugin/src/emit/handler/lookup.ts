import { nextPageToken } from "../../plan/joins/pages.js";
import type { LookupPlan } from "../../plan/types.js";
import type { Field } from "../../source/model.js";
import { type Code, quote } from "../code.js";
import { type FileScope, lookupName } from "../file-scope.js";
import { Names, pascal } from "../names.js";
import { resolverConstant } from "../resolvers/resolvers.js";
import { keyMessageOf, messageKey } from "../translator/key-messages.js";
import { EGROUP, isPackable, LEN, SGROUP, scalarOf, skipCall, tagOf, wireOf } from "../wire.js";

/** The constant that says how rows are fetched. */
export function lookupConstant(file: FileScope, lookup: LookupPlan): string {
  if (lookup.resolver !== undefined) return resolverConstant(file, lookup.resolver);
  return file.onceByText(lookupName(lookup), file.lookups, (name, code) => {
    file.use("Lookup", true);
    const { method } = lookup;
    code.line(`/** ${method.service}/${method.name} by ${keyNames(lookup)} */`);
    code.block(`const ${name}: Lookup = {`, () => {
      code.line(`name: ${quote(`${method.service}/${method.name}`)},`);
      code.line(`method: ${file.method(method)},`);
      code.line(`mode: "${lookup.mode}",`);
      code.line(`batchSize: ${lookup.mode === "each" ? 1 : lookup.batchSize},`);
      code.line(`maxKeys: ${lookup.maxKeys},`);
      code.line(`maxRows: ${lookup.maxRows},`);
      if (lookup.pages !== undefined) code.line(`pages: { max: ${lookup.pages.max}, tag: ${tagOf(lookup.pages.ask)} },`);
      if (lookup.timeoutMs !== undefined) code.line(`timeoutMs: ${lookup.timeoutMs},`);
      const group = groupOf(lookup);
      if (group.length > 0 && lookup.mode === "batch") code.line(`group: [${group.join(", ")}],`);
      ask(file, code, lookup);
      match(file, code, lookup);
    }, "};"); // biome-ignore format: short
  });
}

function keyNames(lookup: LookupPlan): string {
  const paths = lookup.ask.length > 0 ? lookup.ask : (lookup.match ?? []);
  return paths.map((path) => path.map((field) => field.name).join(".")).join(", ");
}

/** The parts of a composite key that are singular in the request. */
function groupOf(lookup: LookupPlan): number[] {
  return lookup.ask.flatMap((path, part) =>
    path.every((field) => field.cardinality === "singular") ? [part] : [],
  );
}

function ask(file: FileScope, code: Code, lookup: LookupPlan): void {
  if (lookup.mode === "all") {
    code.line("ask: () => {},");
    return;
  }
  file.use("partOf");
  code.block("ask: (w, keys) => {", () => {
    const parts = lookup.ask.map((path, part) => ({ path, part, type: lookup.keyTypes[part]! }));
    askLevel(file, code, parts, 0, false, new Names(["w", "keys", "key"]));
  }, "},"); // biome-ignore format: short
}

interface Part {
  readonly path: readonly Field[];
  readonly part: number;
  readonly type: string;
}

function askLevel(
  file: FileScope,
  code: Code,
  parts: readonly Part[],
  depth: number,
  inKey: boolean,
  names: Names,
): void {
  const fields = new Set(parts.map((part) => part.path[depth]!));
  for (const field of fields) {
    const here = parts.filter((part) => part.path[depth] === field);
    if (field.type.kind === "message" && here[0]!.path.length === depth + 1) {
      file.use("writeMessageKey");
      const write = (key: string) => `writeMessageKey(w, ${tagOf(field)}, partOf(${key}, ${here[0]!.part}));`;
      if (field.cardinality === "repeated") code.line(`for (const key of keys) ${write("key")}`);
      else code.line(write(inKey ? "key" : "keys[0]!"));
      continue;
    }
    if (field.type.kind === "message") {
      const grouped = wireOf(field) === SGROUP;
      const frame = names.unique("message");
      const body = () => {
        if (grouped) code.line(`w.tag(${tagOf(field, SGROUP)});`);
        else code.line(`const ${frame} = w.open(${tagOf(field)}, 32);`);
        askLevel(file, code, here, depth + 1, inKey || field.cardinality === "repeated", names.inner());
        if (grouped) code.line(`w.tag(${tagOf(field, EGROUP)});`);
        else code.line(`w.close(${frame});`);
      };
      if (field.cardinality === "repeated") code.block("for (const key of keys) {", body);
      else body();
      continue;
    }
    const { part } = here[0]!;
    file.use("writeKey");
    const type = quote(scalarOf(field));
    if (field.cardinality === "singular") {
      code.line(`writeKey(w, ${tagOf(field)}, ${type}, partOf(${inKey ? "key" : "keys[0]!"}, ${part}));`);
    } else if (isPackable(field) && field.packed) {
      code.line(`const packed = w.open(${tagOf(field, LEN)}, keys.length);`);
      code.line(`for (const key of keys) writeKey(w, 0, ${type}, partOf(key, ${part}));`);
      code.line("w.close(packed);");
    } else code.line(`for (const key of keys) writeKey(w, ${tagOf(field)}, ${type}, partOf(key, ${part}));`);
  }
}

/** Prints the function that finds the rows in a reply. */
function match(file: FileScope, code: Code, lookup: LookupPlan): void {
  const token = nextPageToken(lookup.method);
  code.block("match: (r, replies) => {", () => {
    if (lookup.match === undefined || lookup.row.length === 0) {
      code.line("const start = r.pos;");
      row(file, code, lookup, "end", token);
      return;
    }
    level(file, code, lookup, 0, token);
  }, "},"); // biome-ignore format: short
}

/** One level of the way to the rows. */
function level(
  file: FileScope,
  code: Code,
  lookup: LookupPlan,
  depth: number,
  token: Field | undefined,
): void {
  const field = lookup.row[depth]!;
  const end = depth === 0 ? "end" : `end${depth}`;
  code.line(`const ${end} = r.end;`);
  const isLast = depth === lookup.row.length - 1;
  const slot = `at${depth}`;
  if (field.cardinality === "singular") code.line(`let ${slot} = 0;`);
  code.block(`while (r.pos < ${end}) {`, () => {
    code.line("const tag = r.tag();");
    code.block("switch (tag) {", () => {
      if (field.cardinality === "singular") {
        code.line(`case ${tagOf(field)}: // ${field.name}`);
        code.line(`  ${slot} = ${field.delimited ? `r.group(tag, ${slot})` : `r.message(${slot})`};`);
        code.line("  break;");
      } else {
        code.block(`case ${tagOf(field)}: {`, () => {
          code.line(`// ${field.name}`);
          const grouped = wireOf(field) === SGROUP;
          code.line(
            grouped
              ? "const stop = r.nextGroup(tag).end;"
              : `${isLast ? "const stop = " : ""}r.next()${isLast ? ".end" : ""};`,
          );
          if (isLast) {
            code.line("const start = r.pos;");
            row(file, code, lookup, "stop", undefined);
          } else level(file, code, lookup, depth + 1, undefined);
          if (grouped) code.line("r.leaveGroup(stop);");
          code.line("break;");
        });
      }
      if (token !== undefined) tokenCase(code, token);
      code.line("default:");
      code.line("  r.skip(tag);");
    });
  });
  code.line(`r.close(${end});`);
  if (field.cardinality === "singular") {
    code.block(`if (${slot} !== 0) {`, () => {
      code.line(`r.enter(${slot});`);
      level(file, code, lookup, depth + 1, undefined);
    });
  }
  code.line(`r.leave(${end});`);
}

function tokenCase(code: Code, token: Field): void {
  code.line(`case ${tagOf(token)}: // ${token.name}`);
  code.line("  replies.more(r, r.bytes());");
  code.line("  break;");
}

/** Reads the key of one row, whose bytes are [start, end). */
function row(file: FileScope, code: Code, lookup: LookupPlan, end: string, token: Field | undefined): void {
  const paths = lookup.match ?? [];
  const slots = paths.map((path, part) => (path.length === 0 ? "" : `rowKey${part === 0 ? "" : part + 1}At`));
  const leaves: Leaf[] = paths.flatMap((path, part) =>
    path.length === 0 ? [] : [leafOf(path, slots[part]!)],
  );
  // Of map entries with the same key the last one counts, by whatever they are matched.
  const isEntry = lookup.row.at(-1)?.cardinality === "map";
  const mapKey = isEntry ? mapKeyOf(lookup.row.at(-1)!) : undefined;
  const isByMapKey = paths.length === 1 && paths[0]!.length === 1 && paths[0]![0] === mapKey;
  const keySlot = leaves.find(({ path }) => path.length === 1 && path[0] === mapKey)?.slot ?? "entryKeyAt";
  if (mapKey !== undefined && keySlot === "entryKeyAt") leaves.push(leafOf([mapKey], keySlot));
  for (const { slot } of leaves) code.line(`let ${slot} = 0;`);
  for (const { holder } of leaves) if (holder !== undefined) code.line(`let ${holder} = false;`);
  if (end === "end") code.line("const end = r.end;");
  rowLevel(code, leaves, 0, end, token);
  if (lookup.match === undefined) code.line(`replies.answer(start, ${end});`);
  else {
    const missing: string[] = [];
    const isSingle = paths.length === 1 && paths[0]!.length > 0 && keyMessageOf(lookup, 0) === undefined;
    const parts = paths.map((path, part) => {
      if (path.length === 0) return `replies.sharedPart(${part})`;
      const field = path.at(-1)!;
      const slot = slots[part]!;
      const message = keyMessageOf(lookup, part);
      if (message !== undefined) {
        missing.push(`${slot} !== 0`);
        return messageKey(file, field, message, "r", slot);
      }
      const isImplicit = field.presence === "implicit";
      const { holder } = leafOf(path, slot);
      if (!isImplicit) missing.push(`${slot} !== 0`);
      else if (holder !== undefined) missing.push(holder);
      if (isSingle) return `r, ${slot}, ${quote(scalarOf(field))}`;
      return isImplicit ? keyOrZero(file, field, slot) : keyAt(file, field, slot);
    });
    if (mapKey !== undefined && !isByMapKey) {
      code.line(`replies.entry(${keyOrZero(file, mapKey, keySlot)});`);
    }
    const call = isByMapKey ? "matchLastAt" : isSingle ? "matchAt" : "match";
    const key = parts.length === 1 ? parts[0]! : `[${parts.join(", ")}]`;
    const statement = `replies.${call}(${key}, start, ${end});`;
    if (missing.length > 0) code.when(missing.join(" && "), statement);
    else code.line(statement);
  }
  code.line(`r.leave(${end});`);
}

function mapKeyOf(field: Field): Field | undefined {
  return field.type.kind === "message" ? field.type.message.fields[0] : undefined;
}

/** Implicit presence: what is not on the wire is the type's zero. */
function keyOrZero(file: FileScope, field: Field, slot: string): string {
  const zero = ["string", "bytes"].includes(scalarOf(field)) ? '""' : "0";
  return `${slot} === 0 ? ${zero} : ${keyAt(file, field, slot)}`;
}

function keyAt(file: FileScope, field: Field, slot: string): string {
  return `${file.use("keyAt")}(r, ${slot}, ${quote(scalarOf(field))})`;
}

/** Where a part of the key is in a row. */
interface Leaf {
  readonly path: readonly Field[];
  /** The variable that holds its offset. */
  readonly slot: string;
  /** The variable that says whether the message that holds it is there: then a field without presence has a value. */
  readonly holder: string | undefined;
}

function leafOf(path: readonly Field[], slot: string): Leaf {
  const isInside = path.length > 1 && path.at(-1)!.presence === "implicit";
  return { path, slot, holder: isInside ? slot.replace(/At$/, "IsThere") : undefined };
}

function rowLevel(
  code: Code,
  leaves: readonly Leaf[],
  depth: number,
  end: string,
  token: Field | undefined,
): void {
  const fields = new Set(leaves.map((leaf) => leaf.path[depth]!));
  const inner = new Map(
    [...fields]
      .filter((field) => leaves.some((leaf) => leaf.path[depth] === field && leaf.path.length > depth + 1))
      // A message that is a key itself, and in which another key stands, has its place already.
      .map((field) => [
        field,
        leaves.find((leaf) => leaf.path[depth] === field && leaf.path.length === depth + 1)?.slot ??
          `part${depth}${pascal(field.name)}`,
      ]),
  );
  const slotOf = (field: Field) =>
    inner.get(field) ?? leaves.find((leaf) => leaf.path[depth] === field)!.slot;
  const siblings = new Map<Field, string[]>();
  for (const field of fields) {
    if (field.oneof === undefined) continue;
    for (const sibling of field.parent.fields) {
      if (sibling.oneof !== field.oneof || fields.has(sibling)) continue;
      siblings.set(sibling, [...(siblings.get(sibling) ?? []), slotOf(field)]);
    }
  }
  for (const { path, holder } of leaves)
    if (holder !== undefined && path.length === depth + 1) code.line(`${holder} = true;`);
  for (const slot of inner.values()) {
    if (!leaves.some((leaf) => leaf.slot === slot)) code.line(`let ${slot} = 0;`);
  }
  code.block(`while (r.pos < ${end}) {`, () => {
    code.line("const tag = r.tag();");
    if (fields.size === 0 && token === undefined) {
      code.line("r.skip(tag);");
      return;
    }
    code.block("switch (tag) {", () => {
      for (const field of fields) {
        const slot = slotOf(field);
        const call =
          field.type.kind === "message"
            ? field.delimited
              ? `r.group(tag, ${slot})`
              : `r.message(${slot})`
            : skipCall(field);
        code.line(`case ${tagOf(field)}: // ${field.name}`);
        code.line(`  ${slot} = ${call};`);
        code.line("  break;");
      }
      // A later member of its oneof clears a key.
      for (const [sibling, cleared] of siblings) {
        code.line(`case ${tagOf(sibling)}: // ${sibling.name}`);
        code.line(`  ${cleared.join(" = ")} = 0;`);
        code.line("  r.skip(tag);");
        code.line("  break;");
      }
      if (token !== undefined) tokenCase(code, token);
      code.line("default:");
      code.line("  r.skip(tag);");
    });
  });
  code.line(`r.close(${end});`);
  for (const [field, slot] of inner) {
    const stop = `${slot}End`;
    code.block(`if (${slot} !== 0) {`, () => {
      code.line(`const ${stop} = r.enter(${slot}).end;`);
      rowLevel(
        code,
        leaves.filter((leaf) => leaf.path[depth] === field && leaf.path.length > depth + 1),
        depth + 1,
        stop,
        undefined,
      );
      code.line(`r.leave(${stop});`);
    });
  }
}
