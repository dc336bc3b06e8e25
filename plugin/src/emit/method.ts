import type { CallPlan, JoinPlan, MethodPlan, Translator } from "../plan/types.js";
import { groupsOf, innerGroups, type JoinGroup, ownJoins, readsOf, walkJoins } from "./analysis.js";
import { shapeConstant } from "./check.js";
import { type Code, quote } from "./code.js";
import type { FileScope } from "./file-scope.js";
import { lookupConstant } from "./lookup.js";
import { camel, Names } from "./names.js";
import { requestFunction, scanFunction, scanRowFunction, scanRows, writeFunction } from "./translator.js";

/** Prints the handler of one public method. */
export function emitMethod(file: FileScope, plan: MethodPlan, name: string, code: Code): void {
  new MethodEmitter(file, plan, code).emit(name);
}

class MethodEmitter {
  readonly #names = new Names(["request", "call", "input", "w"]);
  readonly #replies = new Map<CallPlan, string>();
  readonly #rows = new Map<JoinPlan, string>();
  readonly #joins: readonly JoinPlan[];
  readonly #groups: readonly JoinGroup[];

  constructor(
    readonly file: FileScope,
    readonly plan: MethodPlan,
    readonly code: Code,
  ) {
    this.#joins = walkJoins(plan.translator);
    this.#groups = groupsOf(this.#joins);
    for (const call of plan.calls) this.#replies.set(call, this.#names.unique(camel(call.name)));
    for (const join of this.#joins) this.#rows.set(join, this.#names.unique(camel(join.name)));
  }

  emit(name: string): void {
    const { code, plan, file } = this;
    file.use("Call", true);
    code.doc(this.#doc());
    const isStream = plan.kind === "server_streaming";
    const result = isStream ? "AsyncGenerator<Uint8Array, void>" : "Promise<Uint8Array>";
    code.block(
      `async function${isStream ? "*" : ""} ${name}(request: Uint8Array, call: Call): ${result} {`,
      () => {
        code.line("const input = call.input(request);");
        if (plan.checkRequest)
          code.line(`${file.use("check")}(input.begin(), ${shapeConstant(file, plan.request)});`);
        if (isStream) this.#stream();
        else this.#unary();
      },
    );
  }

  #unary(): void {
    const order = topological(this.plan.calls);
    if (isLinear(order, this.#groups)) {
      for (const call of order)
        this.code.line(`const ${this.#replies.get(call)!} = await ${this.#read(call)};`);
      this.#fetchJoins();
    } else this.#parallel(order);
    this.#write("return");
  }

  /** Steps that start as soon as what they read is there. */
  #parallel(order: readonly CallPlan[]): void {
    const { code } = this;
    const steps = new Map<CallPlan | JoinGroup, string>();
    for (const call of order) {
      const step = this.#names.unique(`${camel(call.name)}Step`);
      steps.set(call, step);
      const before = [...call.after].filter((other) => order.includes(other));
      if (before.length === 0) {
        code.line(`const ${step} = call.run(() => ${this.#read(call)});`);
        continue;
      }
      code.block(`const ${step} = call.run(async () => {`, () => {
        this.#await(before, steps, readsOf(call.request).calls);
        code.line(`return ${this.#read(call)};`);
      }, "});"); // biome-ignore format: short
    }
    this.#declareRows();
    const done = new Map<JoinPlan, string>();
    for (const group of this.#groups) {
      const step = this.#names.unique(`${camel(group.joins[0]!.name)}Joined`);
      const needed = this.#scanned();
      code.block(`const ${step} = call.run(async () => {`, () => {
        this.#await(needed, steps, needed);
        for (const before of new Set(group.after.map((join) => done.get(join)!))) code.line(`await ${before};`);
        this.#scan(group);
        code.line(`await call.join(${group.joins.map((join) => this.#rows.get(join)!).join(", ")});`);
      }, "});"); // biome-ignore format: short
      for (const join of group.joins) done.set(join, step);
    }
    for (const call of order) {
      const isRead = this.#writeReads().includes(call);
      code.line(`${isRead ? `const ${this.#replies.get(call)!} = ` : ""}await ${steps.get(call)!};`);
    }
    for (const step of new Set(done.values())) code.line(`await ${step};`);
  }

  #await(
    calls: readonly CallPlan[],
    steps: ReadonlyMap<CallPlan | JoinGroup, string>,
    used: readonly CallPlan[],
  ): void {
    for (const call of calls) {
      this.code.line(
        `${used.includes(call) ? `const ${this.#replies.get(call)!} = ` : ""}await ${steps.get(call)!};`,
      );
    }
  }

  /** The calls whose replies the walks over the response read. */
  #scanned(): readonly CallPlan[] {
    const unnamed = this.plan.calls.find((call) => call.unnamed);
    const calls = new Set(readsOf(this.plan.translator).calls);
    if (unnamed !== undefined) calls.add(unnamed);
    return [...calls];
  }

  #writeReads(): readonly CallPlan[] {
    return this.#scanned();
  }

  /** The call of an upstream method, with its request. */
  #read(plan: CallPlan): string {
    const { file } = this;
    const method = file.method(plan.method);
    const fields = plan.request.fields.length > 0;
    const to = fields ? `(w) => ${this.#requestCall(plan.request)}` : "() => {}";
    const timeout = plan.timeoutMs === undefined ? "" : `, ${plan.timeoutMs}`;
    const kind = plan.method.kind === "unary" ? "read" : "readStream";
    return `call.${kind}(${method}, ${to}${timeout})`;
  }

