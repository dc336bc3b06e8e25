import { fieldName, type Message } from "../../source/model.js";
import type {
  CallPlan,
  FieldPolicyPlan,
  Guards,
  JoinPlan,
  MethodPlan,
  MethodResolverPlan,
  ResolverPlan,
  Translator,
  UpstreamMethod,
  Value,
} from "../types.js";
import {
  type Around,
  answererOf,
  givenFields,
  isWellKnown,
  nameOfRead,
  valuesGiven,
  valuesRead,
} from "../values/values-read.js";
import { neededJoins, readsOfField, translatorsIn, valuesIn } from "../walk.js";

/** One way on which a value gets from an internal field to a public one, or from a public field to an internal one. */
export interface Flow {
  /** "readable": clients see the internal field; "writable": what they send gets there. */
  readonly kind: "readable" | "writable";
  /** Full names of fields. */
  readonly public: string;
  readonly internal: string;
  /** The internal method that answers with the value, or that it is sent to; undefined: a resolver makes it. */
  readonly through: UpstreamMethod | undefined;
  /** The hand-written function that gets the value, and may let it out or in. */
  readonly resolver?: string;
  /** Who may have or set the field, beside who may call the method: all of these have to admit. */
  readonly allow: readonly FieldPolicyPlan[];
}

/** All ways on which a public method lets values in and out. */
export function flowsOf(method: MethodPlan): Flow[] {
  const walk = new FlowWalk(method);
  for (const { request, nextRequest, method: to } of method.calls) {
    walk.writes(request, to, true, []);
    if (nextRequest !== undefined) walk.writes(nextRequest, to, true, []);
  }
  const here = method.calls.find((call) => call.unnamed)?.method;
  if (method.resolver !== undefined) walk.made(method.resolver);
  walk.reads(method.translator, { here, outer: undefined }, []);
  return walk.flows;
}

const METHODS = {
  call: ({ method }: CallPlan) => method,
  join: ({ lookup }: JoinPlan) => lookup.method,
};

class FlowWalk {
  readonly flows: Flow[] = [];
  readonly #seen = new Map<Translator, Set<string>>();
  readonly #ids = new Map<FieldPolicyPlan, number>();

  readonly guards: Guards;

  constructor(readonly method: MethodPlan) {
    this.guards = method.guards;
  }

  /** The fields of a message that clients get, and who answered with what it is made from. */
  reads(translator: Translator, around: Around<UpstreamMethod>, allow: readonly FieldPolicyPlan[]): void {
    if (!this.#isNew(translator, `${nameOf(around.here)} ${nameOf(around.outer?.here)}`, allow)) return;
    for (const field of translator.fields) {
      const { target, value, conversion, allow: own } = field;
      const all = own === undefined ? allow : union(allow, [own]);
      // What decides whether, which and in what order shows in what is there.
      const name = fieldName(target.at(-1)!);
      const resolver = value.root.kind === "join" ? value.root.join.lookup.resolver : undefined;
      const said = conversion.kind === "resolved" ? valuesRead(value) : readsOfField(field);
      for (const read of [...said, ...this.#conditions(said, around)]) {
        const through = answererOf(read, around, METHODS);
        if (through !== undefined)
          this.#add("readable", name, nameOfRead(read), through, all, resolver?.name);
      }
      if (resolver !== undefined) {
        this.#resolved(name, resolver.name, all);
        this.#calls(name, resolver, all);
      }
      for (const here of this.#answerers(value, around))
        for (const inner of translatorsIn(conversion)) this.reads(inner, { here, outer: around }, all);
    }
    for (const join of neededJoins(translator)) this.#asks(join);
  }

  /** What decides whether the calls are made that the values come from: that they are there shows it. */
  #conditions(values: readonly Value[], { here }: Around<UpstreamMethod>): readonly Value[] {
    const calls = values.flatMap(({ root }) => {
      if (root.kind === "call") return [root.call];
      return root.kind === "source"
        ? this.method.calls.filter((call) => call.unnamed && call.method === here)
        : [];
    });
    return [...new Set(calls)].flatMap(({ when }) => when?.reads ?? []);
  }

  /** What the function of a method makes, and what it makes that of: it may let out all that it gets. */
  made(resolver: MethodResolverPlan): void {
    const { response } = this.method;
    this.#madeFields(response, resolver, []);
    for (const { call, expression } of resolver.reads)
      for (const read of valuesGiven(expression))
        this.#add("readable", response.typeName, nameOfRead(read), call.method, [], resolver.name);
    this.#calls(response.typeName, resolver, []);
    this.#sets(resolver);
  }

  #madeFields(message: Message, resolver: MethodResolverPlan, allow: readonly FieldPolicyPlan[]): void {
    const how = `${message.typeName} ${allow.map((policy) => this.#idOf(policy)).sort()}`;
    if (this.#made.has(how)) return;
    this.#made.add(how);
    for (const field of message.fields) {
      const own = resolver.guards.get(field);
      const all = own === undefined ? allow : union(allow, [own]);
      if (field.desc !== undefined) this.#resolved(fieldName(field), resolver.name, all);
      if (field.type.kind === "message" && !isWellKnown(field.type.message.typeName))
        this.#madeFields(field.type.message, resolver, all);
    }
  }

  readonly #made = new Set<string>();

  /** What a function makes: nobody knows of what. */
  #resolved(name: string, resolver: string, allow: readonly FieldPolicyPlan[]): void {
    const made = `resolver ${resolver}`;
    this.flows.push({ kind: "readable", public: name, internal: made, through: undefined, resolver, allow });
  }

  /** What a function may call: all of the answer may come out, and all that the client says may go in. */
  #calls(
    name: string,
    { name: resolver, mayCall }: Pick<ResolverPlan, "name" | "mayCall">,
    allow: readonly FieldPolicyPlan[],
  ): void {
    const request = this.method.request.typeName;
    for (const method of mayCall) {
      for (const field of givenFields(method.output))
        this.#add("readable", name, fieldName(field), method, allow, resolver);
      for (const field of givenFields(method.input))
        this.#add("writable", request, fieldName(field), method, allow, resolver);
    }
  }

