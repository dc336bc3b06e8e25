import type { DescField } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { Code, type Principal } from "@portico/runtime";
import type {
  CallPlan,
  EnsurePlan,
  EnumPlan,
  Expression,
  FieldPolicyPlan,
  JoinPlan,
  MethodPlan,
  Translator,
  UpstreamMethod,
} from "../../plugin/src/plan/types.js";
import { Malformed } from "./cursor.js";
import { decode } from "./decode.js";
import { degradedBy, degradedByJoin, degradedOf } from "./degraded.js";
import { encode } from "./encode.js";
import { Absent, evaluate, NoValue } from "./expression.js";
import { Failure, invalid, outcomeOf } from "./failure.js";
import { type Answer, Joins } from "./joins.js";
import { joinsToRun, type Seen } from "./needed.js";
import { empty, has, markMessage, read } from "./object.js";
import { within } from "./plans.js";
import { admits, maySend, surroundings } from "./policy.js";
import { prune, type Wanted, wantedBy } from "./read-mask.js";
import { Site } from "./sites.js";
import { aside, claimOf, denial, type Names, translate } from "./translate.js";

/**
 * The reference: what a public method does, by the plan, on protobuf-es objects. Slow, and written to be plainly right;
 * it shares nothing with the generator nor with the wire format's reader and writer of the runtime.
 */
export interface Reference {
  /** The public response; of a stream, its messages. Without a code, all of them. */
  readonly responses: readonly Uint8Array[];
  /** The code that the method ends with; undefined: it does well. */
  readonly code: number | undefined;
  /** Why, for people. */
  readonly why: string;
  /** The fields that stay empty since an upstream failed; "?" where it is not known which, "*" where not even whether. */
  readonly degraded: ReadonlySet<string>;
  /** Whether it is refused for what can be seen at first sight. */
  readonly isRefused: boolean;
  /** What was asked for; of joins, each distinct key in a call of its own. */
  readonly asked: readonly Asked[];
}

export interface Asked {
  readonly method: UpstreamMethod;
  readonly request: Uint8Array;
  readonly isJoin: boolean;
}

/** What upstreams answer: bytes, a code, or of a stream a list of messages. */
export type Upstreams = (method: UpstreamMethod, request: Uint8Array) => Answer | readonly Uint8Array[];

export function interpret(
  plan: MethodPlan,
  request: Uint8Array,
  upstreams: Upstreams,
  principal?: Principal,
  /** Malformed parts of the request that nothing reads are passed over. */
  lenient = false,
): Reference {
  const run = new Run(plan, upstreams, principal, lenient);
  try {
    run.all(request);
    return {
      responses: run.responses,
      code: undefined,
      why: "",
      asked: run.asked,
      degraded: run.degraded,
      isRefused: false,
    };
  } catch (error) {
    const isOurs = error instanceof Failure || error instanceof Malformed;
    if (!isOurs) throw error;
    const code = error instanceof Failure ? error.code : Code.INTERNAL;
    const { responses, asked, degraded, isRefused } = run;
    return { responses, code, why: error.message, asked, degraded, isRefused };
  }
}

class Run {
  readonly asked: Asked[] = [];
  readonly responses: Uint8Array[] = [];
  readonly #replies = new Map<CallPlan, ReflectMessage>();
  readonly #site: Site;
  readonly #done = new Set<CallPlan>();
  /** The conditions that have not been looked at. */
  readonly #open: Set<EnsurePlan>;
  readonly degraded = new Set<string>();
  isRefused = true;
  readonly #admitted = new Map<FieldPolicyPlan, boolean>();
  #wanted: Wanted;

  constructor(
    readonly plan: MethodPlan,
    readonly upstreams: Upstreams,
    readonly principal: Principal | undefined,
    readonly lenient: boolean,
  ) {
    this.#open = new Set(plan.ensures);
    this.#site = new Site([[plan.translator, []]], false);
  }

  all(request: Uint8Array): void {
    const { plan } = this;
    const input = decodeRequest(plan, request, !this.lenient);
    const { seen } = this.#names(input, input, "client");
    const mayBeSent = fromClient(() => maySend(plan, request, !this.lenient, seen.may));
    if (!mayBeSent) throw denial(this.principal);
    if (plan.readMask !== undefined) this.#wanted = wantedBy(input, plan.readMask, plan.response);
    this.isRefused = false;
    this.#refuse(input);
    let source: ReadonlyArray<ReflectMessage | undefined> = [];
    this.#ensure(input);
    for (const call of inOrder(plan.calls)) {
      const replies = this.#call(call, input);
      this.#done.add(call);
      if (call.unnamed) source = replies;
      if (call.method.kind === "unary" && replies[0] !== undefined) this.#replies.set(call, replies[0]);
      this.#ensure(input);
    }
    const unnamed = plan.calls.find((call) => call.unnamed);
    if (unnamed === undefined) this.#respond(undefined, undefined, input);
    else for (const reply of source) this.#respond(unnamed, reply, input);
  }

