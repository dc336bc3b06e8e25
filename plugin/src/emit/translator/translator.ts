import type { Compiled } from "../../expression/compile.js";
import { mayBeAbsent, mayBeUnknown } from "../../plan/calls/on-error.js";
import { finishedFor, readsOfThis } from "../../plan/joins/finished.js";
import type { CallPlan, Expression, FieldPlan, JoinPlan, Root, Translator } from "../../plan/types.js";
import { messageOfValue } from "../../plan/values/scope.js";
import { eachTranslator, hasOwnWalk, readsOfField, readsOfJoin, translatorsIn } from "../../plan/walk.js";
import {
  drops,
  innerIndex,
  ownJoins,
  type Reads,
  readsOf,
  scannedFields,
  scanReadsOf,
  scanRows,
  walkJoins,
} from "../analysis.js";
import { type Code, quote } from "../code.js";
import { type ExpressionOptions, emitExpression } from "../expressions.js";
import type { FileScope } from "../file-scope.js";
import { mayHave } from "../handler/policy.js";
import { pathsConstant } from "../handler/read-mask.js";
import { camel, type Names } from "../names.js";
import { FieldEmitter } from "./fields.js";
import { FrameEmitter, type Item } from "./frames.js";
import { scanFunction, writeFunction } from "./functions.js";
import { JoinEmitter } from "./joins.js";
import { RootScope } from "./root-scope.js";

/** What a function is for: to write a message, or to gather the keys of some joins in it. */
export type Mode =
  | { readonly kind: "write" }
  | { readonly kind: "scan"; readonly collect: readonly JoinPlan[] };

type WalkedRoot = Root & { kind: "source" | "request" | "call" | "join" };

function isWalked(root: Root): root is WalkedRoot {
  return ["source", "request", "call", "join"].includes(root.kind);
}

/** The fields that a walk for keys follows, and those that they read as `this`. */
function lookedAt(translator: Translator, collect: readonly JoinPlan[]): readonly FieldPlan[] {
  const fields = scannedFields(translator, collect);
  return [...fields, ...(finishedFor(translator, fields)?.fields ?? [])];
}

/** Whether the function of a message reads the message around it. */
function readsParent(translator: Translator, mode: Mode): boolean {
  const fields = mode.kind === "write" ? translator.fields : lookedAt(translator, mode.collect);
  const joins =
    mode.kind === "write" ? [] : ownJoins(translator).filter((join) => mode.collect.includes(join));
  return [...fields.flatMap(readsOfField), ...joins.flatMap(readsOfJoin)].some(
    ({ root }) => root.kind === "parent",
  );
}

/**
 * Prints one function: first the walks, which keep where values are (and do at once what is done with elements of
 * lists), then what opens the rows of joins, then what writes the fields.
 */
export class TranslatorEmitter {
  readonly direction: "response" | "request";
  readonly names: Names;
  readonly isWrite: boolean;
  readonly #fields: FieldEmitter;
  readonly #joins: JoinEmitter;
  readonly #calls = new Map<object, string>();
  readonly #rows = new Map<JoinPlan, string>();
  readonly #scopes = new Map<string, RootScope>();
  #request = "";

  constructor(
    readonly file: FileScope,
    readonly translator: Translator,
    readonly mode: Mode,
    readonly code: Code,
    /** Set for a scan of found rows: the field that is made from them. */
    readonly site?: FieldPlan,
  ) {
    this.direction = translator.direction;
    this.isWrite = mode.kind === "write";
    this.names = file.local();
    this.#fields = new FieldEmitter(this);
    this.#joins = new JoinEmitter(this, this.#fields);
  }

