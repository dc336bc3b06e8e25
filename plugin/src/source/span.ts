import type {
  DescEnum,
  DescEnumValue,
  DescExtension,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
} from "@bufbuild/protobuf";
import type { PlacedName } from "./columns.js";
import type { Span } from "./finding.js";

/** An element of a file that descriptors place. */
export type Descriptor =
  | DescFile
  | DescService
  | DescMethod
  | DescMessage
  | DescField
  | DescExtension
  | DescEnum
  | DescEnumValue;

/** The path of an element in its FileDescriptorProto. */
export function pathOf(element: Descriptor): number[] {
  switch (element.kind) {
    case "file":
      return [];
    case "service":
      return [6, element.file.services.indexOf(element)];
    case "rpc":
      return [...pathOf(element.parent), 2, element.parent.methods.indexOf(element)];
    case "message": {
      const parent = element.parent;
      const siblings = parent?.proto.nestedType ?? element.file.proto.messageType;
      const index = siblings.indexOf(element.proto);
      return parent === undefined ? [4, index] : [...pathOf(parent), 3, index];
    }
    case "field":
      return [...pathOf(element.parent), 2, element.parent.proto.field.indexOf(element.proto)];
    case "extension": {
      const { parent } = element;
      const siblings = parent?.proto.extension ?? element.file.proto.extension;
      const index = siblings.indexOf(element.proto);
      return parent === undefined ? [7, index] : [...pathOf(parent), 6, index];
    }
    case "enum": {
      const parent = element.parent;
      const siblings = parent?.proto.enumType ?? element.file.proto.enumType;
      const index = siblings.indexOf(element.proto);
      return parent === undefined ? [5, index] : [...pathOf(parent), 4, index];
    }
    case "enum_value":
      return [...pathOf(element.parent), 2, element.parent.values.indexOf(element)];
  }
}

const spans = new WeakMap<DescFile, ReadonlyMap<string, readonly number[]>>();

/** The span of what stands at a path of a FileDescriptorProto, in the compiler's columns. */
export function spanAt(file: DescFile, path: readonly number[]): Span | undefined {
  let index = spans.get(file);
  if (index === undefined) {
    const locations = file.proto.sourceCodeInfo?.location ?? [];
    index = new Map(locations.map((location) => [location.path.join(), location.span]));
    spans.set(file, index);
  }
  const span = index.get(path.join());
  if (span === undefined || span.length < 3) return undefined;
  const [line, column] = span as [number, number];
  const [endLine, endColumn] = span.length === 3 ? [line, span[2]!] : [span[2]!, span[3]!];
  return {
    file: file.proto.name,
    line: line + 1,
    column: column + 1,
    endLine: endLine + 1,
    endColumn: endColumn + 1,
  };
}

/** The names of the file's messages, fields, services and methods, where descriptors place them. */
export function namedPlaces(file: DescFile): PlacedName[] {
  const places: PlacedName[] = [];
  const add = (element: DescMessage | DescField | DescService | DescMethod): void => {
    const span = spanAt(file, [...pathOf(element), 1]);
    if (span !== undefined) places.push({ line: span.line, column: span.column, name: element.name });
  };
  const visit = (message: DescMessage): void => {
    add(message);
    for (const field of message.fields) add(field);
    for (const nested of message.nestedMessages) visit(nested);
  };
  for (const message of file.messages) visit(message);
  for (const service of file.services) {
    add(service);
    for (const method of service.methods) add(method);
  }
  return places;
}