  /** What a call answers; undefined where it is not made, or its failure is let pass. */
  #call(call: CallPlan, input: ReflectMessage): Array<ReflectMessage | undefined> {
    const names = this.#names(input, input, "client");
    if (call.when !== undefined && !names.holds(call.when)) return [undefined];
    const answer = this.#ask(call.method, encode(translate(call.request, names)!), false);
    if (!("code" in answer)) {
      const all = answer instanceof Uint8Array ? [answer] : answer;
      return all.map((bytes) => opened(call, bytes));
    }
    const { outcome, code } = outcomeOf(call.onError, answer.code, names.holds);
    if (outcome === "fail") throw new Failure(code, `${call.method.name} fails`);
    this.#degrade(degradedBy(call, this.plan.translator));
    return [undefined];
  }

  /** Looks at the conditions whose calls have answered. */
  #ensure(input: ReflectMessage): void {
    const due = [...this.#open].filter(
      ({ after, joins }) =>
        joins.size === 0 && [...after].every((call) => this.#done.has(call) && call.method.kind === "unary"),
    );
    const unnamed = this.plan.calls.find((call) => call.unnamed);
    const reply = unnamed && this.#replies.get(unnamed);
    for (const ensure of due) {
      this.#open.delete(ensure);
      this.#hold(ensure, unnamed, reply, input);
    }
  }

  #hold(
    ensure: EnsurePlan,
    unnamed: CallPlan | undefined,
    reply: ReflectMessage | undefined,
    input: ReflectMessage,
  ): void {
    let source = reply;
    for (const field of unnamed?.result.path ?? [])
      source =
        source !== undefined && has(source, field) ? (read(source, field) as ReflectMessage) : undefined;
    aside(this.plan.translator, this.#names(source, input, "upstream")).ensure(ensure);
  }

  /** What can be refused before anything is called is. */
  #refuse(input: ReflectMessage): void {
    const { plan } = this;
    const requests = [...plan.calls.map((call) => call.request), ...setsOf(plan.translator)];
    for (const { fields } of requests) {
      for (const { value } of fields) {
        if (value.root.kind === "auth" && claimOf(this.principal, value.root) === undefined)
          throw denial(this.principal);
      }
    }
    for (const call of plan.calls) {
      try {
        const names = this.#names(input, input, "client");
        // A call that is not made refuses nothing, if it is the only one.
        if (plan.calls.length === 1 && call.when !== undefined && !names.holds(call.when)) continue;
        translate(call.request, this.#names(input, input, "client"));
      } catch (error) {
        // What other calls have to give is not there yet.
        if (error instanceof Failure && error.code === Code.INVALID_ARGUMENT) throw error;
      }
    }
  }

  #degrade(paths: readonly string[]): void {
    for (const path of degradedOf(paths, this.#wanted)) this.degraded.add(path);
  }

  #names(source: ReflectMessage | undefined, request: ReflectMessage, origin: Names["origin"]): Names {
    const joins = new Joins((method, bytes) => this.#ask(method, bytes, true) as Answer);
    const { principal } = this;
    const seen: Seen = {
      may: (policy) => this.#may(policy, request),
      wanted: this.#wanted,
      site: this.#site,
      response: this.plan.translator,
    };
    const names = { source, origin, request, calls: this.#replies, principal, joins, seen };
    const holds = (condition: Expression) => this.#holds(condition, request);
    const degrade = (join: JoinPlan, site: Site, owner: Translator) => {
      this.#degrade(degradedByJoin(join, owner, site));
    };
    return { ...names, holds, degrade };
  }

  /** A condition on the request, and on what calls have answered. */
  #holds(condition: Expression, request: ReflectMessage): boolean {
    try {
      const value = evaluate(condition, ({ root }) => {
        if (root.kind === "request") return request;
        return root.kind === "call"
          ? (this.#replies.get(root.call) ?? null)
          : surroundings(root, this.principal);
      });
      return value === true;
    } catch (error) {
      if (error instanceof Absent) return false;
      if (error instanceof NoValue) throw invalid(error.message);
      throw error;
    }
  }

  #may(policy: FieldPolicyPlan, request: ReflectMessage): boolean {
    const known = this.#admitted.get(policy) ?? admits(policy, this.principal, request);
    this.#admitted.set(policy, known);
    return known;
  }

  #respond(unnamed: CallPlan | undefined, reply: ReflectMessage | undefined, input: ReflectMessage): void {
    const { translator, response } = this.plan;
    // Without its subject it would be read as one that has no values.
    if (unnamed !== undefined && reply === undefined) {
      this.responses.push(encode(empty(response.desc!)));
      return;
    }
    const [joined, others] = [true, false].map((isJoined) =>
      [...this.#open].filter(({ joins }) => joins.size > 0 === isJoined),
    );
    for (const ensure of others!) this.#hold(ensure, unnamed, reply, input);
    const source = reply && selected(unnamed!, reply);
    const written = translate(translator, this.#names(source, input, "upstream"), [], joined);
    prune(written!, this.#wanted);
    this.responses.push(encode(written!));
  }

  #ask(method: UpstreamMethod, request: Uint8Array, isJoin: boolean): Answer | readonly Uint8Array[] {
    this.asked.push({ method, request, isJoin });
    return this.upstreams(method, request);
  }
}

const IMPLICIT = 2;

function decodeRequest(plan: MethodPlan, bytes: Uint8Array, strict: boolean): ReflectMessage {
  // Where there are several calls, numbers of enums are looked at before the first, also those that are replaced later.
  const enums = plan.calls.length > 1 ? enumsOf(plan) : new Map<DescField, EnumPlan>();
  const onEnum = (field: DescField, number: number) => {
    const map = enums.get(field);
    const isUnset = number === 0 && field.fieldKind === "enum" && field.presence === IMPLICIT;
    if (map?.otherwise !== "invalid" || isUnset) return;
    if (!map.numbers.some(([from]) => from === number)) throw new Malformed("an enum value");
  };
  return fromClient(() => decode(plan.request.desc!, bytes, { strict, onEnum }));
}

/** What is malformed in it, the client is to blame for. */
function fromClient<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof Malformed) throw invalid(error.message);
    throw error;
  }
}

