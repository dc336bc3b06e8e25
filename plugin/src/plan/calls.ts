import type { DescMethod } from "@bufbuild/protobuf";
import { parsePath } from "../expression/path.js";
import { splitAssignment } from "../expression/split.js";
import type { Call, MethodRule } from "../source/annotations.js";
import { type Field, type Message, messageOf } from "../source/model.js";
import { assignment } from "./assignment.js";
import { effectSaid, list, type Place } from "./context.js";
import { parseDuration } from "./duration.js";
import type { ServiceScope } from "./method.js";
import { suggestion } from "./names.js";
import { RequestFields } from "./request-fields.js";
import { isReadable, isSaid, requestPath } from "./request-side.js";
import type { MethodScope, Translators } from "./translators.js";
import type { CallPlan, Translator, UpstreamMethod, Value } from "./types.js";
import { descend, messageOfValue, plainPath, RESERVED, rootMessage, type Scope } from "./values.js";

const IDENTIFIER = /^[A-Za-z_]\w*$/;
/** What the call without a name is called. */
const UNNAMED = "source";

/** The calls of a public method. */
export interface Calls {
  readonly scope: MethodScope;
  readonly plans: CallPlan[];
  readonly source: Message | undefined | "broken";
}

/** Resolves the calls of a method: what they are, what they read, what they wait for. */
export class CallPlanner {
  readonly #said: ReadonlyArray<{ readonly call: Call; readonly place: Place; readonly implicit: boolean }>;
  readonly #named = new Map<string, CallPlan | "broken">();
  readonly #scope: MethodScope;

