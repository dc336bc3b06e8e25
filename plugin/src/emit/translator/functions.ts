import type { FieldPlan, JoinPlan, Translator } from "../../plan/types.js";
import { readsOfJoin } from "../../plan/walk.js";
import type { FileScope } from "../file-scope.js";
import { messageShort, pascal } from "../names.js";
import { TranslatorEmitter } from "./translator.js";

/** The function that writes a message (its name; printed when first asked for). */
export function writeFunction(file: FileScope, translator: Translator): string {
  const name = writeName(translator);
  return file.once(`write ${file.translatorId(translator)}`, name, file.translators, (fn, code) => {
    new TranslatorEmitter(file, translator, { kind: "write" }, code).emit(fn);
  });
}

function writeName(translator: Translator): string {
  return `${translator.direction === "response" ? "write" : "to"}${pascal(messageShort(translator.target))}`;
}

/** The function that writes the request of a call (of a stream, `first`: one that differs from the others): methods that ask for the same in the same way share it. */
export function requestFunction(file: FileScope, translator: Translator, which: "" | "first" = ""): string {
  const name = which === "" ? writeName(translator) : `toFirst${pascal(messageShort(translator.target))}`;
  return file.onceByText(name, file.translators, (fn, code) => {
    new TranslatorEmitter(file, translator, { kind: "write" }, code).emit(fn);
  });
}

/** The function that walks a message and gathers the keys of `collect`. */
export function scanFunction(file: FileScope, translator: Translator, collect: readonly JoinPlan[]): string {
  const key = `scan ${file.translatorId(translator)} ${joinNames(collect)}`;
  return file.once(key, `scan${pascal(messageShort(translator.target))}`, file.translators, (fn, code) => {
    new TranslatorEmitter(file, translator, { kind: "scan", collect }, code).emit(fn);
  });
}

/** The function that walks a found row, in a field that is made from it, and gathers the keys of `collect`. */
export function scanRowFunction(
  file: FileScope,
  translator: Translator,
  field: FieldPlan,
  collect: readonly JoinPlan[],
): string {
  const name = pascal(field.target[0]!.name);
  const key = `scan row ${file.translatorId(translator)} ${name} ${joinNames(collect)}`;
  const wanted = `scan${pascal(messageShort(translator.target))}${name}`;
  return file.once(key, wanted, file.translators, (fn, code) => {
    new TranslatorEmitter(file, translator, { kind: "scan", collect }, code, field).emit(fn);
  });
}

/** Names joins such that those of a message that is made from two types differ. */
function joinNames(joins: readonly JoinPlan[]): string {
  return joins.map(joinIdentity).join();
}

function joinIdentity(join: JoinPlan): string {
  const roots = readsOfJoin(join).map(({ root }) =>
    root.kind === "source"
      ? root.message.typeName
      : root.kind === "join"
        ? `(${joinIdentity(root.join)})`
        : root.kind,
  );
  return `${join.owner.typeName}.${join.name}<${join.lookup.method.output.typeName}<${roots.join("+")}`;
}
