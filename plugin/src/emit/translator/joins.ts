import { mayDrop } from "../../plan/calls/on-error.js";
import type { FieldPlan, JoinPlan, ResolverPlan, Value } from "../../plan/types.js";
import { isEntryValue } from "../../source/shapes.js";
import { fieldsOf } from "../analysis.js";
import { type Code, quote } from "../code.js";
import { camel } from "../names.js";
import { scalarOf } from "../wire.js";
import type { FieldEmitter } from "./fields.js";
import type { Item } from "./frames.js";
import { keyMessageOf, messageKey } from "./key-messages.js";
import { Scan } from "./scan.js";
import type { TranslatorEmitter } from "./translator.js";
import { type Found, nonZero } from "./value.js";

/** Prints what is done with the joins of a message. */
export class JoinEmitter {
  constructor(
    readonly owner: TranslatorEmitter,
    readonly fields: FieldEmitter,
  ) {}

  /** What is done with one join: its row is opened and walked, or its key is gathered. */
  join(join: JoinPlan): (isDropping: boolean) => void {
    const { code, mode, names, translator } = this.owner;
    const rows = this.owner.rows(join);
    const { resolver } = join.lookup;
    if (mode.kind === "scan" && mode.collect.includes(join))
      return resolver === undefined ? this.#key(join, rows) : this.#reads(join, resolver, rows);
    if (resolver !== undefined) {
      const found = names.unique(`${camel(join.name)}At`);
      this.fields.resolved.set(join, found);
      return () => code.line(`const ${found} = ${rows}.take();`);
    }
    const drop = (isDropping: boolean) => {
      if (isDropping && mayDrop(join)) code.line(`if (${rows}.dropped) keep = false;`);
    };
    if (join.use === "many" && !this.#isKey(join)) {
      const row = names.unique(`${camel(join.name)}At`);
      this.fields.manyRows.set(join, row);
      return (isDropping) => {
        code.line(`const ${row} = ${rows}.row();`);
        drop(isDropping);
      };
    }
    const scope = this.owner.scope({ kind: "join", join });
    if (join.use === "many" && fieldsOf(translator, join).some((field) => field.inWalk)) {
      // A key reads the first row, and a field in the same walk all of them.
      const row = names.unique(`${camel(join.name)}At`);
      this.fields.manyRows.set(join, row);
      return () => {
        code.line(`const ${row} = ${rows}.row();`);
        code.line(`const ${scope.entry} = ${rows}.entries(${row})[0] ?? -1;`);
        if (scope.isEmpty) return;
        code.line(`const ${scope.reader} = ${rows}.open(${scope.entry});`);
        scope.emit(code);
      };
    }
    return (isDropping) => {
      if (
        !scope.keepsEntry &&
        (mode.kind === "write" ? fieldsOf(translator, join).length === 0 : scope.isEmpty)
      )
        code.line(`${rows}.take();`);
      else if (scope.keepsEntry) {
        code.line(`const ${scope.entry} = ${rows}.take();`);
        if (!scope.isEmpty) code.line(`const ${scope.reader} = ${rows}.open(${scope.entry});`);
      } else code.line(`const ${scope.reader} = ${rows}.one();`);
      drop(isDropping);
      if (!scope.isEmpty) scope.emit(code);
    };
  }

