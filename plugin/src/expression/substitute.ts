import type { Field } from "../source/model.js";
import type { Checked } from "./checked.js";

/** A tree with what `replace` gives in the place of a name of the environment; undefined keeps the name. */
export function substitute(tree: Checked, replace: (name: string) => Checked | undefined): Checked {
  const go = (node: Checked): Checked => {
    switch (node.kind) {
      case "variable":
        return replace(node.name) ?? node;
      case "field":
      case "hasField":
      case "select":
      case "hasName":
        return { ...node, base: go(node.base) };
      case "call":
      case "dynamicCall":
        return { ...node, args: node.args.map(go) };
      case "equality":
      case "logic":
        return { ...node, args: [go(node.args[0]), go(node.args[1])] };
      case "conditional":
        return { ...node, args: [go(node.args[0]), go(node.args[1]), go(node.args[2])] };
      case "list":
        return { ...node, elements: node.elements.map(go) };
      case "map":
        return {
          ...node,
          entries: node.entries.map(({ key, value }) => ({ key: go(key), value: go(value) })),
        };
      case "message":
        return { ...node, fields: node.fields.map(({ field, value }) => ({ field, value: go(value) })) };
      case "macro":
        return {
          ...node,
          range: go(node.range),
          test: node.test === undefined ? undefined : go(node.test),
          body: go(node.body),
        };
      default:
        return node;
    }
  };
  return go(tree);
}

/** The parts of a node, in the order in which they are written. */
export function partsOf(node: Checked): readonly Checked[] {
  switch (node.kind) {
    case "field":
    case "hasField":
    case "select":
    case "hasName":
      return [node.base];
    case "call":
    case "dynamicCall":
    case "equality":
    case "logic":
    case "conditional":
      return node.args;
    case "list":
      return node.elements;
    case "map":
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case "message":
      return node.fields.map(({ value }) => value);
    case "macro":
      return [node.range, ...(node.test === undefined ? [] : [node.test]), node.body];
    default:
      return [];
  }
}

const sizes = new WeakMap<Checked, number>();

/** The number of nodes. What was put in several places counts in each, and is looked at once. */
export function sizeOf(tree: Checked): number {
  let size = sizes.get(tree);
  if (size === undefined) {
    size = partsOf(tree).reduce((sum, part) => sum + sizeOf(part), 1);
    sizes.set(tree, size);
  }
  return size;
}

const texts = new WeakMap<Checked, string>();

/** A text that is the same for trees that are. */
export function treeText(tree: Checked): string {
  let text = texts.get(tree);
  if (text === undefined) {
    text = JSON.stringify(tree, (key, value: unknown) => {
      if (key === "start" || key === "end") return undefined;
      if (typeof value === "bigint") return `${value}n`;
      // Descriptors are large, and refer to each other in circles: their names say which they are.
      if (key === "message" || key === "enum") return (value as { typeName: string }).typeName;
      if (key === "field") return `${(value as Field).parent.typeName}.${(value as Field).name}`;
      return value;
    });
    texts.set(tree, text);
  }
  return text;
}
