import { type CelType, DYN } from "./types.js";

/**
 * What is known, while an expression is checked, of the types that it leaves open: of `[]`, and of the parameters of
 * signatures. A variable stands for each; what it turns out to be is the most general of the types it meets.
 */
export class Inference {
  readonly #bound = new Map<number, CelType>();
  /** What was bound, in order, with what it was bound to before: lets a failed attempt be taken back. */
  readonly #log: { readonly id: number; readonly before: CelType | undefined }[] = [];
  #next = 0;

  /** A type that is not known yet. */
  variable(): CelType {
    return { kind: "variable", id: this.#next++ };
  }

  /** Runs `attempt`; where it fails, what it found out is forgotten. */
  attempt(attempt: () => boolean): boolean {
    const mark = this.#log.length;
    const worked = attempt();
    if (!worked) this.#forget(mark);
    return worked;
  }

  /** Runs `attempt` and forgets what it found out. */
  trial<T>(attempt: () => T): T {
    const mark = this.#log.length;
    const result = attempt();
    this.#forget(mark);
    return result;
  }

  #forget(mark: number): void {
    while (this.#log.length > mark) {
      const { id, before } = this.#log.pop()!;
      if (before === undefined) this.#bound.delete(id);
      else this.#bound.set(id, before);
    }
  }