  /** Whether a key that is gathered reads the join's row: the first of it. */
  #isKey(join: JoinPlan): boolean {
    const { mode } = this.owner;
    const isJoin = ({ root }: Value) => root.kind === "join" && root.join === join;
    return mode.kind === "scan" && mode.collect.some((other) => other.key.some(isJoin));
  }

  /** What a resolver gets of the row. */
  #reads({ key }: JoinPlan, { reads }: ResolverPlan, rows: string): () => void {
    const { owner } = this;
    const { code } = owner;
    const values = key.map(({ root }, i) => {
      if (root.kind !== "expression") throw new Error("a resolver reads expressions");
      const { field } = reads[i]!;
      // What is not set is not given, where its presence says so.
      const isStrict = field?.cardinality === "singular" && field.presence !== "implicit";
      return `${reads[i]!.name}: ${owner.evaluate(root.expression, { isStrict })}`;
    });
    return () => {
      if (values.length === 0) code.line(`${rows}.ask({});`);
      else code.block(`${rows}.ask({`, () => {
        for (const value of values) code.line(`${value},`);
      }, "});"); // biome-ignore format: short
    };
  }

  #key(join: JoinPlan, rows: string): () => void {
    const { code, file, names } = this.owner;
    const when = join.when === undefined ? undefined : this.owner.condition(join.when);
    if (join.keyList) {
      const add = this.#keyList(join, join.key[0]!, rows);
      if (when === undefined) return () => code.line(add);
      const nothing = `${rows}.add(undefined);`;
      return () =>
        code.branches([
          { condition: when, body: [add] },
          { condition: undefined, body: [nothing] },
        ]);
    }
    const before: string[] = [];
    const parts = join.key.map((value, i) => {
      if (value.root.kind === "expression") {
        const key = names.unique(`${camel(join.name)}Key`);
        const type = quote(join.lookup.keyTypes[i]!);
        before.push(
          `const ${key} = ${file.use("keyOf")}(${this.owner.evaluate(value.root.expression)}, ${type});`,
        );
        return { there: `${key} !== undefined`, key, at: undefined };
      }
      const field = value.path.at(-1)!;
      const { reader, scan } = this.owner.scope(value.root);
      const at = scan.slot(value.path, this.owner.names);
      const message = keyMessageOf(join.lookup, i);
      if (message !== undefined)
        return { there: `${at} !== 0`, at: undefined, key: messageKey(file, field, message, reader, at) };
      const there =
        field.presence === "implicit" ? `${at} !== 0 && ${nonZero(field, reader, at)}` : `${at} !== 0`;
      const where = `${reader}, ${at}, ${quote(scalarOf(field))}`;
      return { there, key: `keyAt(${where})`, at: where };
    });
    const isSingle = parts.length === 1;
    const isDirect = isSingle && parts[0]!.at !== undefined;
    if (!isSingle && parts.some(({ at }) => at !== undefined)) file.use("keyAt");
    return () => {
      for (const line of before) code.line(line);
      const add = isDirect
        ? `${rows}.addAt(${parts[0]!.at});`
        : `${rows}.add(${isSingle ? parts[0]!.key : `[${parts.map(({ key }) => key).join(", ")}]`});`;
      const there = [...(when === undefined ? [] : [when]), ...parts.map((part) => part.there)];
      code.branches([
        { condition: there.join(" && "), body: [add] },
        { condition: undefined, body: [`${rows}.add(undefined);`] },
      ]);
    };
  }

  /** Notes where the keys of a list stand; gives the statement that adds them. */
  #keyList(join: JoinPlan, value: Value, rows: string): string {
    if (value.root.kind === "expression") {
      const values = this.owner.evaluate(value.root.expression);
      const type = quote(join.lookup.keyTypes[0]!);
      return `${rows}.addList(${this.owner.file.use("keysOf")}(${values}, ${type}));`;
    }
    const scope = this.owner.scope(value.root);
    const list = this.owner.names.unique(`${camel(join.name)}KeysAt`);
    scope.before.push(`const ${list}: number[] = [];`);
    const field = value.path.at(-1)!;
    const note = (code: Code) => code.line(`${list}.push(at);`);
    scope.scan.each(value.path, { value: note, messageAt: note });
    const message = keyMessageOf(join.lookup, 0);
    if (message !== undefined) {
      const key = messageKey(this.owner.file, field, message, scope.reader, "at");
      return `${rows}.addList(${list}.map((at) => ${key}));`;
    }
    return `${rows}.addListAt(${scope.reader}, ${list}, ${quote(scalarOf(field))});`;
  }
}

/** All found rows of a join. */
export function manyRows(fields: FieldEmitter, plan: FieldPlan, join: JoinPlan): Item {
  const { owner, values } = fields;
  const { code } = owner;
  const rows = owner.rows(join);
  const target = plan.target.at(-1)!;
  const { conversion } = plan;
  const print = () => {
    const row = owner.names.unique(`${camel(join.name)}Row`);
    const first = `${rows}.first(${fields.manyRows.get(join)!})`;
    code.block(`for (let ${row} = ${first}; ${row} !== undefined; ${row} = ${rows}.next()) {`, () => {
      const { path } = plan.value;
      const last = path.at(-1);
      if (last === undefined) {
        if (conversion.kind === "message") fields.writeMessage(target, row, conversion);
        return;
      }
      const names = owner.names.inner();
      const scan = new Scan(join.name, owner.file);
      if (last.cardinality === "repeated") {
        scan.each(path, fields.elements(plan, target, last));
        scan.emit(code, row, names);
        return;
      }
      const at = scan.slot(path, names);
      scan.emit(code, row, names);
      const found: Found = { reader: row, at, field: last };
      if (conversion.kind === "message" && isEntryValue(path)) {
        fields.writeMessage(target, `${row}.enter(${at})`, conversion);
        return;
      }
      const condition = values.condition(found, target, conversion);
      const body =
        conversion.kind === "message"
          ? () => fields.writeMessage(target, `${row}.enter(${at})`, conversion)
          : fields.statements(plan, found, target);
      code.branches([{ condition, body }]);
    });
  };
  return { plan, condition: undefined, print: () => owner.in(plan, print) };
}