  emit(name: string): void {
    const { translator, file, code } = this;
    const reads = this.#reads();
    const joins = this.isWrite ? ownJoins(translator) : this.#scannedJoins();
    const fields = this.isWrite ? translator.fields : this.#scannedFields();
    const parameters: string[] = [];
    // A name that begins with `_` says that nothing is written.
    const isEmpty = fields.length === 0 && joins.length === 0;
    if (this.isWrite) parameters.push(`${isEmpty ? "_w" : "w"}: ${file.use("Writer", true)}`);
    if (this.#hasReader) parameters.push(`r: ${file.use("Reader", true)}`);
    for (const call of reads.calls) {
      const variable = this.names.unique(camel(call.name));
      this.#calls.set(call, variable);
      parameters.push(`${variable}: ${file.use("Reader", true)}`);
    }
    if (reads.request) {
      this.#request = "request";
      parameters.push(`request: ${file.use("Reader", true)}`);
    }
    if (reads.auth) parameters.push(`call: ${file.use("Call", true)}`);
    if (this.#readsParent) {
      file.use("cel");
      parameters.push("parent: cel.View");
    }
    for (const join of this.#joinParameters()) {
      const variable = this.names.unique(camel(join.name));
      this.#rows.set(join, variable);
      parameters.push(`${variable}: ${file.use("Rows", true)}`);
    }
    const isDropping = this.isWrite && drops(translator);
    code.doc(this.#doc());
    const start = code.length;
    code.block(`function ${name}(${parameters.join(", ")}): ${isDropping ? "boolean" : "void"} {`, () =>
      this.#body(fields, joins, isDropping),
    );
    // What is computed from nothing that could be missing asks for no caller.
    if (reads.auth) code.markUnused("call", start);
  }

  /** Whether the function has a source to walk. */
  get #hasReader(): boolean {
    return this.translator.source !== undefined || this.site !== undefined;
  }

  #reads(): Reads {
    const { mode, translator, site } = this;
    if (mode.kind === "write") return readsOf(translator);
    return scanReadsOf(site === undefined ? translator : translatorsIn(site.conversion), mode.collect);
  }

