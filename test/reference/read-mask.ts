import type { ReflectList, ReflectMap, ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Field, Message } from "../../plugin/src/source/model.js";
import { invalid } from "./failure.js";

const LEGACY_REQUIRED = 3;

/** Which fields of a response are wanted, as paths without `*`; undefined: all. */
export type Wanted = ReadonlyArray<readonly string[]> | undefined;

/** The paths of a read mask; one that the response does not have is INVALID_ARGUMENT. */
export function wantedBy(request: ReflectMessage, mask: Field, response: Message): Wanted {
  if (!request.isSet(mask.desc!)) return undefined;
  const message = request.get(mask.desc!) as ReflectMessage;
  const texts = [...(message.get(message.desc.fields[0]!) as ReflectList)] as string[];
  const paths = texts.map((text) => (text === "*" ? undefined : stepsOf(text.split("."), response)));
  return paths.length === 0 || paths.includes(undefined) ? undefined : (paths as string[][]);
}

function stepsOf([name, ...rest]: readonly string[], message: Message): string[] {
  const field = message.byName.get(name!);
  if (field === undefined) throw invalid(`no field ${name}`);
  // It stands for all elements.
  const steps = field.cardinality !== "singular" && rest[0] === "*" ? rest.slice(1) : rest;
  if (steps.length === 0) return [name!];
  const inner = field.type.kind === "message" ? contentOf(field, field.type.message) : undefined;
  // What is in a timestamp is of one piece.
  if (inner === undefined || /^google\.(protobuf|type|rpc)\./.test(inner.typeName))
    throw invalid(`nothing in ${name}`);
  return [name!, ...stepsOf(steps, inner)];
}

/** The message of a field; of a map, that of its values. */
function contentOf({ cardinality }: Field, message: Message): Message | undefined {
  if (cardinality !== "map") return message;
  const { type } = message.fields[1]!;
  return type.kind === "message" ? type.message : undefined;
}

/** Whether something of the field at a path is wanted. */
export function isWanted(wanted: Wanted, path: readonly string[]): boolean {
  return (
    wanted === undefined || wanted.some((one) => one.every((name, i) => i >= path.length || path[i] === name))
  );
}

/** Takes out of a message what is not wanted. */
export function prune(message: ReflectMessage, wanted: Wanted): void {
  if (wanted === undefined) return;
  for (const field of message.desc.fields) {
    const paths = wanted.filter(([name]) => name === field.name).map((path) => path.slice(1));
    if (paths.some((path) => path.length === 0)) continue;
    if (paths.length === 0) {
      // Without it the message could not be read.
      if (field.fieldKind === "list" || field.fieldKind === "map" || field.presence !== LEGACY_REQUIRED)
        message.clear(field);
    } else if (field.fieldKind === "message") {
      if (message.isSet(field)) {
        const inner = message.get(field);
        prune(inner, paths);
        message.set(field, inner);
      }
    } else if (field.fieldKind === "list") {
      for (const inner of message.get(field) as ReflectList) prune(inner as ReflectMessage, paths);
    } else if (field.fieldKind === "map") {
      for (const [, inner] of message.get(field) as ReflectMap) prune(inner as ReflectMessage, paths);
    }
  }
}
