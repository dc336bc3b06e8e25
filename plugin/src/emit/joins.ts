import type { FieldPlan, JoinPlan, Value } from "../plan/types.js";
import { fieldsOf } from "./analysis.js";
import { quote } from "./code.js";
import type { FieldEmitter } from "./fields.js";
import type { Item } from "./frames.js";
import { camel } from "./names.js";
import { Scan } from "./scan.js";
import type { TranslatorEmitter } from "./translator.js";
import { type Found, nonZero } from "./value.js";
import { scalarOf } from "./wire.js";

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
    if (mode.kind === "scan" && mode.collect.includes(join)) return this.#key(join, rows);
    const drop = (isDropping: boolean) => {
      if (isDropping && join.onMissing === "drop") code.line(`if (${rows}.dropped) keep = false;`);
    };
    if (mode.kind === "write" && join.use === "many") {
      const row = names.unique(`${camel(join.name)}At`);
      this.fields.manyRows.set(join, row);
      return (isDropping) => {
        code.line(`const ${row} = ${rows}.row();`);
        drop(isDropping);
      };
    }
    const scope = this.owner.scope({ kind: "join", join });
    return (isDropping) => {
      if (mode.kind === "write" && fieldsOf(translator, join).length === 0) code.line(`${rows}.take();`);
      else if (scope.keepsEntry) {
        code.line(`const ${scope.entry} = ${rows}.take();`);
        if (!scope.isEmpty) code.line(`const ${scope.reader} = ${rows}.open(${scope.entry});`);
      } else code.line(`const ${scope.reader} = ${rows}.one();`);
      drop(isDropping);
      if (!scope.isEmpty) scope.emit(code);
    };
  }

  #key(join: JoinPlan, rows: string): () => void {
    const { code, file } = this.owner;
    if (join.keyList) {
      const add = this.#keyList(join, join.key[0]!, rows);
      return () => code.line(add);
    }
    const parts = join.key.map((value) => {
      const field = value.path.at(-1)!;
      const { reader, scan } = this.owner.scope(value.root);
      const at = scan.slot(value.path, this.owner.names);
      const there =
        field.presence === "implicit" ? `${at} !== 0 && ${nonZero(field, reader, at)}` : `${at} !== 0`;
      return { there, key: `${reader}, ${at}, ${quote(scalarOf(field))}` };
    });
    const isSingle = parts.length === 1;
    if (!isSingle) file.use("keyAt");
    return () => {
      const add = isSingle
        ? `${rows}.addAt(${parts[0]!.key});`
        : `${rows}.add([${parts.map(({ key }) => `keyAt(${key})`).join(", ")}]);`;
      code.branches([
        { condition: parts.map((part) => part.there).join(" && "), body: [add] },
        { condition: undefined, body: [`${rows}.add(undefined);`] },
      ]);
    };
  }

  /** Notes where the keys of a list stand; gives the statement that adds them. */
  #keyList(join: JoinPlan, value: Value, rows: string): string {
    const scope = this.owner.scope(value.root);
    const list = this.owner.names.unique(`${camel(join.name)}KeysAt`);
    scope.before.push(`const ${list}: number[] = [];`);
    scope.scan.each(value.path, { value: (code) => code.line(`${list}.push(at);`) });
    return `${rows}.addListAt(${scope.reader}, ${list}, ${quote(scalarOf(value.path.at(-1)!))});`;
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
      const condition = values.condition(found, target, conversion);
      const body =
        conversion.kind === "message"
          ? () => fields.writeMessage(target, `${row}.enter(${at})`, conversion)
          : values.statements(found, target, conversion);
      code.branches([{ condition, body }]);
    });
  };
  return { plan, condition: undefined, print: () => owner.in(plan, print) };
}
