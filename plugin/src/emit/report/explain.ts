import { formulaText, mostCalls } from "../../plan/budget/budget-text.js";
import { methodName } from "../../plan/fields/may-call.js";
import type {
  CallPlan,
  EnsurePlan,
  FieldPlan,
  JoinPlan,
  MethodPlan,
  MethodResolverPlan,
  Plan,
  Root,
  Translator,
  UpstreamMethod,
  Value,
} from "../../plan/types.js";
import { type Around, answererOf, isWellKnown, nameOfRead } from "../../plan/values/values-read.js";
import { readsOfJoin, translatorsIn, valuesIn } from "../../plan/walk.js";
import type { Field, Message } from "../../source/model.js";
import { entryFields } from "../../source/shapes.js";
import { ownJoins } from "../analysis.js";
import { type Audience, audienceOf, both } from "./audience.js";
import { type ExplainedError, explainErrors } from "./explain-errors.js";

/** One public method: what it calls, in which order, how often, and where each field comes from. */
export interface Explained {
  /** "smpl.api.orders.v1.OrdersService/ListOrders" */
  readonly method: string;
  readonly kind: MethodPlan["kind"];
  readonly for: Audience;
  readonly timeoutMs: number;
  readonly steps: readonly ExplainedStep[];
  /** Conditions on what was loaded, and the code with which the method is denied where one does not hold. */
  readonly ensures: readonly ExplainedEnsure[];
  /**
   * How many upstream calls it makes: as a formula, and the most that it can come to; absent: a resolver may call, and only
   * the runtime's limits bound how often. `allowed`: what `max_calls` says.
   */
  readonly calls: { readonly formula: string; readonly most?: number; readonly allowed?: number };
  /** Every public field of the response, by its path. */
  readonly response: readonly ExplainedField[];
  /** Every field of an upstream request that something gives, by its path, with the step in front. */
  readonly requests: readonly ExplainedField[];
}

/** A call, a join, or a hand-written function: of a field, or that makes the response. */
export interface ExplainedStep {
  /** Its name, made unique. */
  readonly id: string;
  readonly kind: "call" | "join" | "resolver";
  readonly method: string;
  readonly effect: CallPlan["effect"];
  readonly timeoutMs?: number;
  /** Of a join, or of the function of a field: where in the public response its rows are; "" for the response itself. */
  readonly at?: readonly string[];
  /** Of a join: what is matched. */
  readonly keys?: readonly ExplainedKey[];
  /** The condition under which it runs. */
  readonly when?: string;
  /** Of a join: how many keys go in a call; 1: each costs a call; absent: the keys are not sent. */
  readonly keysPerCall?: number;
  readonly onMissing?: JoinPlan["onMissing"];
  /** The rows that it may find, or of a call that its response may have. */
  readonly maxRows?: number;
  /** What becomes of its errors, where that is said. */
  readonly onError?: readonly ExplainedError[];
  /** Of a resolver: the internal methods that it may call. */
  readonly mayCall?: readonly string[];
  /** The steps that must have answered before it starts. */
  readonly waitsFor: readonly string[];
}

/** A condition on what was loaded. */
export interface ExplainedEnsure {
  readonly that: string;
  /** With which the method is denied where it does not hold, and with which text, if that is said. */
  readonly code: string;
  readonly message?: string;
  /** The steps that must have answered before it is looked at. */
  readonly waitsFor: readonly string[];
}

/** A part of a key: from the row, into the request, and where it stands in the reply. */
export interface ExplainedKey {
  readonly row: string;
  readonly request?: string;
  readonly response?: string;
}

export interface ExplainedField {
  readonly path: string;
  readonly from: readonly Origin[];
  /** How it is computed from them, where it is not just the one. */
  readonly expression?: string;
  /** The hand-written function that makes it of them. */
  readonly resolver?: string;
  /** The condition under which it is there. */
  readonly when?: string;
  /** Who may have it, or set it, beside who may call the method. */
  readonly allow?: Audience;
  /** The message stands further out already: its fields are those that are told there. */
  readonly recursive?: true;
}

/** What a field is made from: of a step's reply, or what there is beside them. */
export interface Origin {
  /** The step; or "request", "this" (the message that is written), "auth", "metadata", "config". */
  readonly step: string;
  /** From what the step found. */
  readonly path: string;
  /** The full name of the internal field; of a request's, the public one. */
  readonly field?: string;
}

