import { keyFields } from "../../plan/joins/key-messages.js";
import type { LookupPlan } from "../../plan/types.js";
import type { Field, Message } from "../../source/model.js";
import type { Code } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { messageShort, pascal } from "../names.js";
import { EGROUP, SGROUP, scalarOf, tagOf, wireOf } from "../wire.js";
import { Scan } from "./scan.js";
import { nonZero } from "./value.js";

/** The message in which a part of a key compares; undefined where it is no message. */
export function keyMessageOf(lookup: LookupPlan, part: number): Message | undefined {
  const field = lookup.ask[part]?.at(-1) ?? lookup.match?.[part]?.at(-1);
  return field?.type.kind === "message" ? field.type.message : undefined;
}

/** The expression that reads a message as a key: `at` is where it stands. */
export function messageKey(
  file: FileScope,
  field: Field,
  target: Message,
  reader: string,
  at: string,
): string {
  const source = (field.type as { message: Message }).message;
  return `${file.use("messageKey")}(${reader}, ${at}, ${keyFunction(file, source, target)})`;
}

/** The function that writes a message as a key: each value in one way, fields by number, no zeros. */
function keyFunction(file: FileScope, source: Message, target: Message): string {
  const wanted = `key${pascal(messageShort(target))}`;
  return file.once(`key ${source.typeName} ${target.typeName}`, wanted, file.translators, (name, code) => {
    const plan = keyFields(source, target);
    if ("problem" in plan) throw new Error(plan.problem);
    code.doc([`${target.typeName} <- ${source.typeName}, as a key`]);
    const parameters = `${plan.fields.length === 0 ? "_w" : "w"}: ${file.use("Writer", true)}, r: ${file.use("Reader", true)}`;
    code.block(`function ${name}(${parameters}): void {`, () => {
      const names = file.local();
      const scan = new Scan("", file);
      const slots = plan.fields.map((field) => scan.slot([field.source], names));
      scan.emit(code, "r", names, "end");
      plan.fields.forEach((field, i) => {
        writeField(file, code, field.source, field.target, slots[i]!);
      });
      code.line("r.leave(end);");
    });
  });
}

function writeField(file: FileScope, code: Code, source: Field, target: Field, at: string): void {
  if (target.type.kind === "message") {
    const write = keyFunction(file, (source.type as { message: Message }).message, target.type.message);
    const grouped = wireOf(target) === SGROUP;
    const content = `${write}(w, r.enter(${at}));`;
    const body = grouped
      ? [`w.tag(${tagOf(target, SGROUP)});`, content, `w.tag(${tagOf(target, EGROUP)});`]
      : [`const message = w.open(${tagOf(target)}, 16);`, content, "w.close(message);"];
    code.branches([{ condition: `${at} !== 0`, body }]);
    return;
  }
  file.use("writeKey");
  file.use("keyAt");
  // A zero is as good as unset unless both can tell the two apart.
  const keepsZero = target.presence !== "implicit" && source.presence !== "implicit";
  const condition = keepsZero ? `${at} !== 0` : `${at} !== 0 && ${nonZero(source, "r", at)}`;
  const value = `keyAt(r, ${at}, "${scalarOf(source)}")`;
  code.when(condition, `writeKey(w, ${tagOf(target)}, "${scalarOf(target)}", ${value});`);
}