  constructor(
    readonly translators: Translators,
    readonly desc: DescMethod,
    readonly rule: MethodRule | undefined,
    readonly service: ServiceScope,
  ) {
    const calls = rule?.call ?? [];
    this.#said = calls.map((call, index) => ({
      call,
      place: { element: desc, path: ["call", index] },
      implicit: false,
    }));
    const named = calls.map((call) => `${call.name}:${call.method}:${call.select}`);
    this.#scope = {
      // Translators of methods with named calls are their own: the names mean other things elsewhere.
      id: `${desc.input.typeName} ${calls.some((call) => call.name !== "") ? `${desc.parent.typeName}/${desc.name} ${named.join()}` : ""} ${(service.rule?.set ?? []).length > 0 ? service.desc.typeName : ""}`,
      request: messageOf(desc.input),
      calls: this.#named,
      serviceSets: (service.rule?.set ?? []).map((text, index) => ({
        text,
        place: { element: service.desc, path: ["set", index] },
      })),
    };
  }

  plan(): Calls | undefined {
    const { context } = this.translators;
    const { service } = this;
    if (this.#said.length === 0) return this.#namesake();
    let unnamed = 0;
    const drafts: Draft[] = [];
    let source: Calls["source"];
    for (const { call, place } of this.#said) {
      const option = (...path: Array<string | number>): Place => ({
        ...place,
        path: [...place.path!, ...path],
      });
      let fine = this.#checkName(call, place);
      if (call.name === "" && ++unnamed > 1) {
        context.report(
          "call-duplicate",
          place,
          "two calls without a name: only one can be the source of the response",
          'name one of them: `name: "viewer"`',
        );
        fine = false;
      }
      fine = this.#reportLater(call, place) && fine;
      if (call.method === "") {
        context.report(
          "method-unknown",
          place,
          "a call without a method",
          'write `method: "package.Service/Method"`',
        );
        fine = false;
      }
      const method = fine ? context.upstreamMethod(call.method, service.home, option("method")) : undefined;
      const draft = method === undefined ? undefined : this.#draft(call, method, place);
      if (draft !== undefined) drafts.push(draft);
      if (call.name !== "") {
        if (!this.#named.has(call.name)) this.#named.set(call.name, draft?.plan ?? "broken");
      } else if (unnamed === 1)
        source = draft === undefined ? "broken" : (this.#sourceOf(draft, option("select")) ?? "broken");
    }
    this.#buildRequests(drafts, drafts.length < this.#said.length);
    this.#order(drafts);
    return { scope: this.#scope, plans: drafts.map((draft) => draft.plan), source };
  }

  /** A method without calls calls its namesake in the service's `from`. */
  #namesake(): Calls | undefined {
    const { context } = this.translators;
    const { desc, service } = this;
    const at: Place = { element: desc };
    if (service.home === "unknown") return undefined;
    if (service.home === undefined) {
      context.report(
        "method-source",
        at,
        `nothing says what ${desc.name} calls`,
        'add `call: {method: "package.Service/Method"}` to the method, or `from: "package.Service"` to its service',
      );
      return undefined;
    }
    const found = service.home.methods.find((method) => method.name === desc.name);
    if (found === undefined) {
      const names = service.home.methods.map((method) => method.name);
      context.report(
        "method-source",
        at,
        `${service.home.typeName} has no method "${desc.name}"`,
        `${suggestion(desc.name, names, `its methods: ${list(names)};`)} name it in \`call: {method: "…"}\``,
      );
      return undefined;
    }
    const method = context.describe(found, at);
    if (method === undefined) return undefined;
    const draft = this.#draft(undefined, method, at);
    if (draft === undefined) return undefined;
    this.#buildRequests([draft], false);
    return { scope: this.#scope, plans: [draft.plan], source: messageOfValue(draft.plan.result) };
  }

  #checkName(call: Call, place: Place): boolean {
    if (call.name === "") return true;
    const { context } = this.translators;
    const at: Place = { ...place, path: [...place.path!, "name"] };
    if (!IDENTIFIER.test(call.name) || RESERVED.has(call.name)) {
      context.report(
        "call-name",
        at,
        `"${call.name}" cannot be the name of a call`,
        'give it a name that fields can use, such as "viewer"',
      );
      return false;
    }
    if (this.#named.has(call.name)) {
      context.report(
        "call-duplicate",
        at,
        `two calls with the name "${call.name}"`,
        "give one of them another name",
      );
      return false;
    }
    return true;
  }

  #reportLater(call: Call, place: Place): boolean {
    const later: Array<[name: string, path: Array<string | number>, used: boolean]> = [
      ["when", ["when"], call.when !== ""],
      ["on_error", ["on_error", 0], call.onError.length > 0],
      ["max_rows", ["max_rows"], call.maxRows > 0],
      ["retry", ["retry"], call.retry !== undefined],
      ["hedge", ["hedge"], call.hedge !== undefined],
      ["cache", ["cache"], call.cache !== undefined],
    ];
    let fine = true;
    for (const [name, path, used] of later) {
      if (!used) continue;
      fine = false;
      this.translators.context.report(
        "not-supported-yet",
        { ...place, path: [...place.path!, ...path] },
        `\`${name}\` of a call is not supported yet`,
        "remove it",
      );
    }
    return fine;
  }

  #draft(call: Call | undefined, method: UpstreamMethod, place: Place): Draft | undefined {
    const { context } = this.translators;
    const { desc } = this;
    const unnamed = call === undefined || call.name === "";
    const option = (...path: Array<string | number>): Place =>
      call === undefined ? place : { ...place, path: [...place.path!, ...path] };
    if (method.kind === "server_streaming" && (desc.methodKind !== "server_streaming" || !unnamed)) {
      context.report(
        "stream-kind",
        option("method"),
        `${method.service}/${method.name} answers with a stream, and ${desc.name} ${unnamed ? "with one message" : "can stream only its unnamed call"}`,
        unnamed
          ? "make the public method return a stream"
          : "make it the call without a name, or call a unary method",
      );
      return undefined;
    }
    if (desc.methodKind === "server_streaming" && unnamed && method.kind !== "server_streaming") {
      context.report(
        "stream-kind",
        option("method"),
        `${desc.name} answers with a stream, and ${method.service}/${method.name} with one message`,
        "call a method that streams",
      );
      return undefined;
    }
    const request: Translator = {
      direction: "request",
      target: method.input,
      source: messageOf(desc.input),
      fields: [],
      joins: [],
    };
    const timeoutMs =
      call === undefined || call.timeout === ""
        ? undefined
        : parseDuration(context, call.timeout, option("timeout"));
    const after = new Set<CallPlan>();
    const plan = {
      name: unnamed ? UNNAMED : call.name,
      unnamed,
      method,
      effect: call === undefined ? method.effect : effectSaid(call.effect, method),
      timeoutMs,
      request,
      after,
    } as unknown as CallPlan & { result: Value };
    plan.result = { root: { kind: "call", call: plan }, path: [] };
    if (call !== undefined && call.select !== "") {
      const at = option("select");
      const path = plainPath(context, { value: call.select, offset: 0 }, at);
      if (path === undefined) return undefined;
      const found = descend(context, plan.result, rootMessage(plan.result)!, path, { exposes: true }, at);
      if (found === undefined) return undefined;
      plan.result = found;
    }
    return { plan, call, place, after };
  }

  /** The message that the response is made from. */
  #sourceOf(draft: Draft, place: Place): Message | undefined {
    const { result } = draft.plan;
    const last = result.path.at(-1);
    const message = messageOfValue(result);
    if (message !== undefined && (last === undefined || last.cardinality === "singular")) return message;
    this.translators.context.report(
      "select-kind",
      place,
      `"${last!.name}" is no single message, so the response cannot be made from it`,
      "select a message, or give the call a name and use it in a field's `from`",
    );
    return undefined;
  }

  /** What each call asks for: `set`, then `to`, then equal names. */
  #buildRequests(drafts: readonly Draft[], incomplete: boolean): void {
    const { translators, desc } = this;
    const { context } = translators;
    const input = messageOf(desc.input);
    const used = new Set<string>();
    const auto = this.#said.length <= 1 ? drafts[0] : drafts.find((draft) => draft.plan.unnamed);
    // While one request is built, the others' results are in scope, but not its own.
    for (const draft of drafts) {
      const { plan, call, place } = draft;
      const fields = new RequestFields(translators, plan.request, this.#scope);
      const calls = new Map([...this.#named].filter(([, other]) => other !== plan));
      const names: Scope = {
        source: input,
        sourceName: "the request",
        request: input,
        calls,
        joins: new Map(),
        exposes: false,
      };
      call?.set.forEach((text, index) => {
        const at: Place = { ...place, path: [...place.path!, "set", index] };
        const said = assignment(context, text, plan.method.input, names, at);
        if (said !== undefined) fields.assign(said.target, said.value, at);
        for (const field of this.#mentioned(text)) used.add(field);
      });
      for (const { text, place: at } of this.#scope.serviceSets) {
        const said = translators.serviceSet(text, plan.method.input, names, at);
        if (said !== undefined && !fields.isSet(said.target)) fields.assign(said.target, said.value, at);
      }
      fields.sets(input, names);
      for (const field of input.fields) {
        if (field.desc !== undefined && !isReadable(field, this.#scope)) {
          used.add(field.name);
          continue;
        }
        // Said by `to`: wherever it fits. By its name: into the unnamed (or only) call.
        const path = requestPath(context, field, plan.method.input, false);
        const said = isSaid(field);
        if (path === undefined || (!said && draft !== auto)) continue;
        used.add(field.name);
        fields.map(field, path, { element: field.desc! });
      }
      fields.finish({ element: desc });
      for (const value of plan.request.fields.map((field) => field.value)) {
        if (value.root.kind === "call") draft.after.add(value.root.call);
        if (value.root.kind === "source" && value.path[0] !== undefined) used.add(value.path[0].name);
      }
    }
    if (incomplete) return;
    this.#unused = input.fields.filter((field) => !used.has(field.name));
    this.#auto = auto?.plan;
  }

  #unused: Field[] = [];
  #auto: CallPlan | undefined;

  /** Reports the request's fields that neither a call nor anything else reads. */
  reportUnused(readElsewhere: ReadonlySet<string>): void {
    for (const field of this.#unused)
      if (!readElsewhere.has(field.name)) this.#reportUnused(field, this.#auto);
  }

  #reportUnused(field: Field, auto: CallPlan | undefined): void {
    const { name } = field;
    const candidates = auto?.method.input.fields.map((f) => f.name) ?? [];
    const said = isSaid(field);
    this.translators.context.report(
      "request-unused",
      { element: field.desc! },
      said
        ? `no call of ${this.desc.name} has a field where "${name}" says that it goes`
        : `nothing uses "${name}" of the request${auto === undefined ? "" : `: ${auto.method.input.typeName} has no field of that name`}`,
      suggestion(name, candidates, "say where it goes with `to`, or remove it"),
    );
  }

  /** The request fields that an assignment reads. */
  #mentioned(text: string): string[] {
    const said = splitAssignment(text);
    const path = said === undefined ? undefined : parsePath(said.value);
    if (path === undefined) return [];
    return path[0]!.name === "request" && path.length > 1 ? [path[1]!.name] : [path[0]!.name];
  }

  /** Reads run side by side; writes wait for all before them, and all after them wait for them. */
  #order(drafts: readonly Draft[]): void {
    const { context } = this.translators;
    let lastWrite: Draft | undefined;
    drafts.forEach((draft, index) => {
      if (lastWrite !== undefined) draft.after.add(lastWrite.plan);
      if (draft.plan.effect === "READ") return;
      for (const before of drafts.slice(0, index)) draft.after.add(before.plan);
      if (lastWrite !== undefined && !this.rule?.nonAtomic) {
        context.report(
          "write-atomic",
          draft.place,
          `${this.desc.name} makes two writes: when the second fails, the first is not taken back`,
          "make one internal method of them, or accept it: `non_atomic: true`",
        );
      }
      lastWrite = draft;
    });
    for (const draft of drafts) {
      const path = cycle(draft.plan);
      if (path === undefined) continue;
      context.report(
        "call-cycle",
        draft.place,
        `calls that wait for each other: ${path.map((call) => call.name).join(" -> ")}`,
        "let one of them take its value from the request",
      );
      return;
    }
  }
}

interface Draft {
  readonly plan: CallPlan;
  readonly call: Call | undefined;
  readonly place: Place;
  readonly after: Set<CallPlan>;
}

function cycle(start: CallPlan): CallPlan[] | undefined {
  const visit = (call: CallPlan, path: CallPlan[]): CallPlan[] | undefined => {
    for (const before of call.after) {
      if (before === start) return [...path, before];
      if (path.includes(before)) continue;
      const found = visit(before, [...path, before]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(start, [start]);
}
