import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { parsePath } from "../../expression/path.js";
import { splitAssignment } from "../../expression/split.js";
import { type Call, fieldRule, type MethodRule, Outcome } from "../../source/annotations.js";
import { type Field, type Message, messageOf } from "../../source/model.js";
import { effectSaid, list, type Place } from "../context.js";
import { parseDuration } from "../duration.js";
import { RequestFields } from "../fields/request-fields.js";
import { isReadable, isSaid, reportNowhere, requestPath } from "../fields/request-side.js";
import type { Translators } from "../fields/translators.js";
import { checkLater } from "../later.js";
import type { MethodScope, ServiceScope } from "../method-scope.js";
import { nearest, suggestion } from "../names.js";
import { isReadMask } from "../policy/read-mask.js";
import type { CallPlan, Expression, Translator, UpstreamMethod } from "../types.js";
import { assignment } from "../values/assignment.js";
import { resolveCondition } from "../values/expressions.js";
import { Lets, reportUnused } from "../values/lets.js";
import { messageOfValue, namesIn, RESERVED, rootMessage, type Scope, scopeAside } from "../values/scope.js";
import { descend, plainPath } from "../values/values.js";
import { readsOfField } from "../walk.js";
import { type Draft, orderCalls } from "./call-order.js";
import { callErrors, mayBeEmpty } from "./on-error.js";
import { answersStream, checkStreamKind, checkUnary, reportNoStream, takesStream } from "./stream-kind.js";

const IDENTIFIER = /^[A-Za-z_]\w*$/;
/** What the call without a name is called. */
const UNNAMED = "source";
const DEFAULT_MAX_ROWS = 10_000;

/** The calls of a public method. */
export interface Calls {
  readonly scope: MethodScope;
  readonly plans: CallPlan[];
  readonly source: Message | undefined | "broken";
}