  #requestCall(translator: Translator): string {
    const name = requestFunction(this.file, translator);
    const reads = readsOf(translator);
    const all = [
      "w",
      ...(translator.source === undefined ? [] : ["input.begin()"]),
      ...reads.calls.map((call) => this.#replies.get(call)!),
      ...(reads.request ? ["input"] : []),
      ...(reads.auth ? ["call"] : []),
    ];
    return `${name}(${all.join(", ")})`;
  }

  #fetchJoins(): void {
    this.#declareRows();
    for (const group of this.#groups) {
      this.#scan(group);
      this.code.line(`await call.join(${group.joins.map((join) => this.#rows.get(join)!).join(", ")});`);
    }
  }

  #declareRows(): void {
    const siblings = new Map<string, string>();
    for (const group of this.#groups) {
      siblings.clear();
      for (const join of group.joins) {
        const owner = this.#ownerOf(this.plan.translator, join);
        this.#rowsDeclaration(join, owner, siblings);
      }
    }
  }

  #rowsDeclaration(join: JoinPlan, owner: Translator, siblings: Map<string, string>): void {
    const variable = this.#rows.get(join)!;
    const expression = this.#newRows(join, owner);
    // What is left without the join's own say is how rows are fetched: equal, the calls can be shared.
    const shared = expression.replace(/\{ onMissing: "\w+"(?:, )?/, "{ ").replace(", {  }", "");
    const sibling = siblings.get(shared);
    if (sibling === undefined) siblings.set(shared, variable);
    const missing = join.onMissing === "empty" ? "" : quote(join.onMissing);
    this.code.line(
      `const ${variable} = ${sibling === undefined ? expression : `${sibling}.sibling(${missing})`};`,
    );
  }

  #newRows(join: JoinPlan, owner: Translator): string {
    const { file } = this;
    const lookup = lookupConstant(file, join.lookup);
    file.use("Rows");
    const options: string[] = [];
    if (join.onMissing !== "empty") options.push(`onMissing: ${quote(join.onMissing)}`);
    const { set } = join.lookup;
    if (set !== undefined) options.push(`set: call.encode((w) => ${this.#requestCall(set)})`);
    const groups = innerGroups(owner, join);
    if (groups.length > 0) options.push(`inner: [${this.#inner(join, owner, groups).join(", ")}]`);
    return options.length === 0 ? `new Rows(${lookup})` : `new Rows(${lookup}, { ${options.join(", ")} })`;
  }

  #inner(join: JoinPlan, owner: Translator, groups: readonly JoinGroup[]): string[] {
    const all = groups.flatMap((group) => group.joins);
    return groups.map((group) => {
      const joins = group.joins.map((inner) => this.#newRows(inner, this.#ownerInside(owner, join, inner)));
      const after = group.after.map((before) => all.indexOf(before));
      const scan = scanRowFunction(this.file, owner, join, group.joins);
      const wanted = scanRows(this.#inside(owner, join), group.joins);
      const reads = readsOf(owner);
      const rest = [
        ...reads.calls.map((call) => this.#replies.get(call)!),
        ...(reads.request ? ["input"] : []),
        ...(reads.auth ? ["call"] : []),
      ];
      const rows = wanted.map((inner) => `rows[${all.indexOf(inner)}]!`);
      return `{ joins: [${joins.join(", ")}], after: [${after.join(", ")}], scan: (row, rows) => ${scan}(${["row", ...rest, ...rows].join(", ")}) }`;
    });
  }

  #inside(owner: Translator, join: JoinPlan): Translator[] {
    return owner.fields.flatMap((field) =>
      field.value.root.kind === "join" && field.value.root.join === join
        ? innerTranslators(field.conversion)
        : [],
    );
  }

  #ownerInside(owner: Translator, join: JoinPlan, inner: JoinPlan): Translator {
    for (const start of this.#inside(owner, join)) {
      const found = this.#findOwner(start, inner);
      if (found !== undefined) return found;
    }
    throw new Error(`no owner of ${inner.name}`);
  }

  #ownerOf(start: Translator, join: JoinPlan): Translator {
    const found = this.#findOwner(start, join);
    if (found === undefined) throw new Error(`no owner of ${join.name}`);
    return found;
  }

  #findOwner(start: Translator, join: JoinPlan): Translator | undefined {
    const seen = new Set<Translator>();
    const go = (translator: Translator): Translator | undefined => {
      if (seen.has(translator)) return undefined;
      seen.add(translator);
      if (ownJoins(translator).includes(join)) return translator;
      for (const field of translator.fields) {
        if (field.value.root.kind === "join") continue;
        for (const inner of innerTranslators(field.conversion)) {
          const found = go(inner);
          if (found !== undefined) return found;
        }
      }
      return undefined;
    };
    return go(start);
  }

  #scan(group: JoinGroup): void {
    const { code, plan } = this;
    for (const join of group.after) code.line(`${this.#rows.get(join)!}.rewind();`);
    const name = scanFunction(this.file, plan.translator, group.joins);
    const rows = scanRows(plan.translator, group.joins).map((join) => this.#rows.get(join)!);
    code.line(`${name}(${[...this.#sources(), ...rows].join(", ")});`);
    for (const join of group.after) code.line(`${this.#rows.get(join)!}.rewind();`);
  }

  /** The source and what else the response's functions read. */
  #sources(): string[] {
    const { plan } = this;
    const reads = readsOf(plan.translator);
    const unnamed = plan.calls.find((call) => call.unnamed);
    const source =
      unnamed === undefined || plan.translator.source === undefined ? [] : [this.#sourceOpen(unnamed)];
    return [
      ...source,
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
    code.line("const w = call.output();");
    code.line(
      `${name}(${["w", ...this.#sources(), ...this.#joins.map((join) => this.#rows.get(join)!)].join(", ")});`,
    );
    code.line(`${how} w.finish();`);
  }

  #stream(): void {
    const { code, plan } = this;
    const stream = plan.calls.find((call) => call.unnamed)!;
    const order = topological(plan.calls).filter((call) => call !== stream);
    for (const call of order) code.line(`const ${this.#replies.get(call)!} = await ${this.#read(call)};`);
    code.block(`for await (const ${this.#replies.get(stream)!} of ${this.#read(stream)}) {`, () => {
      this.#fetchJoins();
      this.#write("yield");
    });
  }

  #doc(): string[] {
    const { plan } = this;
    const lines = [`${plan.service.typeName}/${plan.desc.name}`, ""];
    const rows: Array<[string, string, string]> = [];
    for (const call of plan.calls) rows.push([call.name, call.method.name, ""]);
    const terms = [String(plan.calls.length)];
    const visit = (translator: Translator, joins: readonly JoinPlan[], indent: string): void => {
      for (const join of joins) {
        const { lookup } = join;
        const keys = join.key.map((value) => value.path.map((field) => field.name).join("."));
        const asked = lookup.ask.map((path) => path.map((field) => field.name).join("."));
        rows.push([
          `${indent}${join.name}`,
          lookup.method.name,
          asked.map((name, i) => `${name} <- ${keys[i]}`).join(", ") || `matched by ${keys.join(", ")}`,
        ]);
        if (lookup.mode === "all") terms.push("1");
        else if (lookup.mode === "each") terms.push(`distinct ${keys.join(", ")}`);
        else terms.push(`ceil(distinct ${keys.join(", ")} / ${lookup.batchSize})`);
        const owner = this.#findOwner(translator, join)!;
        for (const group of innerGroups(owner, join)) {
          for (const inner of group.joins)
            visit(this.#ownerInside(owner, join, inner), [inner], `${indent}  `);
        }
      }
    };
    visit(plan.translator, this.#joins, "");
    const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
    for (const [a, b, c] of rows)
      lines.push(`  ${a.padEnd(width(0))}  ${b.padEnd(width(1))}  ${c}`.trimEnd());
    lines.push("", `upstream calls: ${terms.join(" + ")}`);
    return lines;
  }
}

function innerTranslators(conversion: Translator["fields"][number]["conversion"]): readonly Translator[] {
  if (conversion.kind === "message") return [conversion.translator];
  if (conversion.kind === "map") return innerTranslators(conversion.value);
  return conversion.kind === "any" ? conversion.types : [];
}

/** Calls in an order in which each comes after those that it waits for; otherwise as they are written. */
function topological(calls: readonly CallPlan[]): CallPlan[] {
  const order: CallPlan[] = [];
  const visit = (call: CallPlan): void => {
    if (order.includes(call)) return;
    for (const before of calls) if (call.after.has(before)) visit(before);
    order.push(call);
  };
  for (const call of calls) visit(call);
  return order;
}

function waitsFor(call: CallPlan, other: CallPlan): boolean {
  return call.after.has(other) || [...call.after].some((before) => waitsFor(before, other));
}

/** Whether each step waits for the one before it, so that nothing can be done side by side. */
function isLinear(order: readonly CallPlan[], groups: readonly JoinGroup[]): boolean {
  const calls = order.every((call, i) => i === 0 || waitsFor(call, order[i - 1]!));
  return (
    calls &&
    groups.every((group, i) => i === 0 || group.after.some((join) => groups[i - 1]!.joins.includes(join)))
  );
}
