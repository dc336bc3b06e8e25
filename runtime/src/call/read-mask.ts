import type { Kept } from "../wire/prune.js";
import { prune } from "../wire/prune.js";
import type { Reader } from "../wire/reader.js";
import { quotedPath } from "../wire/special.js";
import { Code, PorticoError } from "./error.js";

/** The fields of a public message by name: where the paths of a read mask may lead. */
export type Paths = ReadonlyMap<string, PathField>;

export interface PathField {
  readonly number: number;
  /** Its fields, where paths may go on. */
  readonly message?: () => Paths;
  /** Of a list or a map, "*" may stand for all elements. A map has its message in its entries. */
  readonly list?: boolean;
  readonly map?: boolean;
  /** Kept whatever the mask says: the message could not be read without it. */
  readonly required?: boolean;
  /** A google.protobuf.Any: any message may stand in it. */
  readonly any?: boolean;
}

// More than anybody needs, and little enough to look at.
const MAX_PATHS = 1000;
const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 32;

/**
 * Which fields of a response a client wants: its `read_mask`. It prunes what is written and says which joins are of use; who
 * may, and which rows there are, does not depend on it.
 *
 * Source: https://google.aip.dev/157 and …/161
 */
export class ReadMask {
  constructor(
    /** Undefined: everything. */
    readonly root: Node | undefined,
    readonly maxBytes: number,
  ) {}

  /** Whether something of a field is wanted, or of any of several: "orders.user_email". */
  wants(...paths: readonly string[]): boolean {
    const { root } = this;
    return root === undefined || paths.some((path) => isWanted(root, path));
  }

  /** Whether a field of a message is wanted anywhere where the message stands. */
  keeps(fields: Paths, name: string): boolean {
    if (this.root === undefined) return true;
    this.#kept ??= keptIn(this.root);
    return this.#kept === "all" || this.#kept.get(fields)?.has(name) === true;
  }
  #kept: ReadonlyMap<Paths, ReadonlySet<string>> | "all" | undefined;

  /** The response (or one message of a stream) without what is not wanted. */
  prune(response: Uint8Array): Uint8Array {
    return this.root === undefined ? response : prune(response, this.root.kept, this.maxBytes);
  }
}

/** Whose response it is. */
export interface MaskCaller {
  readonly limits: { readonly maxResponseBytes: number };
  /** Set once it is read. */
  mask?: ReadMask | undefined;
}

/** Reads the google.protobuf.FieldMask in the field `tag` of a request; a path that does not exist is INVALID_ARGUMENT. */
export function readMask(call: MaskCaller, request: Reader, tag: number, paths: Paths): ReadMask {
  const names = pathsIn(request, tag);
  const { maxResponseBytes } = call.limits;
  if (names.length === 0) return new ReadMask(undefined, maxResponseBytes);
  const root = new Node(paths);
  let isAll = false;
  for (const name of names) {
    if (name === "*") isAll = true;
    else root.add(name.split("."), paths, name);
  }
  call.mask = new ReadMask(isAll ? undefined : root, maxResponseBytes);
  return call.mask;
}

/** The paths of the mask; of a message that comes in pieces, those of all pieces. */
function pathsIn(request: Reader, wanted: number): string[] {
  const r = request.fork();
  const { end } = r;
  const names: string[] = [];
  let bytes = 0;
  while (r.pos < end) {
    const tag = r.tag();
    if (tag !== wanted) {
      r.skip(tag);
      continue;
    }
    const isGroup = (tag & 7) === 3;
    const stop = (isGroup ? r.nextGroup(tag) : r.enter(r.pos)).end;
    while (r.pos < stop) {
      const inner = r.tag();
      if (inner !== 10) {
        r.skip(inner);
        continue;
      }
      const at = r.bytes();
      bytes += r.lengthAt(at);
      if (names.length >= MAX_PATHS || bytes > MAX_BYTES) throw invalid("has too many paths");
      names.push(r.textAt(at));
    }
    r.close(stop);
    r.leave(stop);
    if (isGroup) r.leaveGroup(stop);
  }
  r.close(end);
  return names;
}

/** What is wanted in a message. */
class Node {
  readonly #inner = new Map<string, Node | "whole">();
  readonly kept: Map<number, Kept | "whole"> = new Map();

  constructor(readonly paths: Paths) {
    for (const { number, required } of paths.values()) if (required) this.kept.set(number, "whole");
  }

  get(name: string): Node | "whole" | undefined {
    return this.#inner.get(name);
  }

  /** Adds what `steps` lead to; `path` is the whole path, for the error. */
  add(steps: readonly string[], paths: Paths, path: string): void {
    if (steps.length > MAX_DEPTH) throw invalid("has a path that is too long");
    const [name, ...rest] = steps;
    const field = paths.get(name!);
    if (field === undefined) throw unknown(path);
    if (rest[0] === "*" && (field.list || field.map)) rest.shift();
    if (rest.length === 0) {
      this.#inner.set(name!, "whole");
      this.kept.set(field.number, "whole");
      return;
    }
    const inner = field.message?.();
    if (inner === undefined) throw unknown(path);
    const known = this.#inner.get(name!);
    const node = known instanceof Node ? known : new Node(inner);
    node.add(rest, inner, path);
    // The whole of it is wanted anyway; but a path that does not exist is one all the same.
    if (known === "whole") return;
    if (known === undefined) {
      this.#inner.set(name!, node);
      if (this.kept.get(field.number) !== "whole")
        this.kept.set(field.number, field.map ? entryOf(node.kept) : node.kept);
    }
  }
}

/** Of a map's entry: its key, and what is wanted of its value. */
function entryOf(value: Kept): Kept {
  return new Map<number, Kept | "whole">([
    [1, "whole"],
    [2, value],
  ]);
}

/** The fields that are wanted, by the message that they are of; "all" where any message may be. */
function keptIn(root: Node): ReadonlyMap<Paths, ReadonlySet<string>> | "all" {
  const kept = new Map<Paths, Set<string>>();
  const whole = new Set<Paths>();
  let hasAny = false;
  const keep = (paths: Paths, name: string): void => {
    const names = kept.get(paths) ?? new Set();
    kept.set(paths, names.add(name));
  };
  const visitWhole = (paths: Paths): void => {
    if (whole.has(paths)) return;
    whole.add(paths);
    for (const name of paths.keys()) visitField(paths, name);
  };
  const visitField = (paths: Paths, name: string): void => {
    const field = paths.get(name)!;
    keep(paths, name);
    hasAny ||= field.any === true;
    const inner = field.message?.();
    if (inner !== undefined) visitWhole(inner);
  };
  const visit = (node: Node): void => {
    for (const [name, field] of node.paths) {
      const inner = node.get(name);
      if (inner === "whole" || (inner === undefined && field.required)) visitField(node.paths, name);
      else if (inner !== undefined) {
        keep(node.paths, name);
        visit(inner);
      }
    }
  };
  visit(root);
  return hasAny ? "all" : kept;
}

function isWanted(root: Node, path: string): boolean {
  let node: Node = root;
  for (const name of path.split(".")) {
    const inner = node.get(name);
    if (inner === undefined) return false;
    if (inner === "whole") return true;
    node = inner;
  }
  return true;
}

function unknown(path: string): PorticoError {
  return invalid(`has a path${quotedPath(path)} that the response does not have`);
}

function invalid(what: string): PorticoError {
  return new PorticoError(Code.INVALID_ARGUMENT, `read_mask ${what}`);
}
