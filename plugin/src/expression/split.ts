import type { Text } from "./path.js";

/**
 * The small syntaxes of annotations: `set: "path = CEL"`, `key: "row -> request.path = response.path"`. Neither `->`
 * nor a lone `=` is CEL, so the parts are found without parsing it; only string literals have to be stepped over.
 */

/** "target = value" */
export interface Assignment {
  readonly target: Text;
  readonly value: Text;
}

/** The parts of a `key`; of the one of a load, `row` is absent. */
export interface KeyParts {
  readonly row: Text | undefined;
  readonly request: Text | undefined;
  readonly response: Text | undefined;
}

/** Splits `set` and `let`; undefined without exactly one lone `=`. */
export function splitAssignment(value: string): Assignment | undefined {
  const equals = loneEquals(value);
  if (equals.length !== 1) return undefined;
  const at = equals[0]!;
  return {
    target: { value: value.slice(0, at), offset: 0 },
    value: { value: value.slice(at + 1), offset: at + 1 },
  };
}

/** Splits the `key` of a join: "row -> request = response"; of the last two at least one must be there. */
export function splitKey(value: string): KeyParts | undefined {
  const arrows = find(value, "->");
  const equals = loneEquals(value);
  if (arrows.length > 1 || equals.length > 1) return undefined;
  const arrow = arrows[0];
  const equal = equals[0];
  if (arrow === undefined) {
    if (equal === undefined) return { row: { value, offset: 0 }, request: undefined, response: undefined };
    return {
      row: { value: value.slice(0, equal), offset: 0 },
      request: undefined,
      response: { value: value.slice(equal + 1), offset: equal + 1 },
    };
  }
  if (equal !== undefined && equal < arrow) return undefined;
  return {
    row: { value: value.slice(0, arrow), offset: 0 },
    request: { value: value.slice(arrow + 2, equal ?? value.length), offset: arrow + 2 },
    response: equal === undefined ? undefined : { value: value.slice(equal + 1), offset: equal + 1 },
  };
}

/** Splits the `key` of a load: "request = response", the second optional. */
export function splitLoadKey(value: string): KeyParts | undefined {
  if (find(value, "->").length > 0) return undefined;
  const equals = loneEquals(value);
  if (equals.length > 1) return undefined;
  const equal = equals[0];
  return {
    row: undefined,
    request: { value: value.slice(0, equal ?? value.length), offset: 0 },
    response: equal === undefined ? undefined : { value: value.slice(equal + 1), offset: equal + 1 },
  };
}

/** Offsets of every `=` that is not part of `==`, `!=`, `<=` or `>=`, outside string literals. */
function loneEquals(value: string): number[] {
  return find(value, "=").filter(
    (at) => value[at + 1] !== "=" && !["=", "!", "<", ">"].includes(value[at - 1] ?? ""),
  );
}

function find(value: string, what: string): number[] {
  const found: number[] = [];
  let quote: string | undefined;
  for (let i = 0; i < value.length; i++) {
    const char = value[i]!;
    if (quote !== undefined) {
      if (char === "\\") i++;
      else if (char === quote) quote = undefined;
    } else if (char === '"' || char === "'") quote = char;
    else if (value.startsWith(what, i)) found.push(i);
  }
  return found;
}
