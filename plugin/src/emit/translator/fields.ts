import { mayBeAbsent } from "../../plan/calls/on-error.js";
import type { Conversion, FieldPlan, JoinPlan } from "../../plan/types.js";
import { hasOwnWalk, translatorsIn } from "../../plan/walk.js";
import { type Field, fieldName } from "../../source/model.js";
import { isEntryValue } from "../../source/shapes.js";
import { scanRows, walkJoins } from "../analysis.js";
import { type Branch, type Code, quote } from "../code.js";
import { pascal } from "../names.js";
import { isPackable, LEN, tagOf } from "../wire.js";
import { ComputedEmitter } from "./computed.js";
import type { Item } from "./frames.js";
import { manyRows } from "./joins.js";
import { MapEmitter } from "./maps.js";
import type { RootScope } from "./root-scope.js";
import { type ElementHandler, Scan } from "./scan.js";
import type { TranslatorEmitter } from "./translator.js";
import { type Found, ValueEmitter } from "./value.js";

type MessageConversion = Conversion & { kind: "message" };

/** Asks the walks for what each field needs, and prints what writes it. */
export class FieldEmitter {
  readonly values: ValueEmitter;
  readonly #maps: MapEmitter;
  readonly #computed: ComputedEmitter;
  /** Of joins that are used as lists: the variable that holds the number of the message's row. */
  readonly manyRows = new Map<JoinPlan, string>();
  /** Of fields that resolvers make: the variable that holds the number of what was made. */
  readonly resolved = new Map<JoinPlan, string>();

  constructor(readonly owner: TranslatorEmitter) {
    this.values = new ValueEmitter(owner.file, owner);
    this.#maps = new MapEmitter(this);
    this.#computed = new ComputedEmitter(this);
  }

