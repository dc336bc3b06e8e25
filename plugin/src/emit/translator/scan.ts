import type { DescOneof } from "@bufbuild/protobuf";
import type { Field, Message } from "../../source/model.js";
import type { Code } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { camel, type Names } from "../names.js";
import { isPackable, LEN, SGROUP, skipCall, tagOf, wireOf } from "../wire.js";

/**
 * What a walk over one message looks for: some of its fields, and fields of the messages in them. Singular values are
 * kept as offsets, and used after the walk; elements of lists are handled as they come by.
 */
export class Scan {
  readonly #nodes = new Map<number, Node>();

  constructor(
    /** Says what the message is, for names: "" for the translator's own source. */
    readonly prefix: string,
    readonly file: FileScope,
  ) {}

  /** Asks for a singular value or a map; returns the variable that will hold where it is. */
  slot(path: readonly Field[], names: Names): string {
    const node = this.#node(path);
    node.slot ??= names.unique(
      `${camel([this.prefix, ...path.map((f) => f.name)].filter((n) => n !== "").join("_"))}At`,
    );
    return node.slot;
  }

  /** Asks for the elements of a list: `emit` prints what is done with one, whose offset is `at`. */
  each(path: readonly Field[], handler: ElementHandler): void {
    this.#node(path).handlers.push(handler);
  }

  get isEmpty(): boolean {
    return this.#nodes.size === 0;
  }

