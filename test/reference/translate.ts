import type { ReflectList, ReflectMap, ReflectMessage } from "@bufbuild/protobuf/reflect";
import { Code, type Principal } from "@portico/runtime";
import type {
  CallPlan,
  Conversion,
  EnsurePlan,
  Expression,
  FieldPlan,
  JoinPlan,
  Root,
  Translator,
  Value,
} from "../../plugin/src/plan/types.js";
import type { Field } from "../../plugin/src/source/model.js";
import { type Converter, converted } from "./convert.js";
import { Malformed } from "./cursor.js";
import { Absent, type Computed, evaluate, NoValue, written } from "./expression.js";
import { Failure, invalid, outcomeOf } from "./failure.js";
import type { Joins } from "./joins.js";
import { isLeftOut } from "./left-out.js";
import { joinsToRun, type Seen } from "./needed.js";
import { type Entry, elements, empty, type Holder, has, holderOf, read } from "./object.js";
import { surroundings } from "./policy.js";
import { checkText, isZero, zeroOf } from "./scalar.js";
import type { Site } from "./sites.js";

/** What values are read from. */
export interface Names {
  /** The message that the translator reads. */
  readonly source: Holder | undefined;
  /** Who is to blame for what is malformed in it. */
  readonly origin: "client" | "upstream";
  readonly request: ReflectMessage;
  /** The source of the message around the one that is written. */
  readonly parent?: Holder;
  /** The calls that have answered. */
  readonly calls: ReadonlyMap<CallPlan, ReflectMessage>;
  readonly principal: Principal | undefined;
  readonly joins: Joins;
  readonly seen: Seen;
  /** Whether a condition on the request, and on who asks, holds. */
  readonly holds: (condition: Expression) => boolean;
  /** Notes that an error was let pass. */
  readonly degrade: (join: JoinPlan, site: Site, owner: Translator) => void;
}

/**
 * Writes one message from another, field by field; undefined where a join drops it. `excluded` are paths of the target
 * that somebody else writes.
 */
export function translate(
  translator: Translator,
  names: Names,
  excluded: ReadonlyArray<readonly Field[]> = [],
  /** Of a response: conditions on what its joins found. */
  ensures: readonly EnsurePlan[] = [],
): ReflectMessage | undefined {
  return new Translation(translator, names, excluded).run(ensures);
}

/** Where expressions of a method stand that belong to no message. */
export function aside(translator: Translator, names: Names): Translation {
  return new Translation(translator, names, []);
}

class Translation {
  readonly #target: ReflectMessage;
  readonly #rows = new Map<JoinPlan, readonly Holder[]>();
  /** Joins of which a call failed, which is let pass. */
  readonly #unknown = new Set<JoinPlan>();
  /** The members of oneofs that have been written, by the path to the oneof. */
  readonly #taken = new Map<string, Field>();

  constructor(
    readonly translator: Translator,
    readonly names: Names,
    readonly excluded: ReadonlyArray<readonly Field[]>,
  ) {
    this.#target = empty(translator.target.desc!);
  }

