import type { Message } from "../source/model.js";
import type { FileScope } from "./file-scope.js";
import { messageShort } from "./file-scope.js";
import { camel } from "./names.js";
import { isPackable, LEN, wireOf } from "./wire.js";

/** The constant that says what a request looks like, to tell malformed ones before anything is called. */
export function shapeConstant(file: FileScope, message: Message): string {
  return file.once(
    `shape ${message.typeName}`,
    camel(`${messageShort(message)}_shape`),
    file.lookups,
    (name, code) => {
      file.use("Shape", true);
      code.block(`const ${name}: Shape = new Map([`, () => {
      for (const field of message.fields) code.line(`[${field.number}, ${shape(file, field)}],`);
    }, "]);"); // biome-ignore format: short
    },
  );
}

function shape(file: FileScope, field: Message["fields"][number]): string {
  if (field.type.kind === "message") {
    const inner = shapeConstant(file, field.type.message);
    return `{ message: () => ${inner}${field.delimited ? ", group: true" : ""} }`;
  }
  const wire = wireOf(field);
  if (wire === LEN)
    return `{ wire: 2${field.utf8 && field.type.kind === "scalar" && field.type.scalar === "string" ? ", utf8: true" : ""} }`;
  return `{ wire: ${wire}${isPackable(field) ? ", packable: true" : ""} }`;
}
