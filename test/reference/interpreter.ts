import type { DescMessage } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { Code, type Principal } from "@portico/runtime";
import type {
  CallPlan,
  FieldPolicyPlan,
  MethodPlan,
  Translator,
  UpstreamMethod,
} from "../../plugin/src/plan/types.js";
import { Malformed } from "./cursor.js";
import { decode } from "./decode.js";
import { encode } from "./encode.js";
import { Failure, invalid, publicCode } from "./failure.js";
import { type Answer, Joins } from "./joins.js";
import { joinsToRun, type Seen } from "./needed.js";
import { empty, has, markMessage, read } from "./object.js";
import { admits, maySend } from "./policy.js";
import { prune, type Wanted, wantedBy } from "./read-mask.js";
import { Site } from "./sites.js";
import { claimOf, denial, type Names, translate } from "./translate.js";

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
    return { responses: run.responses, code: undefined, why: "", asked: run.asked };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { responses: run.responses, code: error.code, why: error.message, asked: run.asked };
  }
}

class Run {
  readonly asked: Asked[] = [];
  readonly responses: Uint8Array[] = [];
  readonly #replies = new Map<CallPlan, ReflectMessage>();
  readonly #site: Site;
  readonly #admitted = new Map<FieldPolicyPlan, boolean>();
  #wanted: Wanted;

  constructor(
    readonly plan: MethodPlan,
    readonly upstreams: Upstreams,
    readonly principal: Principal | undefined,
    readonly lenient: boolean,
  ) {
    this.#site = new Site([[plan.translator, []]], false);
  }

  all(request: Uint8Array): void {
    const { plan } = this;
    const input = decodeRequest(plan.request.desc!, request, !this.lenient);
    const { seen } = this.#names(input, input, "client");
    if (!maySend(plan, request, !this.lenient, seen.may)) throw denial(this.principal);
    if (plan.readMask !== undefined) this.#wanted = wantedBy(input, plan.readMask, plan.response);
    this.#refuse(input);
    let source: readonly ReflectMessage[] = [];
    for (const call of inOrder(plan.calls)) {
      const written = translate(call.request, this.#names(input, input, "client"))!;
      const answer = this.#ask(call.method, encode(written), false);
      if (call.method.kind === "server_streaming")
        source = (answer as Uint8Array[]).map((bytes) => opened(call, bytes));
      else {
        const reply = opened(call, answer as Uint8Array);
        this.#replies.set(call, reply);
        if (call.unnamed) source = [reply];
      }
    }
    const unnamed = plan.calls.find((call) => call.unnamed);
    if (unnamed === undefined) this.#respond(undefined, input);
    else for (const reply of source) this.#respond(selected(unnamed, reply), input);
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
        translate(call.request, this.#names(input, input, "client"));
      } catch (error) {
        // What other calls have to give is not there yet.
        if (error instanceof Failure && error.code === Code.INVALID_ARGUMENT) throw error;
      }
    }
  }

  #names(source: ReflectMessage | undefined, request: ReflectMessage, origin: Names["origin"]): Names {
    const joins = new Joins((method, bytes) => this.#ask(method, bytes, true) as Answer);
    const { principal } = this;
    const seen: Seen = {
      may: (policy) => this.#may(policy, request),
      wanted: this.#wanted,
      site: this.#site,
    };
    return { source, origin, request, calls: this.#replies, principal, joins, seen };
  }

  #may(policy: FieldPolicyPlan, request: ReflectMessage): boolean {
    const known = this.#admitted.get(policy) ?? admits(policy, this.principal, request);
    this.#admitted.set(policy, known);
    return known;
  }

  #respond(source: ReflectMessage | undefined, input: ReflectMessage): void {
    const response = translate(this.plan.translator, this.#names(source, input, "upstream"));
    prune(response!, this.#wanted);
    this.responses.push(encode(response!));
  }

  #ask(method: UpstreamMethod, request: Uint8Array, isJoin: boolean): Answer | readonly Uint8Array[] {
    this.asked.push({ method, request, isJoin });
    const answer = this.upstreams(method, request);
    if ("code" in answer && !(isJoin && answer.code === Code.NOT_FOUND))
      throw new Failure(publicCode(answer.code), `${method.name} fails`);
    return answer;
  }
}

function decodeRequest(desc: DescMessage, bytes: Uint8Array, strict: boolean): ReflectMessage {
  try {
    return decode(desc, bytes, { strict });
  } catch (error) {
    if (error instanceof Malformed) throw invalid(error.message);
    throw error;
  }
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
