import type { Field } from "../source/model.js";
import type { Checked, Local } from "./checked.js";
import { partsOf } from "./substitute.js";

/** A place of a message that a name stands for: the root, and the way to it. */
export interface Place<Root> {
  readonly root: Root;
  readonly path: readonly Field[];
}

/** Calls that give some of the elements of their first argument, or one of them. */
const SELECTING = ["take", "first", "last", "distinct", "_[_]"];

/**
 * What an expression reads, through macros too: `items.map(i, i.price)` reads `items.price`. `origin` is where the value of
 * the whole comes from, if it is a place, or elements of one: `items.filter(…).take(2)` comes from `items`.
 */
export function readsOfTree<Root>(
  tree: Checked,
  names: ReadonlyMap<string, Place<Root>>,
): { reads: readonly Place<Root>[]; origin: Place<Root> | undefined } {
  const reads: Place<Root>[] = [];
  const locals = new Map<Local, Place<Root>>();
  const note = (place: Place<Root> | undefined) => {
    if (place === undefined) return;
    const isKnown = reads.some(
      ({ root, path }) =>
        root === place.root &&
        path.length === place.path.length &&
        path.every((field, i) => field === place.path[i]),
    );
    if (!isKnown) reads.push(place);
  };
  const go = (node: Checked): Place<Root> | undefined => {
    switch (node.kind) {
      case "variable":
        return names.get(node.name);
      case "local":
        return locals.get(node.local);
      case "field":
        return extend(go(node.base), node.field);
      case "hasField":
        note(extend(go(node.base), node.field));
        return undefined;
      case "macro":
        return macro(node);
      case "call": {
        const [first, ...rest] = node.args.map(go);
        for (const place of rest) note(place);
        if (SELECTING.includes(node.signature.name)) return isMap(node.args[0]!) ? entry(first, 1) : first;
        note(first);
        return undefined;
      }
      default:
        for (const part of partsOf(node)) note(go(part));
        return undefined;
    }
  };
  const macro = (node: Checked & { kind: "macro" }): Place<Root> | undefined => {
    const range = go(node.range);
    note(range);
    const map = isMap(node.range);
    node.locals.forEach((local, i) => {
      const isElement = i === node.locals.length - 1;
      const place = map ? entry(range, i) : isElement ? range : undefined;
      if (place !== undefined) locals.set(local, place);
    });
    if (node.test !== undefined) note(go(node.test));
    const body = go(node.body);
    if (node.macro === "filter" && !map) {
      note(body);
      return range;
    }
    note(body);
    if (node.macro === "sort_by") return range;
    return undefined;
  };
  const origin = go(tree);
  note(origin);
  return { reads, origin };
}

function isMap(node: Checked): boolean {
  return node.type.kind === "map";
}

function extend<Root>(place: Place<Root> | undefined, field: Field): Place<Root> | undefined {
  return place === undefined ? undefined : { root: place.root, path: [...place.path, field] };
}

/** The key or the value of a map's entries. */
function entry<Root>(place: Place<Root> | undefined, part: number): Place<Root> | undefined {
  const last = place?.path.at(-1);
  if (last === undefined || last.type.kind !== "message") return undefined;
  return extend(place, last.type.message.fields[part]!);
}
