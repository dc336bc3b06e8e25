import type { Field, Message } from "../source/model.js";
import type { Checked, Local } from "./checked.js";
import { partsOf } from "./substitute.js";
import type { CelType } from "./types.js";

/** A place of a message that a name stands for: the root, and the way to it. */
export interface Place<Root> {
  readonly root: Root;
  readonly path: readonly Field[];
}

/** Calls that give some of the elements of their first argument, or one of them. */
const SELECTING = ["take", "first", "last", "distinct", "_[_]"];

/** Where a value may come from. */
interface Source<Root> {
  /** The one place that it is, or that it is elements of; undefined where it is computed. */
  readonly exact: Place<Root> | undefined;
  /** Every place that it, or something inside it, may be. */
  readonly places: readonly Place<Root>[];
}

/**
 * What an expression reads, through macros too: `items.map(i, i.price)` reads `items.price`, and `(a ? b : c).d` both `b.d`
 * and `c.d`. `origin` is where the value of the whole comes from, if it is a place, or elements of one:
 * `items.filter(…).take(2)` comes from `items`. `given` are the places whose messages the value has, whole: none where
 * the value is a number, or numbers.
 */
export function readsOfTree<Root>(
  tree: Checked,
  names: ReadonlyMap<string, Place<Root>>,
  /** The message at a root. */
  messageAt: (root: Root) => Message | undefined,
): { reads: readonly Place<Root>[]; origin: Place<Root> | undefined; given: readonly Place<Root>[] } {
  const walk = new Walk(names, messageAt);
  const source = walk.go(tree);
  walk.note(source);
  const given = holdsMessages(tree.type) ? source.places : [];
  return { reads: walk.reads, origin: source.exact, given };
}

class Walk<Root> {
  readonly reads: Place<Root>[] = [];
  readonly #locals = new Map<Local, Source<Root>>();

  constructor(
    readonly names: ReadonlyMap<string, Place<Root>>,
    readonly messageAt: (root: Root) => Message | undefined,
  ) {}

  note({ places }: Source<Root>): void {
    for (const place of places) if (!this.reads.some((known) => isSame(known, place))) this.reads.push(place);
  }

  go(node: Checked): Source<Root> {
    switch (node.kind) {
      case "variable":
        return one(this.names.get(node.name));
      case "local":
        return this.#locals.get(node.local) ?? NOWHERE;
      case "field":
        return this.#step(this.go(node.base), node.field.name);
      case "select":
        return isMap(node.base) ? entry(this.go(node.base), 1) : this.#step(this.go(node.base), node.name);
      case "hasField":
      case "hasName":
        this.note(this.#step(this.go(node.base), node.kind === "hasField" ? node.field.name : node.name));
        return NOWHERE;
      case "macro":
        return this.#macro(node);
      case "call": {
        const [first = NOWHERE, ...rest] = node.args.map((arg) => this.go(arg));
        for (const source of rest) this.note(source);
        if (COMPARING.includes(node.signature.name)) this.#noteWhole(node.args, [first, ...rest]);
        if (SELECTING.includes(node.signature.name)) return isMap(node.args[0]!) ? entry(first, 1) : first;
        this.note(first);
        return { exact: undefined, places: [first, ...rest].flatMap(({ places }) => places) };
      }
      default: {
        const parts = partsOf(node).map((part) => this.go(part));
        for (const part of parts) this.note(part);
        const isComparing = node.kind === "equality" && node.args.every(({ type }) => type.kind !== "null");
        if (isComparing) this.#noteWhole(node.args, parts);
        return { exact: undefined, places: parts.flatMap(({ places }) => places) };
      }
    }
  }

  #macro(node: Checked & { kind: "macro" }): Source<Root> {
    const range = this.go(node.range);
    this.note(range);
    const map = isMap(node.range);
    node.locals.forEach((local, i) => {
      const isElement = i === node.locals.length - 1;
      this.#locals.set(local, map ? entry(range, i) : isElement ? range : NOWHERE);
    });
    if (node.test !== undefined) this.note(this.go(node.test));
    const body = this.go(node.body);
    this.note(body);
    const isSelecting = node.macro === "sort_by" || node.macro === "filter";
    if (isSelecting && (!map || node.macro === "sort_by")) return range;
    return { exact: undefined, places: isSelecting ? range.places : body.places };
  }

  /** Who compares messages reads all of their fields. */
  #noteWhole(nodes: readonly Checked[], sources: readonly Source<Root>[]): void {
    nodes.forEach(({ type }, i) => {
      if (!holdsMessages(type)) return;
      const seen = new Set<Message>();
      const visit = (message: Message | undefined, source: Source<Root>): void => {
        if (message === undefined || seen.has(message) || message.typeName.startsWith("google.protobuf."))
          return;
        seen.add(message);
        for (const field of message.fields) {
          const inner = this.#step(source, field.name);
          this.note(inner);
          visit(messageIn(field), inner);
        }
      };
      for (const place of sources[i]!.places) {
        const last = place.path.at(-1);
        visit(last === undefined ? this.messageAt(place.root) : messageIn(last), one(place));
      }
    });
  }

  /**
   * A field of a value. A place that has no such field is of something that the value holds further in, as of what a list
   * or a message was made from: it stays, for what is read of that.
   */
  #step({ exact, places }: Source<Root>, name: string): Source<Root> {
    const extended = (place: Place<Root>): Place<Root> | undefined => {
      const last = place.path.at(-1);
      const value = last?.cardinality === "map" ? [entryField(last, 1)] : [];
      const message = last === undefined ? this.messageAt(place.root) : messageIn(last);
      const found = message?.byName.get(name);
      return found && { root: place.root, path: [...place.path, ...value, found] };
    };
    return {
      exact: exact && extended(exact),
      places: places.map((place) => extended(place) ?? place),
    };
  }
}

/** Whether a value is, or holds, messages, or may. */
function holdsMessages(type: CelType): boolean {
  switch (type.kind) {
    case "message":
    case "dyn":
      return true;
    case "list":
      return holdsMessages(type.element);
    case "map":
      return holdsMessages(type.value);
    default:
      return false;
  }
}

/** The message in a field, or in the values of a map. */
function messageIn(field: Field): Message | undefined {
  const { type } = field.cardinality === "map" ? entryField(field, 1) : field;
  return type.kind === "message" ? type.message : undefined;
}

/** Calls that compare the elements of a list. */
const COMPARING = ["distinct", "@in"];

const NOWHERE: Source<never> = { exact: undefined, places: [] };

function one<Root>(place: Place<Root> | undefined): Source<Root> {
  return place === undefined ? NOWHERE : { exact: place, places: [place] };
}

function isSame<Root>(a: Place<Root>, b: Place<Root>): boolean {
  return (
    a.root === b.root && a.path.length === b.path.length && a.path.every((field, i) => field === b.path[i])
  );
}

function isMap(node: Checked): boolean {
  return node.type.kind === "map";
}

/** The key or the value of the entries of maps. */
function entry<Root>({ exact, places }: Source<Root>, part: number): Source<Root> {
  const entryOf = (place: Place<Root>): Place<Root> | undefined => {
    const last = place.path.at(-1);
    if (last?.cardinality !== "map") return undefined;
    return { root: place.root, path: [...place.path, entryField(last, part)] };
  };
  return { exact: exact && entryOf(exact), places: places.map((place) => entryOf(place) ?? place) };
}

function entryField(map: Field, part: number): Field {
  return (map.type as { message: Message }).message.fields[part]!;
}