  #node(path: readonly Field[]): Node {
    let nodes = this.#nodes;
    let node: Node | undefined;
    for (const field of path) {
      node = nodes.get(field.number);
      if (node === undefined) {
        node = { field, slot: undefined, handlers: [], children: new Map() };
        nodes.set(field.number, node);
      }
      nodes = node.children;
    }
    return node!;
  }

  /** Prints the walk: `reader` has been opened on the message, whose end is kept in the variable `end`. */
  emit(code: Code, reader: string, names: Names, end?: string): void {
    for (const node of inOrder(this.#nodes)) declare(code, node, this, this.prefix, names);
    const variable = end ?? names.unique(join(this.prefix, "end"));
    walk(code, reader, this.#nodes, this, this.prefix, names, variable, `${reader}.end`);
  }
}

/** What is done with the elements of a list. */
export interface ElementHandler {
  /** Prints what is done with a scalar, whose offset is the variable `at`; `packed`: within a packed field. */
  readonly value?: (code: Code, reader: string, packed: boolean) => void;
  /** Prints what is done with a message: `open` is the expression that opens the reader on it. */
  readonly message?: (code: Code, reader: string, open: string) => void;
  /** Prints what is done with a message whose offset is the variable `at`. */
  readonly messageAt?: (code: Code, reader: string) => void;
  /** Whether it matters only that there is an element. */
  readonly ignores?: boolean;
  /** Prints what comes before and after the elements of a packed field. */
  readonly packed?: {
    readonly before: (code: Code, reader: string) => void;
    readonly after: (code: Code) => void;
  };
}

interface Node {
  readonly field: Field;
  slot: string | undefined;
  readonly handlers: ElementHandler[];
  readonly children: Map<number, Node>;
}

function inOrder(nodes: ReadonlyMap<number, Node>): Node[] {
  return [...nodes.values()].sort((a, b) => a.field.number - b.field.number);
}

function join(prefix: string, name: string): string {
  return camel(prefix === "" ? name : `${prefix}_${name}`);
}

/** Slots are declared before the walk, also those of messages inside, which get their values in blocks of their own. */
function declare(code: Code, node: Node, scan: Scan, prefix: string, names: Names): void {
  const { field } = node;
  if (field.cardinality === "map" && node.slot !== undefined) declareMap(code, node, scan.file);
  if (field.cardinality !== "singular") return;
  node.slot ??= names.unique(`${join(prefix, field.name)}At`);
  code.line(`let ${node.slot} = 0;`);
  for (const child of inOrder(node.children)) declare(code, child, scan, join(prefix, field.name), names);
}

function walk(
  code: Code,
  reader: string,
  nodes: ReadonlyMap<number, Node>,
  scan: Scan,
  prefix: string,
  names: Names,
  end: string,
  endExpression: string,
): void {
  const sorted = inOrder(nodes);
  code.line(`const ${end} = ${endExpression};`);
  code.block(`while (${reader}.pos < ${end}) {`, () => {
    code.line(`const tag = ${reader}.tag();`);
    if (sorted.length === 0) {
      code.line(`${reader}.skip(tag);`);
      return;
    }
    code.block("switch (tag) {", () => {
      for (const node of sorted) emitCases(code, reader, node, oneofMates(sorted, node.field), scan.file);
      for (const sibling of unmappedSiblings(sorted))
        emitSibling(code, reader, sibling, oneofMates(sorted, sibling), scan.file);
      code.line("default:");
      code.line(`  ${reader}.skip(tag);`);
    });
  });
  code.line(`${reader}.close(${end});`);
  for (const node of sorted) {
    if (node.children.size === 0 || node.field.cardinality !== "singular") continue;
    // Fields of a message inside: a walk of its own, once all of the message is known.
    const inner = names.inner();
    code.block(`if (${node.slot} !== 0) {`, () => {
      const prefixInside = join(prefix, node.field.name);
      const innerEnd = inner.unique(join(prefixInside, "end"));
      const open = `${reader}.enter(${node.slot}).end`;
      walk(code, reader, node.children, scan, prefixInside, inner, innerEnd, open);
      code.line(`${reader}.leave(${innerEnd});`);
    });
  }
}

function declareMap(code: Code, node: Node, file: FileScope): void {
  const [key, value] = (node.field.type as { message: Message }).message.fields as [Field, Field];
  const keyType = key.type.kind === "scalar" ? key.type.scalar : "int32";
  // A string that may be anything is compared as bytes.
  const type = keyType === "string" && !key.utf8 ? "bytes" : keyType;
  const known = value.type.kind === "enum" ? file.knows(value.type.enum) : undefined;
  const all = [`"${type}"`, wireOf(key), wireOf(value), value.type.kind === "message", known];
  code.line(`const ${node.slot} = new MapEntries(${all.filter((part) => part !== undefined).join(", ")});`);
}

/** The slots of the other members of a field's oneof, which this one clears. */
function oneofMates(nodes: readonly Node[], field: Field): string[] {
  if (field.oneof === undefined) return [];
  return nodes
    .filter((node) => node.field !== field && node.field.oneof === field.oneof)
    .map((node) => node.slot!);
}

/** Members of a oneof that nothing asks for clear those that something does. */
function unmappedSiblings(nodes: readonly Node[]): Field[] {
  const oneofs = new Set<DescOneof>(
    nodes.flatMap((node) => (node.field.oneof === undefined ? [] : [node.field.oneof])),
  );
  const asked = new Set(nodes.map((node) => node.field.number));
  const siblings: Field[] = [];
  for (const oneof of oneofs) {
    const { parent } = nodes.find((node) => node.field.oneof === oneof)!.field;
    for (const field of parent.fields)
      if (field.oneof === oneof && !asked.has(field.number)) siblings.push(field);
  }
  return siblings.sort((a, b) => a.number - b.number);
}

function emitSibling(
  code: Code,
  reader: string,
  field: Field,
  mates: readonly string[],
  file: FileScope,
): void {
  emitSingular(code, reader, field, `${mates.join(" = ")} = 0;`, undefined, file);
}

/** `clear`: what clears the other members of its oneof. A closed enum's unknown number is as if it were not there. */
function emitSingular(
  code: Code,
  reader: string,
  field: Field,
  clear: string,
  slot: string | undefined,
  file: FileScope,
): void {
  const known = field.type.kind === "enum" ? file.knows(field.type.enum) : undefined;
  if (known !== undefined) {
    code.block(`case ${tagOf(field)}: {`, () => {
      code.line(`// ${field.name}`);
      code.line(`const at = ${reader}.varint();`);
      const body = [...(clear === "" ? [] : [clear]), ...(slot === undefined ? [] : [`${slot} = at;`])];
      code.branches([{ condition: `${known}(${reader}.int32At(at))`, body }]);
      code.line("break;");
    });
    return;
  }
  code.line(`case ${tagOf(field)}: // ${field.name}`);
  if (clear !== "") code.line(`  ${clear}`);
  if (slot === undefined) code.line(`  ${reader}.skip(tag);`);
  else code.line(`  ${slot} = ${singularCall(field, slot).replace("r.", `${reader}.`)};`);
  code.line("  break;");
}

function emitCases(code: Code, reader: string, node: Node, mates: readonly string[], file: FileScope): void {
  const { field, slot, handlers } = node;
  if (field.cardinality === "singular") {
    emitSingular(code, reader, field, mates.length > 0 ? `${mates.join(" = ")} = 0;` : "", slot, file);
    return;
  }
  if (field.cardinality === "map") {
    code.line(`case ${tagOf(field)}: // ${field.name}`);
    code.line(`  ${slot}.add(${reader});`);
    code.line("  break;");
    return;
  }
  if (field.type.kind === "message") emitMessageCase(code, reader, field, handlers);
  else emitValueCases(code, reader, field, handlers);
}

function singularCall(field: Field, slot: string): string {
  if (field.type.kind !== "message") return skipCall(field);
  return field.delimited ? `r.group(tag, ${slot})` : `r.message(${slot})`;
}

function emitMessageCase(
  code: Code,
  reader: string,
  field: Field,
  handlers: readonly ElementHandler[],
): void {
  code.block(`case ${tagOf(field)}: {`, () => {
    code.line(`// ${field.name}`);
    const grouped = wireOf(field) === SGROUP;
    const [first] = handlers;
    if (handlers.length === 1 && first!.message !== undefined && !grouped) {
      first!.message(code, reader, `${reader}.next()`);
    } else {
      if (!handlers.every((handler) => handler.ignores)) code.line(`${reader}.row();`);
      code.line(takes(handlers, grouped ? `${reader}.group(tag, 0)` : `${reader}.message(0)`));
      // What is opened ends where its content does, which is not where the field does.
      const opens = handlers.some((handler) => handler.message !== undefined);
      if (opens) code.line(`const after = ${reader}.pos;`);
      each(code, handlers, (handler) => {
        if (handler.message !== undefined) handler.message(code, reader, `${reader}.enter(at)`);
        else handler.messageAt!(code, reader);
      });
      if (opens) code.line(`${reader}.pos = after;`);
    }
    code.line("break;");
  });
}

/** The statement that steps over an element, and keeps its offset where anybody asks for it. */
function takes(handlers: readonly ElementHandler[], skip: string): string {
  return handlers.every((handler) => handler.ignores) ? `${skip};` : `const at = ${skip};`;
}

/** Prints what each handler does; of several, each in a block, since they use the same names. */
function each(
  code: Code,
  handlers: readonly ElementHandler[],
  print: (handler: ElementHandler) => void,
): void {
  if (handlers.length === 1) print(handlers[0]!);
  else for (const handler of handlers) code.block("{", () => print(handler));
}

function emitValueCases(code: Code, reader: string, field: Field, handlers: readonly ElementHandler[]): void {
  const skip = skipCall(field).replace("r.", `${reader}.`);
  code.block(`case ${tagOf(field)}: {`, () => {
    code.line(`// ${field.name}`);
    code.line(takes(handlers, skip));
    each(code, handlers, (handler) => handler.value!(code, reader, false));
    code.line("break;");
  });
  if (!isPackable(field)) return;
  code.block(`case ${tagOf(field, LEN)}: {`, () => {
    code.line(`// ${field.name}, packed`);
    code.line(`const stop = ${reader}.packed();`);
    if (handlers.length > 1) code.line(`const start = ${reader}.pos;`);
    let index = 0;
    each(code, handlers, (handler) => {
      if (index++ > 0) code.line(`${reader}.pos = start;`);
      handler.packed?.before(code, reader);
      code.block(`while (${reader}.pos < stop) {`, () => {
        code.line(takes([handler], skip));
        handler.value!(code, reader, true);
      });
      handler.packed?.after(code);
    });
    code.line(`${reader}.packedEnd(stop);`);
    code.line("break;");
  });
}
