import { mayBeAbsent } from "../../plan/calls/on-error.js";
import { answersStream, takesStream } from "../../plan/calls/stream-kind.js";
import type {
  CallPlan,
  Expression,
  JoinPlan,
  MethodPlan,
  MethodResolverPlan,
  ResolverSetPlan,
  Root,
  Translator,
} from "../../plan/types.js";
import { readsOfJoin } from "../../plan/walk.js";
import {
  groupsOf,
  type JoinGroup,
  joinsOfConditions,
  ownJoins,
  readsOf,
  scanReadsOf,
  scanRows,
  walkJoins,
} from "../analysis.js";
import { type Code, quote } from "../code.js";
import { emitExpression } from "../expressions.js";
import type { FileScope } from "../file-scope.js";
import { WIDTH } from "../layout.js";
import { camel, type Names } from "../names.js";
import { printResolver } from "../resolvers/method.js";
import { requestFunction, scanFunction, writeFunction } from "../translator/functions.js";
import { tagOf } from "../wire.js";
import { callOptions } from "./call-options.js";
import { describeMethod } from "./call-tree.js";
import { requestShape } from "./check.js";
import { requiredClaims } from "./claims.js";
import { EnsureEmitter } from "./ensures.js";
import { readsRequest } from "./policy.js";
import { pathsConstant } from "./read-mask.js";
import { RowsEmitter } from "./rows.js";

/** Prints the handler of one public method. */
export function emitMethod(file: FileScope, plan: MethodPlan, name: string, code: Code): void {
  new MethodEmitter(file, plan, code).emit(name);
}

class MethodEmitter {
  readonly #names: Names;
  readonly #replies = new Map<CallPlan, string>();
  readonly #joins: readonly JoinPlan[];
  readonly #groups: readonly JoinGroup[];
  /** The joins that what is written waits for. */
  readonly #conditional: ReadonlySet<JoinPlan>;
  readonly #rows: RowsEmitter;
  readonly #ensures: EnsureEmitter;
  /** The calls whose replies the response is written from. */
  readonly #written: readonly CallPlan[];
  /** The variable that holds what the client wants of the response. */
  readonly #mask: string | undefined;
  /** The variable that holds the requests, where the method takes a stream of them. */
  readonly #requests: string | undefined;