// Messages in messages can make more paths than anybody reads.
const MAX_FIELDS = 5_000;

/** Explains all methods of a plan, in its order. */
export function explain(plan: Plan): Explained[] {
  return plan.files.flatMap(({ methods }) => methods.map((method) => new Explainer(method).explain()));
}

type Draft = { -readonly [K in keyof ExplainedStep]: ExplainedStep[K] } & {
  readonly waits: Set<string>;
  readonly places: Set<string>;
};

class Explainer {
  readonly #steps: Draft[] = [];
  readonly #ids = new Set<string>(["request", "response", "this", "auth", "metadata", "config"]);
  readonly #calls = new Map<CallPlan, Draft>();
  readonly #joins = new Map<JoinPlan, Map<Draft | undefined, Draft>>();
  readonly #response: ExplainedField[] = [];
  readonly #requests: ExplainedField[] = [];

  constructor(readonly plan: MethodPlan) {}

  explain(): Explained {
    const { plan } = this;
    for (const call of plan.calls) this.#calls.set(call, this.#addStep(call.name, "call", call.method, call));
    for (const [call, step] of this.#calls) {
      for (const before of call.after) step.waits.add(this.#calls.get(before)!.id);
      if (call.when !== undefined) step.when = call.when.text;
      step.maxRows = call.maxRows;
      if (call.onError.length > 0) step.onError = explainErrors(call.onError);
      this.#requestFields(call.request, step.id);
    }
    const unnamed = plan.calls.find((call) => call.unnamed);
    if (plan.resolver !== undefined) this.#resolved(plan.resolver);
    this.#walk(plan.translator, "", { here: unnamed && this.#calls.get(unnamed), outer: undefined }, []);
    const ensures = plan.ensures.map((ensure) => this.#ensure(ensure));
    const most = mostCalls(plan.budget, plan.maxCalls);
    return {
      method: `${plan.service.typeName}/${plan.desc.name}`,
      kind: plan.kind,
      for: audienceOf(plan.policy),
      timeoutMs: plan.timeoutMs,
      steps: this.#steps.map(({ waits, places, ...step }) => ({
        ...step,
        ...(places.size > 0 && { at: [...places] }),
        waitsFor: [...waits],
      })),
      ensures,
      calls: {
        formula: formulaText(plan.budget),
        ...(most !== undefined && { most }),
        ...(plan.maxCalls !== undefined && { allowed: plan.maxCalls }),
      },
      response: this.#response,
      requests: this.#requests,
    };
  }

  /** A condition; what is written waits for it, unless it needs the result. */
  #ensure({ that, code, message, after, joins }: EnsurePlan): ExplainedEnsure {
    const reads = [
      ...[...after].map((call) => this.#calls.get(call)!),
      ...[...joins].map((join) => this.#joins.get(join)!.get(undefined)!),
    ];
    const needs = new Set(reads.map(({ id }) => id));
    for (const id of needs)
      for (const before of this.#steps.find((step) => step.id === id)!.waits) needs.add(before);
    for (const [call, step] of this.#calls)
      if (call.effect !== "READ" && !needs.has(step.id)) for (const { id } of reads) step.waits.add(id);
    const waitsFor = reads.map(({ id }) => id);
    return { that: that.text, code, ...(message !== undefined && { message }), waitsFor };
  }

  #addStep(
    name: string,
    kind: ExplainedStep["kind"],
    method: UpstreamMethod,
    { timeoutMs, ...own }: { effect?: CallPlan["effect"]; timeoutMs: number | undefined },
  ): Draft {
    let id = name;
    for (let n = 2; this.#ids.has(id); n++) id = `${name} ${n}`;
    this.#ids.add(id);
    const step: Draft = {
      id,
      kind,
      // A resolver is no method of a service.
      method: method.service === "" ? method.name : `${method.service}/${method.name}`,
      effect: own.effect ?? method.effect,
      ...(timeoutMs !== undefined && { timeoutMs }),
      waitsFor: [],
      waits: new Set(),
      places: new Set(),
    };
    this.#steps.push(step);
    return step;
  }

  /** What a function makes of what all calls answered: every field may be of anything. */
  #resolved({ name, mayCall }: MethodResolverPlan): void {
    const { request: input, response, desc } = this.plan;
    const method: UpstreamMethod = {
      service: "",
      name: `resolver ${name}`,
      kind: desc.methodKind,
      effect: mayCall.every(({ effect }) => effect === "READ") ? "READ" : "WRITE",
      input,
      output: response,
    };
    const step = this.#addStep(name, "resolver", method, { timeoutMs: undefined });
    for (const { id } of this.#calls.values()) step.waits.add(id);
    if (mayCall.length > 0) step.mayCall = mayCall.map(methodName);
    this.#made(response, "", name, []);
  }

  #made(message: Message, path: string, resolver: string, above: readonly Message[]): void {
    for (const field of message.fields) {
      if (this.#response.length >= MAX_FIELDS) return;
      const name = dotted(path, [field]);
      const { type } = field.cardinality === "map" ? entryFields(field)[1] : field;
      const inner = type.kind === "message" && !isWellKnown(type.message.typeName) ? type.message : undefined;
      const isRecursive = inner !== undefined && (inner === message || above.includes(inner));
      const allow = this.plan.resolver?.guards.get(field);
      this.#response.push({
        path: name,
        from: [],
        resolver,
        ...(allow !== undefined && { allow: audienceOf(allow) }),
        ...(isRecursive && { recursive: true }),
      });
      if (inner !== undefined && !isRecursive) this.#made(inner, name, resolver, [...above, message]);
    }
  }

  /** The fields of a message at `path` of the response, made from what is around. */
  #walk(translator: Translator, path: string, around: Around<Draft>, above: readonly Translator[]): void {
    const of = {
      call: (call: CallPlan) => this.#calls.get(call),
      join: (join: JoinPlan) => this.#join(join, path, around.here),
    };
    for (const join of ownJoins(translator)) of.join(join);
    for (const plan of translator.fields) {
      if (this.#response.length >= MAX_FIELDS) return;
      const name = dotted(path, plan.target);
      const inner = translatorsIn(plan.conversion);
      const isRecursive = inner.some((one) => one === translator || above.includes(one));
      const { root } = plan.value;
      const resolver = root.kind === "join" ? root.join.lookup.resolver : undefined;
      const reads =
        resolver === undefined ? valuesIn(plan.value) : readsOfJoin((root as Root & { kind: "join" }).join);
      const from = reads.map((read) => originOf(read, answererOf(read, around, of)?.id));
      this.#response.push({
        path: name,
        from,
        ...(resolver && { resolver: resolver.name }),
        ...saidOf(plan),
        ...(isRecursive && { recursive: true }),
      });
      if (isRecursive) continue;
      const inside = { here: answererOf(plan.value, around, of), outer: around };
      for (const one of inner.filter(({ target }) => !isWellKnown(target.typeName))) {
        const isAny = plan.conversion.kind === "any";
        const place = isAny ? `${name}<${one.target.typeName}>` : name;
        this.#walk(one, place, inside, [...above, translator]);
      }
    }
  }

  /** The step of a join. On rows that another join found, it runs for these alone; else for all of its rows at once. */
  #join(join: JoinPlan, path: string, here: Draft | undefined): Draft {
    const outer = here !== undefined && here.kind !== "call" ? here : undefined;
    const known = this.#joins.get(join) ?? new Map<Draft | undefined, Draft>();
    this.#joins.set(join, known);
    const { lookup } = join;
    let step = known.get(outer);
    if (step === undefined) {
      const kind = lookup.resolver === undefined ? "join" : "resolver";
      step = this.#addStep(join.name, kind, lookup.method, lookup);
      known.set(outer, step);
      step.keys = join.key.map((value, i) => keyOf(join, value, i));
      if (lookup.mode !== "all" && lookup.resolver === undefined)
        step.keysPerCall = lookup.mode === "each" ? 1 : lookup.batchSize;
      step.onMissing = join.onMissing;
      if (lookup.resolver === undefined) step.maxRows = lookup.maxRows;
      if (join.onError.length > 0) step.onError = explainErrors(join.onError);
      const mayCall = lookup.resolver?.mayCall ?? [];
      if (mayCall.length > 0) step.mayCall = mayCall.map(methodName);
      for (const before of join.after) step.waits.add(this.#join(before, path, here).id);
      if (join.when !== undefined) step.when = join.when.text;
      for (const { root } of readsOfJoin(join))
        if (root.kind === "call") step.waits.add(this.#calls.get(root.call)!.id);
      if (lookup.set !== undefined) this.#requestFields(lookup.set, step.id);
    }
    step.places.add(path);
    if (here !== undefined) step.waits.add(here.id);
    return step;
  }

  /** What is written into a message of a request; `base` is what that message is made from. */
  #requestFields(
    translator: Translator,
    target: string,
    base: Pick<Origin, "step" | "path"> = { step: "request", path: "" },
    above: readonly Translator[] = [],
  ): void {
    for (const plan of translator.fields) {
      if (this.#requests.length >= MAX_FIELDS) return;
      const inner = translatorsIn(plan.conversion);
      const isRecursive = inner.some((one) => one === translator || above.includes(one));
      const from = valuesIn(plan.value).map((read) => this.#requestOrigin(read, base));
      const path = dotted(target, plan.target);
      const allow = this.#whoSets(plan.value);
      this.#requests.push({
        path,
        from,
        ...saidOf(plan),
        ...(allow !== undefined && { allow }),
        ...(isRecursive && { recursive: true }),
      });
      if (isRecursive) continue;
      for (const one of inner.filter(({ target: { typeName } }) => !isWellKnown(typeName)))
        this.#requestFields(one, path, from[0], [...above, translator]);
    }
  }

  /** Who may set what a request is made from, where not everybody may who calls the method. */
  #whoSets(value: Value): Audience | undefined {
    const isClients = ({ root }: Value) => root.kind === "request" || root.kind === "source";
    const guards = valuesIn(value)
      .filter(isClients)
      .flatMap(({ path }) => path.flatMap((field) => this.plan.guards.get(field) ?? []));
    const audiences = [...new Set(guards)].map(audienceOf);
    return audiences.length === 0 ? undefined : audiences.reduce(both);
  }

  #requestOrigin(read: Value, base: Pick<Origin, "step" | "path">): Origin {
    const { root, path } = read;
    if (root.kind === "source")
      return { step: base.step, path: dotted(base.path, path), field: nameOfRead(read) };
    return originOf(read, root.kind === "call" ? this.#calls.get(root.call)!.id : undefined);
  }
}