  run(ensures: readonly EnsurePlan[]): ReflectMessage | undefined {
    const { translator, names } = this;
    let keep = true;
    for (const join of joinsToRun(translator, names.seen)) {
      const isAsked = join.when === undefined || this.holds(join.when);
      const { found, missing, failed } = isAsked
        ? names.joins.find(
            join,
            {
              roots: (root) => this.#roots(root, true),
              compute: (key) => this.#value(key),
              holds: names.holds,
            },
            names,
          )
        : { found: [], missing: true, failed: undefined };
      this.#rows.set(join, found);
      // Nobody knows what is missing.
      if (failed === "drop") keep = false;
      if (failed === "empty") names.degrade(join, names.seen.site, translator);
      if (failed !== undefined) {
        this.#unknown.add(join);
        continue;
      }
      if (missing && join.onMissing === "drop") keep = false;
      if (missing && join.onMissing === "fail") throw new Failure(Code.NOT_FOUND, `no row of ${join.name}`);
    }
    for (const ensure of ensures) this.ensure(ensure);
    for (const plan of translator.fields) {
      if (this.excluded.some((path) => startsWith(plan.target, path))) continue;
      if (plan.allow !== undefined && !names.seen.may(plan.allow)) continue;
      if (translator.direction === "response" && isLeftOut(translator, plan, names.seen)) continue;
      try {
        if (plan.when === undefined || this.holds(plan.when)) this.#field(plan);
      } catch (error) {
        if (error instanceof Absent) continue;
        if (error instanceof NoValue) throw new Failure(this.#failed(), error.message);
        if (!(error instanceof Malformed)) throw error;
        throw this.#origin(plan.value.root) === "client"
          ? invalid(error.message)
          : new Failure(Code.INTERNAL, error.message);
      }
    }
    return keep ? this.#target : undefined;
  }

  /** Denies where a condition is not true, whatever goes wrong in it. */
  ensure({ that, code, message, after }: EnsurePlan): void {
    let holds: Computed = false;
    try {
      holds = this.#value(that, true);
    } catch (error) {
      if (!(error instanceof NoValue)) throw error;
    }
    if (holds === true) return;
    const [call] = after;
    // Who is turned away is told what who asks for nothing is told.
    const isFound = code === "NOT_FOUND" && message === undefined && call !== undefined;
    const told = isFound ? outcomeOf(call.onError, Code.NOT_FOUND, this.names.holds).code : undefined;
    throw new Failure(told ?? Code[code as keyof typeof Code], `not so: ${that.text}`);
  }

  #failed(): Code {
    return this.translator.direction === "request" ? Code.INVALID_ARGUMENT : Code.INTERNAL;
  }

  /** What an expression gives. */
  #value(expression: Expression, strict = false): Computed {
    const rootOf = ({ root }: Value): Computed => {
      if (root.kind === "surroundings") return surroundings(root, this.names.principal);
      const all = this.#roots(root);
      if (root.kind === "join" && this.#unknown.has(root.join) && root.join.use === "many")
        throw new Absent("a join that failed");
      return root.kind === "join" && root.join.use === "many" ? all : (all[0] ?? null);
    };
    return evaluate(expression, rootOf, strict);
  }

  /** Whether a condition is true; one that reads what is not there is not. */
  holds(condition: Expression): boolean {
    try {
      return this.#value(condition) === true;
    } catch (error) {
      if (error instanceof Absent) return false;
      if (error instanceof NoValue) throw new Failure(this.#failed(), error.message);
      throw error;
    }
  }

  #origin(root: Root): Names["origin"] {
    return root.kind === "source" ? this.names.origin : root.kind === "request" ? "client" : "upstream";
  }

  /** What a root stands for: a message, none, or all found rows of a join that is used as a list. */
  #roots(root: Root, single = false): readonly Holder[] {
    const { names } = this;
    switch (root.kind) {
      case "source":
        return names.source === undefined ? [] : [names.source];
      case "request":
        return [names.request];
      case "call": {
        const reply = names.calls.get(root.call);
        return reply === undefined ? [] : [reply];
      }
      case "join": {
        const rows = this.#rows.get(root.join) ?? [];
        return root.join.use === "many" && !single ? rows : rows.slice(0, 1);
      }
      case "auth":
        return [];
      case "this":
        // Fields stand behind those that they read.
        return [this.#target];
      case "parent":
        return names.parent === undefined ? [] : [names.parent];
      default:
        throw new Error(`${root.kind} is not read by the reference`);
    }
  }