  #joinParameters(): readonly JoinPlan[] {
    const { mode, translator, site } = this;
    if (mode.kind === "write") return walkJoins(translator);
    return scanRows(site === undefined ? translator : translatorsIn(site.conversion), mode.collect);
  }

  /** In a scan: the joins of this message that keys are gathered for, and those whose rows the keys read. */
  #scannedJoins(): readonly JoinPlan[] {
    const { mode, translator, site } = this;
    if (mode.kind === "write" || site !== undefined) return [];
    return ownJoins(translator).filter(
      (join) => mode.collect.includes(join) || mode.collect.some((other) => other.after.includes(join)),
    );
  }

  /** In a scan: the fields in whose messages there are keys to gather. */
  #scannedFields(): readonly FieldPlan[] {
    const { translator, mode, site } = this;
    if (mode.kind === "write") return [];
    return site === undefined ? scannedFields(translator, mode.collect) : [site];
  }

  #doc(): string[] {
    const { target, source } = this.translator;
    if (this.mode.kind === "write")
      return [source === undefined ? target.typeName : `${target.typeName} <- ${source.typeName}`];
    const keys = this.mode.collect.map((join) => join.name).join(", ");
    const where =
      this.site === undefined
        ? target.typeName
        : `the rows that make ${this.site.target[0]!.name} of ${target.typeName}`;
    return [`Gathers the keys of ${keys} in ${where}`];
  }

  #body(fields: readonly FieldPlan[], joins: readonly JoinPlan[], isDropping: boolean): void {
    const { code, translator, site, file } = this;
    // All is asked for before anything is printed: walks come first, and find all that is asked for.
    const printJoins = joins.map((join) => this.#joins.join(join));
    const items: Item[] = [];
    for (const plan of fields) {
      if (translatorsIn(plan.conversion).some((inner) => readsParent(inner, this.mode)))
        this.view({ kind: "source", message: translator.source! });
      const item = this.#fields.field(plan);
      if (item !== undefined) items.push(item);
    }
    const frames = new FrameEmitter(this, items);
    if (this.#writeStart !== "") code.line(`const ${this.#writeStart} = w.pos;`);
    if (site !== undefined) this.scope(site.value.root).emit(code);
    else {
      if (translator.source !== undefined)
        this.scope({ kind: "source", message: translator.source }).emit(code);
      // In the same order in all functions of the message: rows are counted as they come by.
      for (const call of this.#calls.keys()) this.#scopes.get(`call ${file.id(call)}`)?.emit(code);
      this.#scopes.get("request")?.emit(code);
    }
    if (this.#finished !== "") this.#printFinished(fields);
    if (isDropping) code.line("let keep = true;");
    // What the keys of joins read beside the source.
    for (const line of this.#given) code.line(line);
    printJoins.forEach((print, i) => {
      print(isDropping);
      for (const line of this.#rowViews.get(joins[i]!) ?? []) code.line(line);
    });
    for (const line of this.#prelude) code.line(line);
    frames.print();
    if (this.#hasReader) code.line("r.leave(end);");
    if (isDropping) code.line("return keep;");
  }

  /** The walk over what a root stands for. */
  scope(root: Root): RootScope {
    if (!isWalked(root)) throw new Error(`${root.kind} is not walked`);
    const key =
      root.kind === "call"
        ? `call ${this.file.id(root.call)}`
        : root.kind === "join"
          ? `join ${this.file.id(root.join)}`
          : root.kind;
    let scope = this.#scopes.get(key);
    if (scope === undefined) {
      scope = this.#newScope(root);
      this.#scopes.set(key, scope);
    }
    return scope;
  }

  #newScope(root: WalkedRoot): RootScope {
    const { names, file } = this;
    if (root.kind === "source" || (root.kind === "join" && this.site !== undefined))
      return new RootScope("r", "", "", names, file);
    if (root.kind === "join")
      return new RootScope(names.unique(`${camel(root.join.name)}Row`), root.join.name, "", names, file);
    const from = root.kind === "call" ? this.#calls.get(root.call)! : this.#request;
    const name = root.kind === "call" ? root.call.name : "request";
    return new RootScope(names.unique(`${camel(name)}Reader`), name, `${from}.fork()`, names, file);
  }

  /** What comes after the walks, and before anything is written. */
  readonly #prelude: string[] = [];
  /** Views that come before what is done with joins, whose keys may read them. */
  readonly #given: string[] = [];
  /** Views of rows: as soon as it is known which they are. */
  readonly #rowViews = new Map<JoinPlan, string[]>();
  readonly #views = new Map<string, string>();
  #writeStart = "";
  /** In a scan: the variable that holds what is read as `this`. */
  #finished = "";

  /** What comes before the oneof of a field that reads what is written before it. */
  readonly #late = new Map<FieldPlan, string[]>();

  /** Prints something before anything is written, once all values are known: of a field that reads `this`, before its oneof. */
  before(plan: FieldPlan, line: string): void {
    if (!this.isWrite || readsOfThis(plan).length === 0) this.#prelude.push(line);
    else this.#late.set(plan, [...this.late(plan), line]);
  }

  /** What has to be printed before the oneof that a field is a member of. */
  late(plan: FieldPlan): readonly string[] {
    return this.#late.get(plan) ?? [];
  }

  get #readsParent(): boolean {
    return this.site === undefined && readsParent(this.translator, this.mode);
  }

  /** What an expression gives; undefined where something that it reads is not there. */
  evaluate(expression: Expression, options: ExpressionOptions = {}): string {
    const { text, fails } = this.expression(expression, options);
    const body = text.startsWith("{") ? `(${text})` : text;
    if (!fails && options.isStrict !== true) return text;
    if (this.direction === "request") return `${this.file.use("asked")}(call, () => ${body})`;
    return `${this.file.use("computed")}(() => ${body})`;
  }

  /** A condition, as the operand of `&&`. */
  condition(expression: Expression): string {
    const { text, fails } = this.expression(expression);
    if (fails) return `${this.file.use("holds")}(() => ${text})`;
    return / (\|\||\?) /.test(text) ? `(${text})` : text;
  }

  /** The condition under which a field is written at all, as the operand of `&&`: its `allow` and its `when`. */
  guard(plan: FieldPlan): string | undefined {
    const { allow, when } = plan;
    // What is computed from a join that nobody asked for would be computed from nothing.
    const parts = this.file.prunes ? this.#joinsOf(plan).map((rows) => `${rows}.needed`) : [];
    // What nobody gets cannot fail.
    if (this.#mayBeLeftOut(plan)) {
      const fields = pathsConstant(this.file, this.translator.target);
      parts.unshift(`w.wants(${fields}, ${quote(plan.target[0]!.name)})`);
    }
    // What a request must not set has been refused before.
    if (allow !== undefined && this.direction === "response")
      parts.push(mayHave(this.file, allow, this.#request));
    if (when !== undefined) parts.push(this.condition(when));
    return parts.length === 0 ? undefined : parts.join(" && ");
  }

  /**
   * Whether nothing but a field's own value depends on it, so that it need not be made where a read mask takes it out: no other
   * field, no member of its oneof, and no joins whose rows are counted as they come by.
   */
  #mayBeLeftOut(plan: FieldPlan): boolean {
    const { translator, file } = this;
    const { target, value, when } = plan;
    const [field] = target;
    if (!file.prunes || !this.isWrite || this.direction === "request") return false;
    if (value.root.kind !== "expression" && when === undefined) return false;
    if (target.length > 1 || field!.oneof !== undefined || field!.presence === "required") return false;
    const isRead = translator.fields.some((other) =>
      readsOfThis(other).some((name) => name === "" || name === field!.name),
    );
    let hasJoins = false;
    for (const inner of translatorsIn(plan.conversion))
      eachTranslator(inner, (one) => {
        if (ownJoins(one).length > 0) hasJoins = true;
      });
    return !isRead && !hasJoins;
  }

  /** The rows that a field is computed from, also by `this`: variables. */
  #joinsOf(plan: FieldPlan): string[] {
    if (this.direction === "request") return [];
    const found = new Set<string>();
    const seen = new Set<FieldPlan>();
    const visit = (field: FieldPlan, isComputed: boolean): void => {
      if (seen.has(field)) return;
      seen.add(field);
      for (const { root, path } of readsOfField(field)) {
        const rows = root.kind === "join" && isComputed ? this.#rows.get(root.join) : undefined;
        if (rows !== undefined) found.add(rows);
        if (root.kind !== "this") continue;
        for (const other of this.translator.fields)
          if (path.length === 0 || other.target[0] === path[0]) visit(other, true);
      }
      if (field === plan) return;
      for (const join of walkJoins(translatorsIn(field.conversion))) {
        const rows = this.#rows.get(join);
        if (rows !== undefined) found.add(rows);
      }
    };
    const { value, selection, when } = plan;
    visit(plan, value.root.kind === "expression" || selection !== undefined || when !== undefined);
    return [...found];
  }

  expression(expression: Expression, options: ExpressionOptions = {}): Compiled {
    const views = { call: "call", view: (root: Root) => this.view(root) };
    return emitExpression(this.file, this.names, views, expression, options);
  }

  /** A root as an expression sees it: a view, or of a join that is used as a list the views of its rows. */
  view(root: Root): string {
    const { file, names } = this;
    if (root.kind === "parent") return "parent";
    const message = messageOfValue({ root, path: [] })!;
    const type = file.views.type(message);
    if (root.kind === "this" && !this.isWrite) {
      if (this.#finished === "") this.#finished = names.unique("finished");
      // Opened after the walk.
      if (this.translator.source !== undefined)
        this.scope({ kind: "source", message: this.translator.source }).keepRange = true;
      return this.#finished;
    }
    if (root.kind === "this") {
      if (this.#writeStart === "") this.#writeStart = names.unique("wStart");
      return `${file.use("written")}(w, ${this.#writeStart}, ${type})`;
    }
    const key =
      root.kind === "call" || root.kind === "join"
        ? `${root.kind} ${file.id(root.kind === "call" ? root.call : root.join)}`
        : root.kind;
    let view = this.#views.get(key);
    if (view !== undefined) return view;
    file.use("cel");
    switch (root.kind) {
      case "source": {
        const { reader, start, end, before } = this.scope(root);
        view = names.unique("source");
        before.push(`const ${view} = new cel.View(${type}, ${reader}, ${start}, ${end});`);
        this.scope(root).keepRange = true;
        break;
      }
      case "request":
        view = names.unique("requestView");
        this.#given.push(`const ${view} = cel.viewOf(${this.#request}, ${type});`);
        break;
      case "call":
        view = names.unique(`${camel(root.call.name)}View`);
        this.#given.push(`const ${view} = ${this.#replyView(root.call, type)};`);
        break;
      case "join": {
        const { join } = root;
        const rows = this.#rows.get(join)!;
        if (join.use === "many") {
          view = names.unique(`${camel(join.name)}Views`);
          const views = file.use(mayBeUnknown(join) ? "knownRowViews" : "rowViews");
          this.#rowViews.set(join, [
            `const ${view} = ${views}(${rows}, ${this.#fields.manyRows.get(join)!}, ${type});`,
          ]);
        } else {
          view = names.unique(`${camel(join.name)}View`);
          this.#rowViews.set(join, [
            `const ${view} = ${file.use("rowView")}(${rows}, ${this.scope(root).entry}, ${type});`,
          ]);
        }
        break;
      }
      default:
        throw new Error(`${root.kind} is no message`);
    }
    this.#views.set(key, view);
    return view;
  }

  /** Writes aside what is read as `this`: then the rows of joins are where they were. */
  #printFinished(readers: readonly FieldPlan[]): void {
    const { translator, file, code } = this;
    const finished = finishedFor(translator, readers)!;
    const joins = walkJoins(finished).map((join) => this.rows(join));
    const reads = readsOf(finished);
    const source =
      translator.source === undefined
        ? undefined
        : this.scope({ kind: "source", message: translator.source }).again;
    const all = [
      "w",
      ...(source === undefined ? [] : [source]),
      ...reads.calls.map((call) => this.#calls.get(call)!),
      ...(reads.request ? [this.#request] : []),
      ...(reads.auth ? ["call"] : []),
      ...(readsParent(finished, { kind: "write" }) ? ["parent"] : []),
      ...joins,
    ];
    const write = `(w) => ${writeFunction(file, finished)}(${all.join(", ")})`;
    const type = file.views.type(translator.target);
    const rows = joins.length === 0 ? "" : `, [${joins.join(", ")}]`;
    code.line(`const ${this.#finished} = ${file.use("aside")}(${type}, ${write}${rows});`);
  }

  /** What a call answered; null where it was not made, or its error was let pass. */
  #replyView(call: CallPlan, type: string): string {
    const reply = this.#calls.get(call)!;
    const view = `cel.viewOf(${reply}, ${type})`;
    return mayBeAbsent(call) ? `${reply}.absent ? null : ${view}` : view;
  }

  /** The variable that holds the rows of a join of this message. */
  rows(join: JoinPlan): string {
    return this.#rows.get(join)!;
  }

  /** The field that is being printed: says which of the rows inside found rows are meant. */
  #current: FieldPlan | undefined;

  /** Prints something of a field. */
  in<T>(plan: FieldPlan, print: () => T): T {
    const before = this.#current;
    this.#current = plan;
    const result = print();
    this.#current = before;
    return result;
  }

  /** A call of a translator's function, from where its message is opened. */
  call(translator: Translator, source: string): string {
    const { mode, file } = this;
    const isWrite = mode.kind === "write";
    const reads = isWrite ? readsOf(translator) : scanReadsOf(translator, mode.collect);
    const joins = isWrite ? walkJoins(translator) : scanRows(translator, mode.collect);
    const name = isWrite ? writeFunction(file, translator) : scanFunction(file, translator, mode.collect);
    const all = [
      ...(isWrite ? ["w"] : []),
      ...(translator.source === undefined ? [] : [source]),
      ...reads.calls.map((call) => this.#calls.get(call)!),
      ...(reads.request ? [this.#request] : []),
      ...(reads.auth ? ["call"] : []),
      ...(readsParent(translator, mode)
        ? [this.view({ kind: "source", message: this.translator.source! })]
        : []),
      ...joins.map((join) => this.#rowsOf(join)),
    ];
    return `${name}(${all.join(", ")})`;
  }

  /** Rows of this walk, or of the rows that a join of this message has found. */
  #rowsOf(join: JoinPlan): string {
    const root = this.#current?.value.root;
    // First those inside: the same message may stand in this walk as well, with rows of its own.
    if (root?.kind === "join" && this.site === undefined && hasOwnWalk(this.#current!)) {
      const index = innerIndex(this.translator, root.join, this.#current!, join);
      if (index >= 0) return `${this.#rows.get(root.join)!}.inner[${index}]!`;
    }
    const own = this.#rows.get(join);
    if (own !== undefined) return own;
    throw new Error(`no rows for ${join.name}`);
  }

  /** In a scan: the statement that gathers the keys in an Any. */
  scanAny(types: readonly Translator[], reader: string, at: string): string {
    const { mode, file } = this;
    const collect = mode.kind === "scan" ? mode.collect : [];
    const entries = types
      .filter((type) => scanRows(type, collect).length > 0)
      .map((type) => `{ from: ${quote(type.source!.typeName)}, scan: (r) => ${this.call(type, "r")} }`);
    return `${file.use("scanAny")}(${reader}, ${at}, [${entries.join(", ")}]);`;
  }

  /** The table of the types that an Any may hold; made in place where they take more than what is in the Any. */
  anyTypes(types: readonly Translator[]): string {
    const { file } = this;
    const calls = types.map((type) => this.call(type, "r"));
    if (types.some((type, i) => calls[i] !== `${writeFunction(file, type)}(w, r)`)) {
      const entries = types.map(
        (type, i) =>
          `{ from: ${quote(type.source!.typeName)}, to: ${quote(type.target.typeName)}, write: (w, r) => ${calls[i]} }`,
      );
      return `[${entries.join(", ")}]`;
    }
    file.use("AnyType", true);
    const key = `any ${types.map((type) => file.translatorId(type)).join()}`;
    return file.once(key, "anyTypes", file.lookups, (name, code) => {
      code.block(`const ${name}: readonly AnyType[] = [`, () => {
        for (const type of types) {
          code.line(`{ from: ${quote(type.source!.typeName)}, to: ${quote(type.target.typeName)}, write: ${writeFunction(file, type)} },`);
        }
      }, "];"); // biome-ignore format: short
    });
  }
}