  /** Who answered with a value: of one that is computed, whoever answered with something that it may be. */
  #answerers(value: Value, around: Around<UpstreamMethod>): ReadonlySet<UpstreamMethod | undefined> {
    const { root } = value;
    const isMixed = root.kind === "expression" && root.expression.origin === undefined;
    const all = (isMixed ? root.expression.reads : [value]).map((read) => answererOf(read, around, METHODS));
    return new Set(all);
  }

  /** What clients say in the requests of a join. */
  #asks({ key, lookup }: JoinPlan): void {
    key.forEach((value, index) => {
      const target = lookup.ask[index]?.at(-1);
      if (target === undefined) return;
      for (const read of valuesIn(value))
        if (read.root.kind === "request") this.#write(read, fieldName(target), lookup.method, []);
    });
    if (lookup.set !== undefined) this.writes(lookup.set, lookup.method, false, []);
    this.#sets(lookup.resolver);
  }

  #sets(resolver: Pick<ResolverPlan, "sets"> | undefined): void {
    for (const { method, request } of resolver?.sets ?? []) this.writes(request, method, false, []);
  }

  /** The fields of a request to `to`; `isPublic`: the message that it is made from is the client's. */
  writes(
    translator: Translator,
    to: UpstreamMethod,
    isPublic: boolean,
    allow: readonly FieldPolicyPlan[],
  ): void {
    if (!this.#isNew(translator, `${nameOf(to)} ${isPublic}`, allow)) return;
    const isClients = ({ root }: Value) => root.kind === "request" || (root.kind === "source" && isPublic);
    for (const { target, value, conversion } of translator.fields) {
      for (const read of valuesIn(value))
        if (isClients(read))
          this.#write(read, fieldName(target.at(-1)!), to, read.root.kind === "source" ? allow : []);
      const inside = valuesIn(value).some(isClients);
      for (const inner of translatorsIn(conversion))
        this.writes(inner, to, inside, union(allow, this.#guardsOf(value)));
    }
  }

  /** `allow`: of the messages that the field which is read stands in. */
  #write(read: Value, internal: string, through: UpstreamMethod, allow: readonly FieldPolicyPlan[]): void {
    this.#add("writable", nameOfRead(read), internal, through, union(allow, this.#guardsOf(read)));
  }

  #guardsOf({ path }: Value): FieldPolicyPlan[] {
    return path.flatMap((field) => this.guards.get(field) ?? []);
  }

  #add(
    kind: Flow["kind"],
    name: string,
    internal: string,
    through: UpstreamMethod,
    allow: readonly FieldPolicyPlan[],
    resolver?: string,
  ): void {
    if (isWellKnown(internal)) return;
    this.flows.push({ kind, public: name, internal, through, allow, ...(resolver && { resolver }) });
  }

  #isNew(translator: Translator, through: string, allow: readonly FieldPolicyPlan[]): boolean {
    const how = [through, ...allow.map((policy) => this.#idOf(policy)).sort()].join(" ");
    const known = this.#seen.get(translator) ?? new Set();
    this.#seen.set(translator, known);
    const isNew = !known.has(how);
    known.add(how);
    return isNew;
  }

  #idOf(policy: FieldPolicyPlan): number {
    const id = this.#ids.get(policy) ?? this.#ids.size;
    this.#ids.set(policy, id);
    return id;
  }
}

function nameOf(method: UpstreamMethod | undefined): string {
  return method === undefined ? "" : `${method.service}/${method.name}`;
}

function union(
  some: readonly FieldPolicyPlan[],
  others: readonly FieldPolicyPlan[],
): readonly FieldPolicyPlan[] {
  return [...new Set([...some, ...others])];
}