  #set(id: number, type: CelType): void {
    this.#log.push({ id, before: this.#bound.get(id) });
    this.#bound.set(id, type);
  }

  /** A type as far as it is known: variables that are left stay. */
  known(type: CelType): CelType {
    return this.#substitute(type, (variable) => variable);
  }

  /** A type at the end of checking: what is still open is dyn. */
  settled(type: CelType): CelType {
    return this.#substitute(type, () => DYN);
  }

  /** The outermost kind of a type as far as it is known. */
  shallow(type: CelType): CelType {
    let current = type;
    while (current.kind === "variable") {
      const bound = this.#bound.get(current.id);
      if (bound === undefined) return current;
      current = bound;
    }
    return current;
  }

  #substitute(type: CelType, open: (variable: CelType) => CelType): CelType {
    const found = this.shallow(type);
    return found.kind === "variable" ? open(found) : mapParts(found, (part) => this.#substitute(part, open));
  }

  /** Whether a value of type `from` may stand where `to` is wanted. Variables of both are bound to what fits. */
  assign(from: CelType, to: CelType): boolean {
    return this.attempt(() => this.#assign(from, to));
  }

  #assign(from: CelType, to: CelType): boolean {
    if (to.kind === "variable") return this.#widen(to, from);
    const source = this.shallow(from);
    if (source.kind === "variable") return this.#bind(source, to);
    if (isOpen(to)) return true;
    if (isOpen(source)) return this.#loosen(to);
    if (source.kind === "null") return to.kind === "null" || isNullable(to);
    if (source.kind === "wrapper") return this.#assign(source.of, to.kind === "wrapper" ? to.of : to);
    if (to.kind === "wrapper") return this.#assign(source, to.of);
    if (source.kind === "enum" && to.kind === "string") return true;
    return this.#parts(source, to, (a, b) => this.#assign(a, b));
  }

  /** Parts of what is known only at run time are known only then. */
  #loosen(type: CelType): true {
    mapParts(this.shallow(type), (part) => {
      if (part.kind === "variable") this.#set(this.#end(part).id, DYN);
      else this.#loosen(part);
      return part;
    });
    return true;
  }

  /** Binds a variable to `type`, or to what is more general of it and what it is bound to already. */
  #widen(variable: CelType & { kind: "variable" }, type: CelType): boolean {
    const last = this.#end(variable);
    const bound = this.#bound.get(last.id);
    if (bound === undefined) return this.#bind(last, type);
    const both = this.#join(bound, type);
    if (both === undefined) return false;
    this.#set(last.id, both);
    return true;
  }

  /** The last of a chain of variables. */
  #end(variable: CelType & { kind: "variable" }): CelType & { kind: "variable" } {
    const next = this.#bound.get(variable.id);
    return next?.kind === "variable" ? this.#end(next) : variable;
  }

  #bind(variable: CelType & { kind: "variable" }, type: CelType): boolean {
    const found = this.shallow(type);
    if (found.kind === "variable" && found.id === variable.id) return true;
    if (this.#occurs(variable.id, found)) return false;
    this.#set(variable.id, found);
    return true;
  }

  #occurs(id: number, type: CelType): boolean {
    const found = this.shallow(type);
    if (found.kind === "variable") return found.id === id;
    let occurs = false;
    mapParts(found, (part) => {
      occurs ||= this.#occurs(id, part);
      return part;
    });
    return occurs;
  }

  /** The more general of two types that fit each other; undefined where they do not. */
  join(a: CelType, b: CelType): CelType | undefined {
    let joined: CelType | undefined;
    this.attempt(() => {
      joined = this.#join(a, b);
      return joined !== undefined;
    });
    return joined;
  }

  #join(first: CelType, second: CelType): CelType | undefined {
    const a = this.shallow(first);
    const b = this.shallow(second);
    if (a.kind === "variable") return this.#bind(a, b) ? b : undefined;
    if (b.kind === "variable") return this.#bind(b, a) ? a : undefined;
    if (isOpen(a)) return a;
    if (isOpen(b)) return b;
    if (a.kind === "null" && isNullable(b)) return b;
    if (b.kind === "null" && isNullable(a)) return a;
    if (a.kind === "wrapper" || b.kind === "wrapper") {
      const of = this.#join(a.kind === "wrapper" ? a.of : a, b.kind === "wrapper" ? b.of : b);
      return of === undefined ? undefined : { kind: "wrapper", of };
    }
    if (a.kind === "enum" && b.kind === "string") return b;
    if (a.kind === "string" && b.kind === "enum") return a;
    const parts: CelType[] = [];
    const fit = this.#parts(a, b, (x, y) => {
      const part = this.#join(x, y);
      if (part !== undefined) parts.push(part);
      return part !== undefined;
    });
    return fit ? mapParts(a, () => parts.shift()!) : undefined;
  }

  /** Whether two types are of one kind, and their parts fit pairwise. */
  #parts(a: CelType, b: CelType, fit: (a: CelType, b: CelType) => boolean): boolean {
    if (a.kind === "message" && b.kind === "message") return a.message.typeName === b.message.typeName;
    if (a.kind === "enum" && b.kind === "enum") return a.enum.typeName === b.enum.typeName;
    if (a.kind === "list" && b.kind === "list") return fit(a.element, b.element);
    if (a.kind === "map" && b.kind === "map") return fit(a.key, b.key) && fit(a.value, b.value);
    // All types are values of one type.
    if (a.kind === "type" && b.kind === "type") return fit(a.of, a.of);
    if (a.kind === "opaque" && b.kind === "opaque") {
      const { params } = b;
      if (a.name !== b.name || a.params.length !== params.length) return false;
      return a.params.every((part, i) => fit(part, params[i]!));
    }
    return a.kind === b.kind;
  }
}

/** Types that fit everywhere. */
export function isOpen(type: CelType): boolean {
  return type.kind === "dyn" || type.kind === "error";
}

/** Types that null is a value of. */
function isNullable(type: CelType): boolean {
  return ["message", "timestamp", "duration", "wrapper", "opaque"].includes(type.kind);
}

/** A type with other parts: those of a list, map, wrapper, type or opaque type. */
export function mapParts(type: CelType, change: (part: CelType) => CelType): CelType {
  switch (type.kind) {
    case "list":
      return { kind: "list", element: change(type.element) };
    case "map":
      return { kind: "map", key: change(type.key), value: change(type.value) };
    case "wrapper":
      return { kind: "wrapper", of: change(type.of) };
    case "type":
      return { kind: "type", of: change(type.of) };
    case "opaque":
      return { ...type, params: type.params.map(change) };
    default:
      return type;
  }
}