  /** One field; undefined where all is done during the walk. */
  field(plan: FieldPlan): Item | undefined {
    const item = this.#item(plan);
    if (item === undefined) return undefined;
    const { print } = item;
    return this.#conditional({
      ...item,
      print: typeof print === "function" ? () => this.owner.in(plan, print) : print,
    });
  }

  /** A field with a `when` is written only if that is true, one with an `allow` for those whom it admits. */
  #conditional(item: Item): Item {
    // A walk over found rows sees the row alone, not the message that the condition is about.
    const holds = this.owner.site === undefined ? this.owner.guard(item.plan) : undefined;
    if (holds === undefined) return item;
    const and = (condition: string | undefined) => {
      if (condition === undefined) return holds;
      return `${holds} && ${/ \|\| /.test(condition) ? `(${condition})` : condition}`;
    };
    return {
      ...item,
      condition: and(item.condition),
      otherwise: (item.otherwise ?? []).map((branch) => ({ ...branch, condition: and(branch.condition) })),
    };
  }

  #item(plan: FieldPlan): Item | undefined {
    const item = this.#itemOf(plan);
    // In a scan, what a join feeds is looked at for whether it is there: the rows in it are not of this walk.
    const isForeign = !this.owner.isWrite && hasOwnWalk(plan) && this.owner.site === undefined;
    return item === undefined || !isForeign ? item : { ...item, print: [] };
  }

  #itemOf(plan: FieldPlan): Item | undefined {
    const { owner } = this;
    const { value } = plan;
    const { root } = value;
    if (root.kind === "auth") return this.#claim(plan, root.claim);
    if (plan.conversion.kind === "resolved" && root.kind === "join") return this.#resolved(plan, root.join);
    if (plan.selection !== undefined && owner.site === undefined)
      return this.#computed.rows(plan, plan.selection);
    if (root.kind === "expression") return this.#computed.value(plan, root.expression);
    if (root.kind === "join" && owner.site === undefined && root.join.use === "many")
      return owner.isWrite || this.#hasRows(plan) ? manyRows(this, plan, root.join) : undefined;
    const last = value.path.at(-1);
    if (last === undefined) return this.#whole(plan);
    const scope = owner.scope(root);
    if (last.cardinality === "repeated") {
      if (plan.target.length > 1 || owner.guard(plan) !== undefined) return this.#nestedList(plan, scope);
      scope.scan.each(value.path, this.elements(plan, plan.target.at(-1)!, last));
      return undefined;
    }
    const at = scope.scan.slot(value.path, owner.names);
    if (last.cardinality === "map") return this.#maps.map(plan, scope.reader, at, this.#again(plan, scope));
    return this.#singular(plan, scope, { reader: scope.reader, at, field: last });
  }

  #resolved(plan: FieldPlan, join: JoinPlan): Item {
    const found = this.resolved.get(join)!;
    const target = plan.target.at(-1)!;
    const { owner } = this;
    const refused: Branch[] =
      target.presence === "required"
        ? [{ condition: undefined, body: [`${owner.file.use("unresolved")}(${quote(fieldName(target))});`] }]
        : [];
    const print = [`${owner.rows(join)}.copy(w, ${found});`];
    return { plan, condition: `${found} >= 0`, print, otherwise: refused };
  }

  #claim(plan: FieldPlan, claim: readonly string[]): Item {
    const required = this.owner.direction === "request";
    const path = claim.map(quote).join(", ");
    const tag = tagOf(plan.target.at(-1)!);
    this.owner.file.use("writeClaim");
    return { plan, condition: undefined, print: [`writeClaim(w, ${tag}, call, [${path}], ${required});`] };
  }

  #singular(plan: FieldPlan, scope: RootScope, found: Found): Item {
    const { values, owner } = this;
    const { conversion } = plan;
    const target = plan.target.at(-1)!;
    const { reader, at } = found;
    const isRequired = target.presence === "required" && plan.target.length === 1 && owner.isWrite;
    const refused: Branch[] = isRequired
      ? [{ condition: undefined, body: [values.missingRequired(found, target)] }]
      : [];
    if (conversion.kind === "message") {
      const again = this.#again(plan, scope)?.replace(/\)$/, `, ${at})`) ?? `${reader}.enter(${at})`;
      return {
        plan,
        condition: this.#isThere(plan, scope, at),
        print: () => this.writeMessage(target, again, conversion),
        otherwise: refused,
      };
    }
    const condition = values.condition(found, target, conversion, plan.target.length > 1);
    if (conversion.kind === "any" && this.#hasRows(plan)) {
      const again = this.#again(plan, scope);
      const print = () => {
        if (again !== undefined) owner.code.line(`${again};`);
        for (const line of this.statements(plan, found, target)) owner.code.line(line);
      };
      return { plan, condition, print, otherwise: refused };
    }
    if (!owner.isWrite) return { plan, condition, print: [] };
    const print = values.statements(found, target, conversion);
    const lost = values.lostDefault(found.field!, target, conversion);
    if (lost === undefined) return { plan, condition, print, otherwise: refused };
    // What was not found has no default either: it is not there at all.
    const { root } = plan.value;
    const isThere =
      root.kind === "join" && owner.site === undefined
        ? `${scope.entry} >= 0`
        : root.kind === "call" && mayBeAbsent(root.call)
          ? `!${scope.reader}.absent`
          : undefined;
    const otherwise: Branch = { condition: isThere, body: [lost] };
    return { plan, condition, print, otherwise: [otherwise] };
  }

  /** The condition under which a message is there: the value of a map's entry always is, as is the entry. */
  #isThere({ value: { root, path } }: FieldPlan, scope: RootScope, at: string): string | undefined {
    if (!isEntryValue(path)) return `${at} !== 0`;
    return root.kind === "join" && this.owner.site === undefined ? `${scope.entry} >= 0` : undefined;
  }

  /** Whether there is something to write, or in a scan to gather, that needs the rows of joins. */
  #hasRows({ conversion }: FieldPlan): boolean {
    const { mode } = this.owner;
    const inside = translatorsIn(conversion);
    return mode.kind === "write" ? walkJoins(inside).length > 0 : scanRows(inside, mode.collect).length > 0;
  }

  /** What writes a value that is no message; of an Any in a scan, what gathers the keys in it. */
  statements(plan: FieldPlan, found: Found, target: Field, packed = false): readonly string[] {
    const { owner, values } = this;
    const { conversion } = plan;
    if (owner.isWrite) return values.statements(found, target, conversion, packed);
    if (conversion.kind !== "any" || !this.#hasRows(plan)) return [];
    return [owner.scanAny(conversion.types, found.reader, found.at)];
  }

  /** In a scan, nothing is written: only the keys inside are gathered. */
  writeMessage(target: Field, open: string, conversion: MessageConversion): void {
    const { owner } = this;
    const { code, mode } = owner;
    if (mode.kind === "write") this.values.message(code, target, open, conversion);
    else if (scanRows(conversion.translator, mode.collect).length > 0)
      code.line(`${owner.call(conversion.translator, open)};`);
  }

  /** A field that is the root itself. */
  #whole(plan: FieldPlan): Item {
    const { owner } = this;
    const { conversion } = plan;
    const { root } = plan.value;
    const target = plan.target.at(-1)!;
    // A mask or an Any that is a row itself: its own walk is all there is.
    if (conversion.kind !== "message") throw new Error("a root that is no message of its own");
    const scope = owner.scope(root);
    if (root.kind === "join" && owner.site === undefined) {
      // Opened where it is written: until then the message may have moved on to rows of messages inside it.
      const { entry } = scope;
      const open = `${owner.rows(root.join)}.open(${entry})`;
      return { plan, condition: `${entry} >= 0`, print: () => this.writeMessage(target, open, conversion) };
    }
    const open = scope.again;
    const write = () => this.writeMessage(target, open, conversion);
    if (root.kind === "call" && mayBeAbsent(root.call))
      return { plan, condition: `!${scope.reader}.absent`, print: write };
    const print = owner.isWrite ? () => owner.code.block("{", write) : write;
    return { plan, condition: undefined, print };
  }

  /** Where there are joins inside a found row: what opens it once more, with the joins inside it at their rows. */
  #again(plan: FieldPlan, scope: RootScope): string | undefined {
    const { root } = plan.value;
    const { owner } = this;
    if (root.kind !== "join" || !hasOwnWalk(plan) || !owner.isWrite) return undefined;
    if (walkJoins(translatorsIn(plan.conversion)).length === 0) return undefined;
    return `${owner.rows(root.join)}.open(${scope.entry})`;
  }

  /** A list that goes into a message inside the target: its walk is done once more where that is written. */
  #nestedList(plan: FieldPlan, scope: RootScope): Item {
    const { code, names } = this.owner;
    const field = plan.value.path.at(-1)!;
    const { again, end } = scope;
    const scan = new Scan("", this.owner.file);
    scan.each(plan.value.path, this.elements(plan, plan.target.at(-1)!, field));
    const there = names.unique(`has${pascal(field.name)}`);
    scope.before.push(`let ${there} = false;`);
    const note = (c: Code) => c.line(`${there} = true;`);
    const { conversion } = plan;
    if (conversion.kind === "enum" && conversion.map.otherwise === "ignore") {
      // A value that a closed enum does not know is as if it were not there.
      const value = (c: Code, reader: string) => {
        const mapped = this.values.mapEnum({ reader, at: "at", field: undefined }, conversion.map);
        c.line(`if (${mapped} !== undefined) ${there} = true;`);
      };
      scope.scan.each(plan.value.path, { value });
    } else scope.scan.each(plan.value.path, { value: note, messageAt: note, ignores: true });
    const print = () => {
      const inner = names.inner();
      code.block("{", () => {
        code.line(`${again};`);
        scan.emit(code, scope.reader, inner);
        code.line(`${scope.reader}.leave(${end});`);
      });
    };
    return { plan, condition: there, print };
  }

  /** What is done with the elements of a list, as they come by. */
  elements(plan: FieldPlan, target: Field, field: Field): ElementHandler {
    const { owner } = this;
    const { conversion } = plan;
    if (conversion.kind === "message")
      return { message: (_, __, open) => owner.in(plan, () => this.writeMessage(target, open, conversion)) };
    const write = (code: Code, reader: string, packed: boolean) => {
      const found: Found = { reader, at: "at", field: undefined };
      for (const line of owner.in(plan, () => this.statements(plan, found, target, packed))) code.line(line);
    };
    if (field.type.kind === "message") return { messageAt: (code, reader) => write(code, reader, false) };
    if (!isPackable(target) || conversion.kind === "wrap")
      return { value: (code, reader) => write(code, reader, false) };
    return {
      value: write,
      packed: {
        before: (code, reader) =>
          code.line(`const packed = w.open(${tagOf(target, LEN)}, stop - ${reader}.pos);`),
        after: (code) => code.line("w.close(packed);"),
      },
    };
  }
}
