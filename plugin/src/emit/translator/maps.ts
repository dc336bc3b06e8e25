import type { Conversion, FieldPlan } from "../../plan/types.js";
import type { Field, Scalar } from "../../source/model.js";
import { entryFields } from "../../source/shapes.js";
import { drops } from "../analysis.js";
import { LEN, tagOf } from "../wire.js";
import type { FieldEmitter } from "./fields.js";
import type { Item } from "./frames.js";
import type { Found } from "./value.js";

type MapConversion = Conversion & { kind: "map" };

/** Prints what writes maps: entry by entry, after the walk, since of those with the same key the last one wins. */
export class MapEmitter {
  constructor(readonly fields: FieldEmitter) {}

  /** `again`: opens the row that the map is in once more, with the joins inside it at their rows. */
  map(plan: FieldPlan, reader: string, entries: string, again: string | undefined): Item {
    const { owner } = this.fields;
    const { code } = owner;
    const { conversion } = plan;
    if (conversion.kind !== "map") throw new Error("a map that is not mapped as one");
    const target = plan.target.at(-1)!;
    owner.file.use("MapEntries");
    const print = () => {
      if (again !== undefined) code.line(`${again};`);
      const isNested = conversion.value.kind !== "scalar" && conversion.value.kind !== "enum";
      if (isNested) code.line(`${reader}.enterEntries();`);
      code.block(`for (let i = 0; i < ${entries}.size; i++) {`, () => {
        code.line(`const value = ${entries}.values[i]!;`);
        if (owner.isWrite) this.#entry(target, reader, entries, conversion);
        else if (conversion.value.kind === "message")
          this.fields.writeMessage(entryFields(target)[1], `${reader}.enter(value)`, conversion.value);
        else if (conversion.value.kind === "any")
          code.when("value !== 0", owner.scanAny(conversion.value.types, reader, "value"));
      });
      if (isNested) code.line(`${reader}.leaveEntries();`);
    };
    // In a message inside the target, whether there is anything decides whether that is written.
    return { plan, condition: plan.target.length > 1 ? `${entries}.size !== 0` : undefined, print };
  }

  #entry(target: Field, reader: string, entries: string, conversion: MapConversion): void {
    const { values, owner } = this.fields;
    const { code } = owner;
    const { keyFrom, keyTo, value } = conversion;
    const [, valueTo] = entryFields(target);
    const isDropping = value.kind === "message" && drops(value.translator);
    const mapped =
      value.kind === "enum" ? values.mapEnum({ reader, at: "value", field: conversion.from }, value.map) : "";
    if (value.kind === "enum" && value.map.otherwise === "ignore") {
      // A value that a closed enum does not know: it is as if the entry were not there.
      code.line(`const content = ${mapped};`);
      code.line("if (content === undefined) continue;");
    }
    code.line(`const key = ${entries}.keys[i]!;`);
    if (isDropping) code.line("const mark = w.pos;");
    code.line(`const entry = w.open(${tagOf(target)}, 32);`);
    const scalar = (field: Field) => (field.type as { scalar: Scalar }).scalar;
    const keys: Conversion = { kind: "scalar", from: scalar(keyFrom), to: scalar(keyTo) };
    code.when("key !== 0", values.statements({ reader, at: "key", field: undefined }, keyTo, keys)[0]!);
    if (value.kind === "message") {
      // A value that is not there is an empty message, with rows like any other.
      code.line(`const content = ${reader}.enter(value);`);
      code.line(`const message = w.open(${tagOf(valueTo, LEN)}, content.size);`);
      const call = owner.call(value.translator, "content");
      if (isDropping) {
        code.branches([
          {
            condition: call,
            body: () => {
              code.line("w.close(message);");
              code.line("w.close(entry);");
            },
          },
          { condition: undefined, body: ["w.rewind(mark);"] },
        ]);
        return;
      }
      code.line(`${call};`);
      code.line("w.close(message);");
    } else if (value.kind === "enum") {
      code.line(`w.int32(${tagOf(valueTo)}, ${value.map.otherwise === "ignore" ? "content" : mapped});`);
    } else {
      const found: Found = { reader, at: "value", field: undefined };
      code.branches([{ condition: "value !== 0", body: values.statements(found, valueTo, value) }]);
    }
    code.line("w.close(entry);");
  }
}
