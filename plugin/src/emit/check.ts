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
      const entries = message.fields.map((field) => `[${field.number}, ${shape(file, field)}]`);
      // The formatter keeps a list of lists on one line only if it has one element.
      if (entries.length < 2) code.line(`const ${name}: Shape = new Map([${entries.join(", ")}]);`);
      else {
        code.block(`const ${name}: Shape = new Map([`, () => {
          for (const entry of entries) code.line(`${entry},`);
        }, "]);"); // biome-ignore format: short
      }
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
