import { isWellKnown } from "../../plan/values/values-read.js";
import type { Field, Message } from "../../source/model.js";
import { entryFields, isAny } from "../../source/shapes.js";
import { quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { camel, messageShort } from "../names.js";

/** The constant that says where the paths of a read mask may lead in a public message. */
export function pathsConstant(file: FileScope, message: Message): string {
  const wanted = camel(`${messageShort(message)}_fields`);
  return file.once(`paths ${message.typeName}`, wanted, file.lookups, (name, code) => {
    file.use("Paths", true);
    const entries = message.fields.map((field) => `[${quote(field.name)}, ${pathField(file, field)}]`);
    // The formatter keeps a list of lists on one line only if it has one element.
    if (entries.length < 2) code.line(`const ${name}: Paths = new Map([${entries.join(", ")}]);`);
    else {
      code.block(`const ${name}: Paths = new Map([`, () => {
        for (const entry of entries) code.line(`${entry},`);
      }, "]);"); // biome-ignore format: short
    }
  });
}

function pathField(file: FileScope, field: Field): string {
  const parts = [`number: ${field.number}`];
  if (field.cardinality !== "singular") parts.push(field.cardinality === "map" ? "map: true" : "list: true");
  else if (field.presence === "required") parts.push("required: true");
  if (isAny(field.cardinality === "map" ? entryFields(field)[1] : field)) parts.push("any: true");
  const inner = messageInside(field);
  if (inner !== undefined) parts.push(`message: () => ${pathsConstant(file, inner)}`);
  return `{ ${parts.join(", ")} }`;
}

/** The message that paths may go on in: not one that every API has, which is of one piece. */
function messageInside(field: Field): Message | undefined {
  const { type } =
    field.cardinality === "map" && field.type.kind === "message" ? field.type.message.fields[1]! : field;
  if (type.kind !== "message") return undefined;
  return isWellKnown(type.message.typeName) ? undefined : type.message;
}