/** What the enums in a request become. */
function enumsOf({ calls }: MethodPlan): Map<DescField, EnumPlan> {
  const enums = new Map<DescField, EnumPlan>();
  for (const { request } of calls)
    for (const { fields } of within(request))
      for (const { conversion, value } of fields)
        if (value.path.length > 0) {
          const inner = conversion.kind === "map" ? conversion.value : conversion;
          if (inner.kind === "enum") enums.set(value.path.at(-1)!.desc!, inner.map);
        }
  return enums;
}

/** A reply; one that is malformed is so for who reads it. */
function opened(call: CallPlan, bytes: Uint8Array): ReflectMessage {
  const desc = call.method.output.desc!;
  try {
    return decode(desc, bytes);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const broken = empty(desc);
    markMessage(broken);
    return broken;
  }
}

/** What `select` picks in a reply. */
function selected(call: CallPlan, reply: ReflectMessage): ReflectMessage {
  let at = reply;
  try {
    for (const field of call.result.path) {
      if (field.type.kind !== "message") throw new Error("`select` picks a message");
      at = has(at, field) ? (read(at, field) as ReflectMessage) : empty(field.type.message.desc!);
    }
  } catch (error) {
    if (error instanceof Malformed) throw new Failure(Code.INTERNAL, error.message);
    throw error;
  }
  return at;
}

/** Calls, each after those that it waits for. */
function inOrder(calls: readonly CallPlan[]): CallPlan[] {
  const order: CallPlan[] = [];
  while (order.length < calls.length) {
    const next = calls.find(
      (call) => !order.includes(call) && [...call.after].every((other) => order.includes(other)),
    );
    if (next === undefined) throw new Error("calls that wait for each other");
    order.push(next);
  }
  return order;
}

/** What the joins of a response say with `set`, at any depth. */
function setsOf(start: Translator): Translator[] {
  const sets: Translator[] = [];
  const seen = new Set<Translator>();
  const visit = (translator: Translator): void => {
    if (seen.has(translator)) return;
    seen.add(translator);
    for (const { lookup } of joinsToRun(translator)) if (lookup.set !== undefined) sets.push(lookup.set);
    for (const { conversion } of translator.fields) {
      const inner = conversion.kind === "map" ? conversion.value : conversion;
      if (inner.kind === "message") visit(inner.translator);
    }
  };
  visit(start);
  return sets;
}