/** Resolves the calls of a method: what they are, what they read, what they wait for. */
export class CallPlanner {
  readonly #said: ReadonlyArray<{ readonly call: Call; readonly place: Place }>;
  readonly #named = new Map<string, CallPlan | "broken">();
  readonly #scope: MethodScope & { lets: MethodScope["lets"] };

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
    }));
    const lets = (service.rule?.let.length ?? 0) + (rule?.let.length ?? 0);
    const named = calls.map((call) => `${call.name}:${call.method}:${call.select}`);
    this.#scope = {
      // Translators of methods with named calls are their own: the names mean other things elsewhere.
      id: `${desc.input.typeName} ${calls.some((call) => call.name !== "") || lets > 0 || rule?.ensure.length ? `${desc.parent.typeName}/${desc.name} ${named.join()}` : ""} ${(service.rule?.set ?? []).length > 0 ? service.desc.typeName : ""}`,
      request: messageOf(desc.input),
      calls: this.#named,
      incomplete:
        calls.filter((call) => call.name === "").length > 1 ||
        calls.some((call) => call.name !== "" && !/^\w+$/.test(call.name)),
      lets: undefined,
      serviceSets: (service.rule?.set ?? []).map((text, index) => ({
        text,
        place: { element: service.desc, path: ["set", index] },
      })),
    };
  }

  plan(): Calls | undefined {
    const { context } = this.translators;
    const { service } = this;
    if (this.#said.length === 0) return this.#isResolved ? this.#nothing() : this.#namesake();
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
      fine = checkLater(context, call, place) && fine;
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
        // What has two names, or half a name, explains those who use it.
        const isNew = !this.#named.has(call.name);
        this.#named.set(call.name, isNew && draft !== undefined ? draft.plan : "broken");
      } else if (unnamed === 1)
        source = draft === undefined ? "broken" : (this.#sourceOf(draft, option("select")) ?? "broken");
    }
    const isWhole = drafts.length === this.#said.length;
    if (!isWhole) this.translators.excuseSets(this.#scope);
    this.#nameLets();
    this.#buildRequests(drafts, !isWhole);
    const nonAtomic = this.rule?.nonAtomic === true;
    // One of the calls is meant to read something else, which may be the request.
    if (orderCalls(context, drafts, { name: this.desc.name, nonAtomic }) === "circular") this.#unused = [];
    const isStream = this.desc.methodKind !== "unary" && !this.#isResolved;
    if (isWhole && isStream && unnamed === 0) reportNoStream(context, this.desc);
    return { scope: this.#scope, plans: drafts.map((draft) => draft.plan), source };
  }

  /** Whether a hand-written function makes the response: its calls are made before that. */
  get #isResolved(): boolean {
    return this.rule !== undefined && this.rule.resolver !== "";
  }

  /** A resolver alone makes the response. */
  #nothing(): Calls {
    this.#nameLets();
    this.#buildRequests([], false);
    return { scope: this.#scope, plans: [], source: undefined };
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
      const elsewhere = [...context.registry].find(
        (other): other is DescService =>
          other.kind === "service" &&
          this.translators.exposure.isInternalFile(other.file) &&
          other.methods.some(({ name }) => name === desc.name),
      );
      context.report(
        "method-source",
        at,
        `${service.home.typeName} has no method "${desc.name}"`,
        elsewhere !== undefined
          ? `name it in \`call: {method: "${elsewhere.typeName}/${desc.name}"}\``
          : `${suggestion(desc.name, names, `its methods: ${list(names)};`)} name it in \`call: {method: "…"}\``,
      );
      return undefined;
    }
    const method = context.describe(found);
    const draft = this.#draft(undefined, method, at);
    if (draft === undefined) return undefined;
    this.#nameLets();
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

  /** What is in scope where there is no message at hand. */
  #aside(): Scope {
    return { ...scopeAside(this.#scope), calls: this.#named };
  }

  /** The service's `let`, then the method's own. */
  #nameLets(): void {
    const { context } = this.translators;
    const said = ({ let: texts }: { let: readonly string[] }, element: DescMethod | DescService) =>
      texts.map((text, index) => ({ text, place: { element, path: ["let", index] } }));
    const { rule, service, desc } = this;
    const all = [
      ...(service.rule === undefined ? [] : said(service.rule, service.desc)),
      ...(rule === undefined ? [] : said(rule, desc)),
    ];
    if (all.length === 0) return;
    this.#lets = new Lets(context, all, new Set(this.#named.keys()), () => this.#aside());
    this.#scope.lets = this.#lets.byName;
  }

  #lets: Lets | undefined;

  /** Reports the method's own `let` that nothing uses, and notes which of the service's something does. */
  reportUnusedLets(): void {
    const name = (text: string) => splitAssignment(text)?.target.value.trim() ?? "";
    for (const text of this.service.rule?.let ?? [])
      if (this.#lets?.isUsed(name(text))) this.service.usedLets.add(name(text));
    this.rule?.let.forEach((text, index) => {
      if (this.#lets?.isUsed(name(text)) === false)
        reportUnused(this.translators.context, text, { element: this.desc, path: ["let", index] });
    });
  }

  #draft(call: Call | undefined, method: UpstreamMethod, place: Place): Draft | undefined {
    const { context } = this.translators;
    const { desc } = this;
    const unnamed = call === undefined || call.name === "";
    const option = (...path: Array<string | number>): Place =>
      call === undefined ? place : { ...place, path: [...place.path!, ...path] };
    const at = option("method");
    if (
      this.#isResolved
        ? !checkUnary(context, desc, method, at)
        : !checkStreamKind(context, desc, method, unnamed, at)
    )
      return undefined;
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
    const effect = call === undefined ? method.effect : effectSaid(call.effect, method);
    const plan = {
      name: unnamed ? UNNAMED : call.name,
      unnamed,
      method,
      effect,
      onError: [],
      timeoutMs,
      maxRows: call?.maxRows || DEFAULT_MAX_ROWS,
      request,
      nextRequest: undefined,
      after,
    } as unknown as Draft["plan"];
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
    const unsure = new Set<CallPlan>();
    for (const { plan, call, place } of drafts) {
      const rules = callErrors(context, call?.onError ?? [], plan, this.#aside(), place);
      (plan as { onError: CallPlan["onError"] }).onError = rules;
    }
    // While one request is built, the others' results are in scope, but not its own.
    for (const draft of drafts) {
      const { plan, call, place } = draft;
      const fields = new RequestFields(translators, plan.request, this.#scope);
      const calls = new Map([...this.#named].filter(([, other]) => other !== plan));
      const names: Scope = {
        source: input,
        request: input,
        calls,
        joins: new Map(),
        exposes: false,
        incomplete: this.#scope.incomplete,
        self: plan.name,
        lets: this.#scope.lets,
      };
      if (call !== undefined && call.when !== "") {
        const at: Place = { ...place, path: [...place.path!, "when"] };
        const when = resolveCondition(context, call.when, { ...names, source: undefined, exposes: true }, at);
        if (takesStream(plan.method.kind) || answersStream(plan.method.kind))
          context.report(
            "stream-kind",
            at,
            `${plan.method.service}/${plan.method.name} is a stream, which is there or not as its method is called or not`,
            "remove the `when`",
          );
        if (when !== undefined) (plan as { when?: Expression }).when = when;
      }
      call?.set.forEach((text, index) => {
        const at: Place = { ...place, path: [...place.path!, "set", index] };
        const before = context.findings.length;
        const said = assignment(context, text, plan.method.input, names, at);
        if (said !== undefined) fields.assign(said);
        const isFine = context.findings.length === before;
        for (const field of isFine ? this.#mentioned(text) : wordsOf(text)) used.add(field);
      });
      for (const { text, place: at } of this.#scope.serviceSets) {
        const before = context.findings.length;
        const said = translators.serviceSet(text, plan.method.input, names, at);
        if (said !== undefined && !fields.isSet(said.target)) fields.assign(said);
        // One that is wrong may have been meant to read it; one for another request does not.
        if (context.findings.length > before) for (const field of this.#mentioned(text)) used.add(field);
      }
      fields.sets(input, names);
      for (const field of input.fields) {
        const isOwn = isReadMask(field) && !isSaid(field);
        if (isOwn || (field.desc !== undefined && !isReadable(field, this.#scope))) {
          used.add(field.name);
          continue;
        }
        // Said by `to`: wherever it fits. By its name: into the unnamed (or only) call.
        const path = requestPath(field, plan.method.input);
        const said = isSaid(field);
        if (path === undefined || (!said && draft !== auto)) continue;
        used.add(field.name);
        fields.map(field, path);
      }
      fields.finish({ element: desc });
      if (takesStream(plan.method.kind)) plan.nextRequest = fields.withoutSets({ element: desc });
      // An expression may say what is to be done without it.
      for (const { value } of plan.request.fields)
        if (value.root.kind === "call" && plan.effect !== "READ" && mayBeEmpty(value.root.call))
          unsure.add(value.root.call);
      for (const value of [...plan.request.fields.flatMap(readsOfField), ...(plan.when?.reads ?? [])]) {
        if (value.root.kind === "call") draft.after.add(value.root.call);
        const isRequest = value.root.kind === "source" || value.root.kind === "request";
        if (isRequest && value.path[0] !== undefined) used.add(value.path[0].name);
      }
    }
    for (const { plan, call, place } of drafts) {
      if (!unsure.has(plan)) continue;
      const rule = call!.onError.findIndex(({ then }) => then === Outcome.EMPTY);
      context.report(
        "on-error",
        { ...place, path: [...place.path!, "on_error", rule, "then"] },
        `a write reads "${plan.name}", and would be made without it`,
        "write FAIL",
      );
    }
    if (incomplete) return;
    this.#plans = drafts.map(({ plan }) => plan);
    const unknown = [...used].filter((name) => !input.byName.has(name));
    this.#unused = input.fields.filter(
      (field) =>
        !used.has(field.name) &&
        !translators.exposure.isInternal(field) &&
        // A `set` has a typo in this field's name: it has its own finding.
        !unknown.some((name) => nearest(name, [field.name]).length > 0),
    );
    this.#auto = auto?.plan;
  }

  #unused: Field[] = [];
  #plans: readonly CallPlan[] = [];
  #auto: CallPlan | undefined;

  /** Reports the request's fields that neither a call nor anything else reads. */
  reportUnused(readElsewhere: ReadonlySet<string>): void {
    for (const field of this.#unused) {
      // A resolver gets the whole request; a `to` that leads nowhere is a mistake all the same.
      const isGiven = this.#isResolved && (fieldRule(field.desc!)?.to ?? "") === "";
      if (!isGiven && !readElsewhere.has(field.name)) this.#reportUnused(field, this.#auto);
    }
  }

  #reportUnused(field: Field, auto: CallPlan | undefined): void {
    const { context } = this.translators;
    const { name } = field;
    if (isSaid(field) && auto !== undefined) {
      reportNowhere(context, field, auto.method.input);
      return;
    }
    context.report(
      "request-unused",
      { element: field.desc! },
      isSaid(field)
        ? `no call of ${this.desc.name} has a field where "${name}" says that it goes`
        : `nothing uses "${name}" of the request${auto === undefined ? "" : `: ${auto.method.input.typeName} has no field of that name`}`,
      suggestion(
        name,
        auto === undefined ? [] : namesIn(auto.method.input),
        auto === undefined && this.#plans.length > 0
          ? `say where it goes with \`to\`, or in a call, such as \`set: "${this.#placeOf(name)} = request.${name}"\`; or remove it`
          : "say where it goes with `to`, or remove it",
      ),
    );
  }

  /** The field of a call's request that is called so. */
  #placeOf(name: string): string {
    const inputs = this.#plans.map(({ method }) => method.input);
    return inputs.some((input) => input.byName.has(name)) ? name : "…";
  }

  /** The request fields that an assignment reads. */
  #mentioned(text: string): string[] {
    const said = splitAssignment(text);
    if (said === undefined) return [];
    const path = parsePath(said.value);
    if (path !== undefined && path[0]!.name !== "request") return [path[0]!.name];
    return [...said.value.value.matchAll(/\brequest\s*\.\s*(\w+)/g)].map((match) => match[1]!);
  }
}

/** The names in an expression, and whatever else looks like one. */
function wordsOf(text: string): string[] {
  return text.replace(/'[^']*'|"[^"]*"/g, "").match(/[A-Za-z_]\w*/g) ?? [];
}