  #field(plan: FieldPlan): void {
    const { conversion, value } = plan;
    const target = plan.target.at(-1)!;
    if (conversion.kind === "auth") {
      const claim = claimOf(this.names.principal, value.root);
      if (claim !== undefined) this.#put(plan.target, claim);
      else if (this.translator.direction === "request") throw denial(this.names.principal);
      return;
    }
    if (value.root.kind === "expression") {
      this.#computed(plan, this.#value(value.root.expression));
      return;
    }
    if (plan.selection !== undefined) {
      this.#computed(plan, this.#value(plan.selection));
      return;
    }
    const roots = this.#roots(value.root);
    if (target.cardinality === "map") this.#map(plan, conversion as Conversion & { kind: "map" }, roots[0]);
    else if (target.cardinality === "repeated") {
      const list = roots.flatMap((root) => this.#elements(plan, root));
      const written = list.map((value) => this.#convert(value, plan)).filter((value) => value !== undefined);
      // Around what was left out there is a message all the same.
      if (list.length > 0) this.#put(plan.target, written);
    } else this.#singular(plan, roots[0]);
  }

  /** A field that an expression gives: a value, a list of them, or messages that it selects. */
  #computed(plan: FieldPlan, result: Computed): void {
    const { conversion } = plan;
    const target = plan.target.at(-1)!;
    const one = (value: Computed): unknown => {
      if (conversion.kind !== "computed") return this.#convert(value, plan);
      const inner = target.type.kind === "message" ? empty(target.type.message.desc!) : undefined;
      return written(value, conversion.as, inner);
    };
    if (result === null) return;
    if (target.cardinality === "repeated" && Array.isArray(result)) {
      if (result.length > 0)
        this.#put(
          plan.target,
          result.map(one).filter((value) => value !== undefined),
        );
    } else {
      const value = one(result);
      if (value === undefined) return;
      this.#put(plan.target, target.cardinality === "repeated" ? [value] : value);
    }
  }

  #elements({ value: { path } }: FieldPlan, root: Holder): unknown[] {
    const last = path.at(-1);
    if (last === undefined) return [root];
    const holder = holderOf(root, path);
    if (holder === undefined) return [];
    if (last.cardinality === "repeated") return elements(holder, last);
    return has(holder, last) ? [read(holder, last)] : [];
  }

  #singular(plan: FieldPlan, root: Holder | undefined): void {
    const { path } = plan.value;
    const last = path.at(-1);
    const holder = root === undefined ? undefined : holderOf(root, path);
    if (last === undefined ? root !== undefined : holder !== undefined && has(holder, last)) {
      // Of a oneof whose members come from different places, the first that is there.
      if (!this.#take(plan.target)) return;
      const result = this.#convert(last === undefined ? root : read(holder!, last), plan);
      this.#put(plan.target, result);
      return;
    }
    const target = plan.target.at(-1)!;
    if (target.presence === "required" && plan.target.length === 1) {
      const zero = last?.presence === "implicit" ? this.#defaultOf(last, plan) : undefined;
      if (zero === undefined) throw new Malformed("a required field is not set");
      this.#put(plan.target, zero);
    } else if (target.presence === "implicit" && last !== undefined && root !== undefined) {
      // A field without presence holds its source's default.
      const value = this.#defaultOf(last, plan);
      if (value !== undefined && !isZero(value)) this.#put(plan.target, value);
    }
  }

  /** What a field that is not set has; undefined where that has no counterpart. */
  #defaultOf(field: Field, { conversion }: FieldPlan): unknown {
    if (conversion.kind === "enum") {
      const { desc } = field;
      const said = desc?.fieldKind === "enum" ? desc.getDefaultValue() : undefined;
      const number = said ?? conversion.map.from.values[0]!.number;
      return conversion.map.numbers.find(([from]) => from === number)?.[1];
    }
    if (conversion.kind !== "scalar" || field.desc?.fieldKind !== "scalar") return undefined;
    const value = field.desc.getDefaultValue() ?? zeroOf(field.desc.scalar);
    return converted(value, conversion, this.#converter(undefined, undefined));
  }

  #map(plan: FieldPlan, conversion: Conversion & { kind: "map" }, root: Holder | undefined): void {
    const { path } = plan.value;
    const holder = root === undefined ? undefined : holderOf(root, path);
    if (holder === undefined) return;
    const entries: Array<[unknown, unknown]> = [];
    const scalar = (field: Field) => (field.type.kind === "scalar" ? field.type.scalar : "int32");
    const keys = { kind: "scalar", from: scalar(conversion.keyFrom), to: scalar(conversion.keyTo) } as const;
    const all = elements(holder, path.at(-1)!) as Entry[];
    for (const { key, value } of all) {
      const content = converted(value, conversion.value, this.#converter(conversion.to, plan));
      if (content !== undefined)
        entries.push([converted(key, keys, this.#converter(conversion.keyTo, plan)), content]);
    }
    // Around entries that were left out there is a message all the same.
    if (all.length > 0) this.#put(plan.target, entries);
  }

  #convert(value: unknown, plan: FieldPlan): unknown {
    // What stands below this message and has a value of its own is not taken from here.
    const below = this.translator.fields
      .filter((other) => other !== plan && startsWith(other.target, plan.target))
      .map((other) => other.target);
    const excluded = [...this.excluded, ...below]
      .filter((path) => startsWith(path, plan.target))
      .map((path) => path.slice(plan.target.length));
    return converted(value, plan.conversion, this.#converter(plan.target.at(-1)!, plan, excluded));
  }

  #converter(
    target: Field | undefined,
    plan: FieldPlan | undefined,
    excluded: ReadonlyArray<readonly Field[]> = [],
  ): Converter {
    const origin = plan === undefined ? this.names.origin : this.#origin(plan.value.root);
    return {
      text: (text) => (target?.utf8 ? checkText(text) : text),
      message: target?.type.kind === "message" ? target.type.message.desc : undefined,
      isClients: origin === "client",
      translate: (translator, source) => translate(translator, this.#inside(source, origin, plan), excluded),
    };
  }

  #inside(source: Holder, origin: Names["origin"], plan: FieldPlan | undefined): Names {
    const { source: parent, seen, ...names } = this.names;
    const root = plan?.value.root;
    const site =
      root?.kind === "join" && plan!.inWalk !== true
        ? seen.site.inside(this.translator, root.join, plan!)
        : seen.site;
    return { ...names, source, origin, seen: { ...seen, site }, ...(parent && { parent }) };
  }

  /** Whether a path may be written: false if another member of one of its oneofs is there. */
  #take(path: readonly Field[]): boolean {
    let at = "";
    for (const field of path) {
      if (field.oneof !== undefined) {
        const key = `${at} ${field.oneof.name}`;
        const before = this.#taken.get(key);
        if (before !== undefined && before !== field) return false;
        this.#taken.set(key, field);
      }
      at += `.${field.number}`;
    }
    return true;
  }

  /**
   * Sets a field of the target, or of a message inside it; a list and a map as their elements. Undefined is what was
   * left out: the message around it is there all the same.
   */
  #put(path: readonly Field[], value: unknown): void {
    if (!this.#take(path)) return;
    const put = (holder: ReflectMessage, [field, ...rest]: readonly Field[]): void => {
      const desc = field!.desc!;
      if (rest.length > 0) {
        const inner = holder.isSet(desc) ? (holder.get(desc) as ReflectMessage) : empty(inside(field!));
        put(inner, rest);
        holder.set(desc, inner);
      } else if (value === undefined) return;
      else if (field!.cardinality === "repeated") {
        for (const element of value as unknown[]) (holder.get(desc) as ReflectList).add(element as never);
      } else if (field!.cardinality === "map") {
        for (const [key, content] of value as Array<[never, never]>)
          (holder.get(desc) as ReflectMap).set(key, content);
      } else if (field!.type.kind === "message" && holder.isSet(desc)) {
        // What a `set` has put into it stays.
        holder.set(desc, merged(holder.get(desc) as ReflectMessage, value as ReflectMessage));
      } else holder.set(desc, value as never);
    };
    put(this.#target, path);
  }
}

function inside(field: Field) {
  if (field.type.kind !== "message") throw new Error(`${field.name} is no message`);
  return field.type.message.desc!;
}

/** Two messages that have no field in common. */
function merged(into: ReflectMessage, from: ReflectMessage): ReflectMessage {
  for (const field of from.desc.fields) {
    if (!from.isSet(field)) continue;
    const value: unknown = from.get(field);
    if (field.fieldKind === "message" && into.isSet(field))
      into.set(field, merged(into.get(field), value as ReflectMessage));
    else if (field.fieldKind === "list")
      for (const element of value as ReflectList) into.get(field).add(element as never);
    else if (field.fieldKind === "map")
      for (const [key, content] of value as ReflectMap) into.get(field).set(key, content as never);
    else into.set(field, value as never);
  }
  return into;
}

function startsWith(path: readonly Field[], prefix: readonly Field[]): boolean {
  return prefix.every((field, i) => path[i] === field);
}

/** What the credentials say; undefined where they do not. */
export function claimOf(principal: Principal | undefined, root: Root): string | undefined {
  if (root.kind !== "auth" || principal === undefined) return undefined;
  let value: unknown = root.claim.length === 0 ? principal.subject : principal.claims;
  for (const name of root.claim) value = new Map(Object.entries((value ?? {}) as object)).get(name);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A request without a value that the credentials have to give. */
export function denial(principal: Principal | undefined): Failure {
  return new Failure(
    principal === undefined ? Code.UNAUTHENTICATED : Code.PERMISSION_DENIED,
    "no such claim",
  );
}