/** Where a path starts: at a step's reply, or at what there is beside them. */
function originOf(read: Value, step: string | undefined): Origin {
  const { root } = read;
  const path = dotted("", read.path);
  switch (root.kind) {
    case "auth":
      return {
        step: "auth",
        path: root.claim.length === 0 ? "subject" : ["claims", ...root.claim].join("."),
      };
    case "surroundings": {
      const [start, ...rest] = root.name.split(".");
      return { step: start!, path: rest.join(".") };
    }
    case "this":
      return { step: "this", path, field: nameOfRead(read) };
    default:
      return { step: step ?? "request", path, field: nameOfRead(read) };
  }
}

/** What is said of a field's value: how it is computed, which of the rows it is, and when it is there. */
function saidOf({
  value,
  selection,
  when,
  allow,
}: FieldPlan): Pick<ExplainedField, "expression" | "when" | "allow"> {
  const expression = selection ?? (value.root.kind === "expression" ? value.root.expression : undefined);
  return {
    ...(expression !== undefined && { expression: expression.text }),
    ...(when !== undefined && { when: when.text }),
    ...(allow !== undefined && { allow: audienceOf(allow) }),
  };
}

function keyOf({ lookup }: JoinPlan, { root, path }: Value, index: number): ExplainedKey {
  const ask = lookup.ask[index];
  const match = lookup.match?.[index];
  const name = root.kind === "call" ? root.call.name : root.kind === "join" ? root.join.name : root.kind;
  return {
    row: root.kind === "expression" ? root.expression.text : dotted(root.kind === "source" ? "" : name, path),
    ...(ask !== undefined && { request: dotted("", ask) }),
    ...(match !== undefined && match.length > 0 && { response: dotted("", [...lookup.row, ...match]) }),
  };
}

/** "orders.user_id" */
function dotted(start: string, path: readonly Field[]): string {
  return [...(start === "" ? [] : [start]), ...path.map(({ name }) => name)].join(".");
}