  constructor(
    readonly file: FileScope,
    readonly plan: MethodPlan,
    readonly code: Code,
  ) {
    this.#names = file.local();
    this.#joins = walkJoins(plan.translator);
    this.#conditional = joinsOfConditions(plan.translator, plan.calls);
    const callsOf = (join: JoinPlan) => [
      ...scanReadsOf(plan.translator, [join]).calls,
      ...(this.#walksSource([join]) ? this.#source() : []),
    ];
    this.#groups = groupsOf(this.#joins, callsOf, this.#conditional);
    for (const call of plan.calls) this.#replies.set(call, this.#names.unique(camel(call.name)));
    // Before those of joins, in the order in which they are called.
    for (const call of plan.calls) file.method(call.method);
    if (plan.readMask !== undefined) this.#mask = this.#names.unique("mask");
    this.#rows = new RowsEmitter(file, code, this.#names, {
      request: (translator) => this.#requestCall(translator),
      reply: (call) => this.#replies.get(call)!,
      mask: this.#mask === undefined ? undefined : { variable: this.#mask, response: plan.translator },
      resolving: (sets) => this.#resolving(sets),
    });
    for (const group of this.#groups) this.#rows.plan(plan.translator, group.joins);
    if (takesStream(plan.kind)) this.#requests = this.#names.unique("stream");
    this.#ensures = new EnsureEmitter(file, plan, code, this.#names, {
      reply: (call) => this.#replies.get(call)!,
      rows: (join) => this.#rows.variable(join),
    });
    // A resolver gets what all of them answered.
    this.#written =
      plan.resolver !== undefined
        ? plan.calls
        : this.#inOrder([...this.#source(), ...readsOf(plan.translator).calls]);
  }

  emit(name: string): void {
    const { code, plan, file } = this;
    file.use("Call", true);
    code.doc(describeMethod(plan));
    const isStream = answersStream(plan.kind);
    const result = isStream ? "AsyncGenerator<Uint8Array, void>" : "Promise<Uint8Array>";
    const input =
      this.#requests === undefined ? "request: Uint8Array" : "requests: AsyncIterable<Uint8Array>";
    const open = `async function${isStream ? "*" : ""} ${name}(${input}, call: Call): ${result} {`;
    code.block(open, () => {
      if (this.#requests === undefined) {
        code.line("const input = call.input(request);");
        const shape = plan.checkRequest ? requestShape(file, plan) : undefined;
        if (shape !== undefined && plan.guards.size > 0)
          code.line(`${file.use("checkFields")}(call, input, ${shape});`);
        else if (shape !== undefined) code.line(`${file.use("check")}(input.begin(), ${shape});`);
        this.#permit();
        this.#readMask();
        this.#requireClaims(this.#isLinear(this.#order()));
      } else this.#openRequests(this.#requests);
      if (plan.resolver !== undefined) this.#resolve(plan.resolver);
      else if (isStream) this.#stream();
      else this.#unary();
    });
  }

  /** Resolvers get the request, where there is one, if they ask for it. */
  #resolving(sets: readonly ResolverSetPlan[]): string {
    const { file, plan } = this;
    const parts = ["call"];
    if (this.#requests === undefined) {
      file.use("cel");
      parts.push(`request: () => cel.viewOf(input, ${file.shapes.whole(plan.request)})`);
    }
    if (sets.length > 0) parts.push(`sets: ${this.#resolverSets(sets)}`);
    return `{ ${parts.join(", ")} }`;
  }

  /** What is `set` in the requests of what a resolver calls. */
  #resolverSets(sets: readonly ResolverSetPlan[]): string {
    const { file } = this;
    const all = sets.map(({ method, request }) => {
      // A required field is never left out: what is set comes behind what the function says.
      const replaced = request.fields.filter(({ target }) => target.at(-1)!.presence !== "required");
      const paths = replaced.map(({ target }) => quote(target.map(({ name }) => name).join(".")));
      const bytes = `call.encode((w) => ${this.#requestCall(request)})`;
      return `{ method: ${file.method(method)}, bytes: ${bytes}, paths: [${paths.join(", ")}] }`;
    });
    return `[${all.join(", ")}]`;
  }

  #openRequests(name: string): void {
    const { code, file, plan } = this;
    // Before anything is waited for.
    this.#requireClaims(false);
    const shape = plan.checkRequest ? `, ${requestShape(file, plan)}` : "";
    code.line(`const ${name} = call.requests(requests${shape});`);
    if (plan.firstRequest === "unread") return;
    code.line(`${plan.firstRequest === "read" ? "const input = " : ""}await ${name}.first();`);
    this.#permit();
    this.#readMask();
  }

  #readMask(): void {
    const { code, file, plan } = this;
    if (plan.readMask === undefined) return;
    const all = ["call", "input", String(tagOf(plan.readMask)), pathsConstant(file, plan.response)];
    code.line(`const ${this.#mask} = ${file.use("readMask")}(${all.join(", ")});`);
  }

  /** `isLinear`: what the first call needs is found missing while its request is written. */
  #requireClaims(isLinear: boolean): void {
    const claims = requiredClaims(this.plan, isLinear);
    if (claims.length === 0) return;
    const paths = claims.map((path) => `[${path.map(quote).join(", ")}]`);
    this.code.line(`${this.file.use("requireClaims")}(call, ${paths.join(", ")});`);
  }

  /** The `when` of a policy that reads the request: decided before anything is called. */
  #permit(): void {
    const { file, plan } = this;
    const when = plan.policy.kind === "public" ? undefined : plan.policy.when;
    if (when === undefined || !readsRequest(when)) return;
    const view = (_: Root, type: string) => `cel.viewOf(input, ${type})`;
    const { text } = emitExpression(file, this.#names, { view, call: "call" }, when);
    this.code.line(`${file.use("permit")}(call, () => ${text});`);
  }

  /** Calls in an order in which each comes after those that it waits for; otherwise as they are written. */
  #order(): CallPlan[] {
    const { calls } = this.plan;
    const order: CallPlan[] = [];
    const visit = (call: CallPlan): void => {
      if (order.includes(call)) return;
      for (const before of calls) if (call.after.has(before)) visit(before);
      order.push(call);
    };
    for (const call of calls) visit(call);
    return order;
  }

  #inOrder(calls: readonly CallPlan[]): CallPlan[] {
    return this.#order().filter((call) => calls.includes(call));
  }

  /** Whether each step waits for the one before it, so that nothing can be done side by side. */
  #isLinear(order: readonly CallPlan[]): boolean {
    const calls = order.every((call, i) => i === 0 || waitsFor(call, order[i - 1]!));
    const groups = this.#groups.every(
      (group, i) => i === 0 || group.after.some((join) => this.#groups[i - 1]!.joins.includes(join)),
    );
    // Joins on what one call of several says need not wait for the calls after it.
    const needs = this.#groups.length === 0 ? order : this.#needsOf(this.#groups[0]!);
    return calls && groups && (order.length <= 1 || needs.includes(order.at(-1)!));
  }

  /** All calls, and then the function that makes the response. */
  #resolve(resolver: MethodResolverPlan): void {
    const { code, file, plan } = this;
    const order = this.#order();
    if (this.#isLinear(order)) this.#readInOrder(order, this.#written);
    else this.#sideBySide(order);
    this.#ensures.printLast();
    printResolver(file, code, this.#names, plan, resolver, {
      request: this.#requests ?? "input",
      reply: (call) => this.#replies.get(call)!,
      mask: this.#mask,
      sets: resolver.sets.length === 0 ? undefined : this.#resolverSets(resolver.sets),
    });
  }

  #unary(): void {
    const order = this.#order();
    // What is written may wait for joins.
    const isWaiting = joinsOfConditions(this.plan.translator, order).size > 0;
    if (!isWaiting && this.#isLinear(order)) {
      this.#readInOrder(order, this.#written);
      for (const group of this.#groups) {
        this.#declareRows(group);
        this.#join(group);
      }
    } else this.#sideBySide(order);
    this.#ensures.printLast();
    this.#write("return");
  }

  /** One call after the other. */
  #readInOrder(order: readonly CallPlan[], needed: readonly CallPlan[]): void {
    this.#ensures.print([]);
    order.forEach((call, i) => {
      // A reply may be there for a later call only; or for nothing but its effect.
      const isRead =
        needed.includes(call) ||
        this.#ensures.reads.includes(call) ||
        order.slice(i + 1).some((other) => callsRead(other).includes(call));
      const read = `await ${this.#read(call)};`;
      this.code.line(isRead ? `const ${this.#replies.get(call)!} = ${read}` : read);
      this.#ensures.print(order.slice(0, i + 1));
    });
  }

  /** Steps that start as soon as what they read is there. */
  #sideBySide(order: readonly CallPlan[]): void {
    const steps = this.#startCalls(order);
    const joined = this.#joined;
    for (const group of this.#groups) if (!joined.has(group)) this.#startGroup(group, steps);
    this.#await(order, steps, [...this.#written, ...this.#ensures.readsLast]);
    for (const step of this.#ensureSteps) this.code.line(`await ${step};`);
    for (const [group, step] of joined) this.#awaitJoined(group, step, group.joins, 1);
  }

  /** The groups of joins that have been started, and the variables of their steps. */
  readonly #joined = new Map<JoinGroup, string>();

  #startGroup(group: JoinGroup, steps: ReadonlyMap<CallPlan, string>): void {
    const { code } = this;
    const step = this.#names.unique(`${this.#rows.variable(group.joins[0]!)}Step`);
    code.block(`const ${step} = call.run(async () => {`, () => {
      this.#await(this.#needsOf(group), steps, this.#needsOf(group));
      for (const [before, name] of this.#joined) this.#awaitJoined(before, name, group.after, 2);
      this.#declareRows(group);
      this.#join(group);
      const rows = group.joins.map((join) => this.#rows.variable(join));
      code.line(rows.length === 1 ? `return ${rows[0]};` : `return [${rows.join(", ")}] as const;`);
    }, "});"); // biome-ignore format: short
    this.#joined.set(group, step);
  }

  #startCalls(order: readonly CallPlan[]): ReadonlyMap<CallPlan, string> {
    const { code } = this;
    const steps = new Map<CallPlan, string>();
    this.#ensures.print([]);
    order.forEach((call, i) => {
      const step = this.#names.unique(`${this.#replies.get(call)!}Step`);
      const before = order.filter((other) => call.after.has(other));
      // What is written waits until it is known that it may be.
      if (call.effect !== "READ") this.#ensureJoins(order.slice(0, i), steps);
      const ensured = call.effect === "READ" ? [] : [...this.#ensureSteps];
      steps.set(call, step);
      if (before.length === 0 && ensured.length === 0) {
        code.line(`const ${step} = call.run(() => ${this.#read(call)});`);
      } else {
        code.block(`const ${step} = call.run(async () => {`, () => {
          this.#await(before, steps, callsRead(call));
          for (const condition of ensured) code.line(`await ${condition};`);
          code.line(`return ${this.#read(call)};`);
        }, "});"); // biome-ignore format: short
      }
      this.#startEnsures(order.slice(0, i + 1), steps);
    });
    return steps;
  }

  readonly #ensureSteps: string[] = [];

  /** Conditions whose calls have been started: each is looked at as soon as they have answered. */
  #startEnsures(started: readonly CallPlan[], steps: ReadonlyMap<CallPlan, string>): void {
    for (const ensure of this.#ensures.due(started)) {
      const reads = started.filter((call) => ensure.after.has(call));
      const step = this.#names.unique(`${this.#replies.get(reads[0]!)!}Ensured`);
      this.code.block(`const ${step} = call.run(async () => {`, () => {
        this.#await(reads, steps, reads);
        this.#ensures.statement(ensure);
      }, "});"); // biome-ignore format: short
      this.#ensureSteps.push(step);
    }
  }

  /** Conditions on joins that need nothing but what has been started, and these joins. */
  #ensureJoins(started: readonly CallPlan[], steps: ReadonlyMap<CallPlan, string>): void {
    for (const ensure of this.#ensures.joined) {
      const groups = this.#groupsFor(ensure.joins);
      const needs = [...ensure.after, ...groups.flatMap((group) => this.#needsOf(group))];
      if (!needs.every((call) => started.includes(call))) continue;
      for (const group of groups) if (!this.#joined.has(group)) this.#startGroup(group, steps);
      const [first] = ensure.joins;
      const step = this.#names.unique(`${this.#rows.variable(first!)}Ensured`);
      this.code.block(`const ${step} = call.run(async () => {`, () => {
        const reads = started.filter((call) => ensure.after.has(call));
        this.#await(reads, steps, reads);
        for (const [group, name] of this.#joined) this.#awaitJoined(group, name, [...ensure.joins], 2);
        this.#ensures.statement(ensure);
      }, "});"); // biome-ignore format: short
      this.#ensures.take(ensure);
      this.#ensureSteps.push(step);
    }
  }

  /** The groups of joins, and those that they wait for. */
  #groupsFor(joins: ReadonlySet<JoinPlan>): readonly JoinGroup[] {
    const wanted = new Set(joins);
    for (const group of [...this.#groups].reverse())
      if (group.joins.some((join) => wanted.has(join))) for (const join of group.after) wanted.add(join);
    return this.#groups.filter((group) => group.joins.some((join) => wanted.has(join)));
  }

  #await(calls: readonly CallPlan[], steps: ReadonlyMap<CallPlan, string>, used: readonly CallPlan[]): void {
    for (const call of calls) {
      const name = used.includes(call) ? `const ${this.#replies.get(call)!} = ` : "";
      this.code.line(`${name}await ${steps.get(call)!};`);
    }
  }

  /** Waits for a group's step, and names those of its joins that are `used`; none of them: nothing to wait for. */
  #awaitJoined(group: JoinGroup, step: string, used: readonly JoinPlan[], depth: number): void {
    const names = group.joins.map((join) => (used.includes(join) ? this.#rows.variable(join) : ""));
    while (names.at(-1) === "") names.pop();
    if (names.length === 0) return;
    if (group.joins.length === 1) this.code.line(`const ${names[0]} = await ${step};`);
    else this.#destructure(names, `await ${step};`, depth);
  }

  /** The formatter breaks after `=` where that is enough, else the list of names. */
  #destructure(names: readonly string[], value: string, depth: number): void {
    const { code } = this;
    const left = `const [${names.join(", ")}] =`;
    if (depth * 2 + left.length + 1 + value.length <= WIDTH) code.line(`${left} ${value}`);
    else if (depth * 2 + left.length <= WIDTH) {
      code.line(left);
      code.line(`  ${value}`);
    } else {
      code.line("const [");
      for (const name of names) code.line(`  ${name},`);
      code.line(`] = ${value}`);
    }
  }

  /** The calls whose replies the walk for a group's keys reads, and the walks inside the rows that it finds. */
  #needsOf(group: JoinGroup): readonly CallPlan[] {
    return this.#inOrder([
      ...(this.#walksSource(group.joins) ? this.#source() : []),
      ...scanReadsOf(this.plan.translator, group.joins).calls,
      ...group.joins.flatMap((join) => this.#rows.readsInside(join)),
    ]);
  }

  /** Whether joins need the source: not those of conditions whose keys are read elsewhere, since it may be the write's. */
  #walksSource(joins: readonly JoinPlan[]): boolean {
    const { translator } = this.plan;
    const elsewhere = (join: JoinPlan): boolean =>
      this.#conditional.has(join) &&
      ownJoins(translator).includes(join) &&
      readsOfJoin(join).every(({ root }) => !["source", "this", "parent"].includes(root.kind)) &&
      join.after.every(elsewhere);
    return !joins.every(elsewhere);
  }

  #source(): CallPlan[] {
    const { plan } = this;
    const unnamed = plan.calls.find((call) => call.unnamed);
    return unnamed === undefined || plan.translator.source === undefined ? [] : [unnamed];
  }

  /** The call of an upstream method, with its request; made only if its condition holds. */
  #read(plan: CallPlan): string {
    const { file } = this;
    const method = file.method(plan.method);
    const options = callOptions(file, plan, this.plan.translator);
    const all = (...given: string[]) =>
      [method, ...given, ...(options === undefined ? [] : [options])].join(", ");
    if (takesStream(plan.method.kind)) {
      const kind = answersStream(plan.method.kind) ? "readBidiStream" : "readClientStream";
      return `call.${kind}(${all(this.#requests!, this.#writers(plan))})`;
    }
    const kind = plan.method.kind === "unary" ? "read" : "readStream";
    if (plan.when !== undefined)
      return `call.readIf(() => ${this.#condition(plan.when)}, ${all(this.#writer(plan.request, ""))})`;
    return `call.${kind}(${all(this.#writer(plan.request, ""))})`;
  }

  /** A condition on the request and on what other calls have answered. */
  #condition(when: Expression): string {
    const { file } = this;
    const view = (root: Root, type: string) => {
      if (root.kind !== "call") return `cel.viewOf(input, ${type})`;
      const open = mayBeAbsent(root.call) ? "replyView" : "viewOf";
      return `cel.${open}(${this.#replies.get(root.call)!}, ${type})`;
    };
    return emitExpression(file, this.#names, { view, call: "call" }, when).text;
  }

  /** What writes the requests of a stream: one function, or one for the first and one for the others. */
  #writers({ request, nextRequest }: CallPlan): string {
    if (nextRequest === undefined) return this.#writer(request, "message");
    return `[${this.#writer(request, "message", "first")}, ${this.#writer(nextRequest, "message")}]`;
  }

  /** A function that writes a request from the public one: from `input`, or from one of a stream. */
  #writer(translator: Translator, message: "" | "message", which: "" | "first" = ""): string {
    // The only thing that reads the public request walks it also where there is nothing to take from it.
    if (translator.fields.length === 0 && this.plan.checkRequest) return "() => {}";
    if (message === "") return `(w) => ${this.#requestCall(translator)}`;
    return `(w, ${message}) => ${this.#requestCall(translator, message, which)}`;
  }

  #requestCall(translator: Translator, source = "input", which: "" | "first" = ""): string {
    const name = requestFunction(this.file, translator, which);
    const reads = readsOf(translator);
    const all = [
      "w",
      ...(translator.source === undefined ? [] : [`${source}.begin()`]),
      ...reads.calls.map((call) => this.#replies.get(call)!),
      ...(reads.request ? ["input"] : []),
      ...(reads.auth ? ["call"] : []),
    ];
    return `${name}(${all.join(", ")})`;
  }

  #declareRows(group: JoinGroup): void {
    for (const join of group.joins) this.#rows.declare(join);
  }

  /** Gathers the keys of a group, and fetches. */
  #join(group: JoinGroup): void {
    const { code, plan } = this;
    const reads = scanReadsOf(plan.translator, group.joins);
    const name = scanFunction(this.file, plan.translator, group.joins);
    const rows = scanRows(plan.translator, group.joins).map((join) => this.#rows.variable(join));
    const rewind = () => {
      for (const join of group.after) code.line(`${this.#rows.variable(join)}.rewind();`);
    };
    const hasSource = this.#walksSource(group.joins);
    const scan = `${name}(${[...this.#arguments(reads, hasSource), ...rows].join(", ")});`;
    const open = hasSource ? this.#source().find(mayBeAbsent) : undefined;
    if (open === undefined) code.line(scan);
    // What is not there has no rows, of which one could be missing.
    else code.block(`if (!${this.#replies.get(open)!}.absent) {`, () => code.line(scan));
    rewind();
    code.line(`await call.join(${group.joins.map((join) => this.#rows.variable(join)).join(", ")});`);
  }

  /** The source and what else a function of the response reads. */
  #arguments(reads: ReturnType<typeof readsOf>, hasSource = true): string[] {
    const { file } = this;
    const absent = (call: CallPlan) => `call.absent(${file.method(call.method)}).begin()`;
    return [
      ...this.#source().map((call) => (hasSource ? this.#sourceOpen(call) : absent(call))),
      ...reads.calls.map((call) => this.#replies.get(call)!),
      ...(reads.request ? ["input"] : []),
      ...(reads.auth ? ["call"] : []),
    ];
  }

  /** Opens the source: the reply, or what `select` picks in it. */
  #sourceOpen(call: CallPlan): string {
    const reply = this.#replies.get(call)!;
    const { path } = call.result;
    if (path.length === 0) return `${reply}.begin()`;
    const tags = path.map((field) => field.number * 8 + (field.delimited ? 3 : 2));
    return `${reply}.select(${tags.join(", ")})`;
  }

  #write(how: "return" | "yield"): void {
    const { code, plan } = this;
    const name = writeFunction(this.file, plan.translator);
    const rows = this.#joins.map((join) => this.#rows.variable(join));
    const source = this.#source().find(mayBeAbsent);
    if (source !== undefined && how === "return")
      code.line(`if (${this.#replies.get(source)!}.absent) return new Uint8Array(0);`);
    code.line(`const w = call.output(${this.#mask ?? ""});`);
    code.line(`${name}(${["w", ...this.#arguments(readsOf(plan.translator)), ...rows].join(", ")});`);
    code.line(`${how} ${this.#mask === undefined ? "w.finish()" : `${this.#mask}.prune(w.finish())`};`);
  }

  #stream(): void {
    const { code, plan } = this;
    const stream = plan.calls.find((call) => call.unnamed)!;
    const order = this.#order().filter((call) => call !== stream);
    const needed = [
      ...this.#written,
      ...callsRead(stream),
      ...this.#groups.flatMap((group) => this.#needsOf(group)),
      ...this.#ensures.reads,
    ];
    const isLinear = order.every((call, i) => i === 0 || waitsFor(call, order[i - 1]!));
    if (isLinear) this.#readInOrder(order, needed);
    else {
      this.#await(order, this.#startCalls(order), needed);
      for (const step of this.#ensureSteps) code.line(`await ${step};`);
    }
    const messages = this.#names.unique("messages");
    code.line(`const ${messages} = ${this.#read(stream)};`);
    const message = this.#replies.get(stream)!;
    if (this.#groups.length === 0) {
      code.block(`for await (const ${message} of ${messages}) {`, () => {
        this.#ensures.print(plan.calls);
        this.#write("yield");
      });
      return;
    }
    code.block(`yield* call.each(${messages}, async (${message}) => {`, () => {
      this.#ensures.print(plan.calls);
      for (const group of this.#groups) {
        this.#declareRows(group);
        this.#join(group);
      }
      this.#ensures.printLast();
      this.#write("return");
    }, "});"); // biome-ignore format: short
  }
}

/** The calls whose results a call reads. */
function callsRead({ request, when }: CallPlan): CallPlan[] {
  const roots = (when?.reads ?? []).map(({ root }) => root);
  return [...readsOf(request).calls, ...roots.flatMap((root) => (root.kind === "call" ? [root.call] : []))];
}

function waitsFor(call: CallPlan, other: CallPlan): boolean {
  return call.after.has(other) || [...call.after].some((before) => waitsFor(before, other));
}
