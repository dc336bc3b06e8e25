import type { CallPlan, EnsurePlan, JoinPlan, MethodPlan, Root } from "../../plan/types.js";
import { type Code, quote } from "../code.js";
import { emitExpression } from "../expressions.js";
import type { FileScope } from "../file-scope.js";
import type { Names } from "../names.js";
import { callOptions } from "./call-options.js";

/** What the handler around the conditions knows. */
export interface EnsureScope {
  /** The variable that holds the reply of a call. */
  readonly reply: (call: CallPlan) => string;
  /** The variable that holds the rows of a join. */
  readonly rows: (join: JoinPlan) => string;
}

/** Prints the conditions of a method on what it has loaded, each as soon as that is there. */
export class EnsureEmitter {
  readonly #open: Set<EnsurePlan>;

  constructor(
    readonly file: FileScope,
    readonly plan: MethodPlan,
    readonly code: Code,
    readonly names: Names,
    readonly scope: EnsureScope,
  ) {
    this.#open = new Set(plan.ensures);
  }

  /** The calls whose replies conditions read. */
  get reads(): readonly CallPlan[] {
    return this.plan.ensures.flatMap(({ after }) => [...after]);
  }

  /** The calls whose replies those read that are not printed yet. */
  get readsLast(): readonly CallPlan[] {
    return [...this.#open].flatMap(({ after }) => [...after]);
  }

  /** Those whose calls have all answered, and that are not printed yet; those that read joins come last. */
  due(done: readonly CallPlan[]): EnsurePlan[] {
    const due = [...this.#open].filter(
      ({ after, joins }) => joins.size === 0 && [...after].every((call) => done.includes(call)),
    );
    for (const ensure of due) this.#open.delete(ensure);
    return due;
  }

  /** Those that read joins, and are not printed yet. */
  get joined(): readonly EnsurePlan[] {
    return [...this.#open].filter(({ joins }) => joins.size > 0);
  }

  /** Says that one is printed where it stands. */
  take(ensure: EnsurePlan): void {
    this.#open.delete(ensure);
  }

  /** Prints those whose calls have answered. */
  print(done: readonly CallPlan[]): void {
    for (const ensure of this.due(done)) this.statement(ensure);
  }

  /** Prints those that read joins, once all have answered. */
  printLast(): void {
    for (const ensure of this.#open) this.statement(ensure);
    this.#open.clear();
  }

  /** What says how the NOT_FOUND of the first call that it reads is told; undefined: as any is. */
  #denialRules({ after }: EnsurePlan): string | undefined {
    const [call] = after;
    if (call === undefined || call.onError.length === 0) return undefined;
    return callOptions(this.file, call, this.plan.translator);
  }

  statement(ensure: EnsurePlan): void {
    const { that, code, message } = ensure;
    const { file } = this;
    const rows = new Map<JoinPlan, string>();
    const view = (root: Root, type: string): string => {
      switch (root.kind) {
        case "request":
          return `cel.viewOf(input, ${type})`;
        case "call":
          return `cel.viewOf(${this.scope.reply(root.call)}, ${type})`;
        case "source":
          return this.#source(type);
        case "join":
          return this.#row(root.join, type, rows);
        default:
          throw new Error(`${root.kind} is nothing that a method has loaded`);
      }
    };
    const { text } = emitExpression(file, this.names, { view, call: "call" }, that, { isStrict: true });
    const isOwn = code === "NOT_FOUND" && message === undefined;
    const rules = isOwn ? this.#denialRules(ensure) : undefined;
    if (rules !== undefined) {
      this.code.line(`${file.use("ensureFound")}(call, ${rules}, () => ${text});`);
      return;
    }
    const more = [...(isOwn ? [] : [quote(code)]), ...(message === undefined ? [] : [quote(message)])];
    this.code.line(`${file.use("ensure")}(${[`() => ${text}`, ...more].join(", ")});`);
  }

  /** The source of the response: the reply of the call without a name, or what `select` picks of it. */
  #source(type: string): string {
    const call = this.plan.calls.find(({ unnamed }) => unnamed)!;
    const reply = this.scope.reply(call);
    const { path } = call.result;
    if (path.length === 0) return `cel.viewOf(${reply}, ${type})`;
    for (const field of path) this.file.views.read(field);
    const output = this.file.views.type(call.method.output);
    return `cel.viewOf(${reply}, ${output})${path.map(({ number }) => `.must<cel.View>(${number})`).join("")}`;
  }

  /** The found row of a join of the response itself: there is one, and it is taken again by who writes it. */
  #row(join: JoinPlan, type: string, known: Map<JoinPlan, string>): string {
    let view = known.get(join);
    if (view !== undefined) return view;
    const rows = this.scope.rows(join);
    view = this.names.unique(`${rows}View`);
    known.set(join, view);
    const call = join.use === "many" ? "rowViews" : "rowView";
    this.code.line(
      `const ${view} = ${this.file.use(call)}(${rows}, ${rows}.${join.use === "many" ? "row" : "take"}(), ${type});`,
    );
    this.code.line(`${rows}.rewind();`);
    return view;
  }
}
