import type { AnyDesc, DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import { EXTENSION_NUMBER, optionSchemas } from "./annotations.js";
import type { Span } from "./finding.js";
import { type Literal, parseOptionValue } from "./literal.js";
import type { SourceTexts } from "./text.js";

/** An element that can carry an annotation, or stand for one that is missing. */
export type Annotated = Extract<
  AnyDesc,
  { kind: "service" | "rpc" | "message" | "field" | "enum_value" | "enum" | "file" }
>;

/** Where in an element's annotation: `["join", 0, "key", 1]`. Empty: the element itself. */
export type OptionPath = ReadonlyArray<string | number>;

/** A part of a string value: offsets in UTF-16 units. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** Finds the place of an element, an annotation, or a part of an annotation's string, as exactly as can be told. */
export function locate(texts: SourceTexts, element: Annotated, path: OptionPath = [], part?: Part): Span {
  const file = fileOf(element);
  const elementPath = pathOf(element);
  if (path.length === 0) return nameSpan(file, elementPath, element);
  const numbers = numberPath(element, path);
  const target = [...elementPath, ...numbers];
  // buf locates some fields inside option literals, protoc only options: take the longest prefix that has a place,
  // and read on from there in the text.
  const minimum = elementPath.length + 2;
  for (let length = target.length; length >= minimum; length--) {
    const span = spanAt(file, target.slice(0, length));
    if (span === undefined) continue;
    const rest = path.slice(Math.max(0, length - minimum));
    return withinText(texts, span, rest, part) ?? span;
  }
  // `option (x) = {…}` whose fields have no places of their own.
  return nameSpan(file, elementPath, element);
}

function withinText(
  texts: SourceTexts,
  span: Span,
  rest: OptionPath,
  part: Part | undefined,
): Span | undefined {
  const text = texts.text(span.file);
  if (text === undefined) return undefined;
  const lines = lineStarts(text);
  const start = offsetAt(text, lines, span.line, span.column);
  const end = offsetAt(text, lines, span.endLine, span.endColumn);
  // A text that has changed since the descriptors were made finds nothing.
  if (!(start >= 0 && end <= text.length && start < end)) return undefined;
  const value = parseOptionValue(text, start, end);
  if (value === undefined) return undefined;
  const found = descend(value, rest);
  if (found === undefined) return undefined;
  let from = found.start;
  let to = found.end;
  if (part !== undefined && found.kind === "string" && part.end <= found.value.length) {
    from = found.offsets[part.start]!;
    to = part.end > part.start ? found.offsets[part.end - 1]! + 1 : from + 1;
  }
  return {
    file: span.file,
    ...lineColumn(lines, from, "line", "column"),
    ...lineColumn(lines, to, "endLine", "endColumn"),
  };
}

function descend(value: Literal, path: OptionPath): Literal | undefined {
  let at: Literal = value;
  for (let i = 0; i < path.length; i++) {
    const step = path[i]!;
    if (typeof step === "number") {
      // A repeated field that is said once without brackets has the index 0; see below for the other cases.
      if (at.kind === "list") {
        const item: Literal | undefined = at.items[step];
        if (item === undefined) return undefined;
        at = item;
      } else if (step !== 0) return undefined;
      continue;
    }
    if (at.kind !== "message") return undefined;
    const values = at.fields.filter((field) => field.name === step).map((field) => field.value);
    const index = path[i + 1];
    if (typeof index === "number") {
      const elements = values.flatMap((v) => (v.kind === "list" ? v.items : [v]));
      const element = elements[index];
      if (element === undefined) return undefined;
      at = element;
      i++;
    } else {
      const last = values.at(-1);
      if (last === undefined) return undefined;
      at = last;
    }
  }
  return at;
}

function numberPath(element: Annotated, path: OptionPath): number[] {
  const { number, schema } = optionOf(element);
  const numbers = [number, EXTENSION_NUMBER];
  let message: DescMessage | undefined = schema;
  for (const step of path) {
    if (typeof step === "number") {
      numbers.push(step);
      continue;
    }
    const field: DescField | undefined = message?.fields.find((f) => f.name === step);
    if (field === undefined) break;
    numbers.push(field.number);
    message = field.message;
  }
  return numbers;
}

/** The number of the `options` field in the element's descriptor, and the schema of its annotation. */
function optionOf(element: Annotated): { number: number; schema: DescMessage | undefined } {
  switch (element.kind) {
    case "service":
      return { number: 3, schema: optionSchemas.service };
    case "rpc":
      return { number: 4, schema: optionSchemas.method };
    case "message":
      return { number: 7, schema: optionSchemas.message };
    case "field":
      return { number: 8, schema: optionSchemas.field };
    case "enum_value":
      return { number: 3, schema: optionSchemas.enumValue };
    default:
      return { number: 0, schema: undefined };
  }
}

/** The path of an element in its FileDescriptorProto. */
function pathOf(element: Annotated): number[] {
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

function fileOf(element: Annotated): DescFile {
  return element.kind === "file"
    ? element
    : element.kind === "rpc" || element.kind === "field" || element.kind === "enum_value"
      ? element.parent.file
      : element.file;
}

/** The name of an element: field 1 of most descriptors. */
function nameSpan(file: DescFile, path: number[], element: Annotated): Span {
  const nowhere: Span = { file: `${file.name}.proto`, line: 1, column: 1, endLine: 1, endColumn: 2 };
  if (element.kind === "file") return nowhere;
  return spanAt(file, [...path, 1]) ?? spanAt(file, path) ?? nowhere;
}

const spans = new WeakMap<DescFile, ReadonlyMap<string, readonly number[]>>();

function spanAt(file: DescFile, path: readonly number[]): Span | undefined {
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
    file: `${file.name}.proto`,
    line: line + 1,
    column: column + 1,
    endLine: endLine + 1,
    endColumn: endColumn + 1,
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return starts;
}

/** The offset of a place in a descriptor: compilers count a tab as up to the next multiple of eight columns. */
function offsetAt(text: string, starts: readonly number[], line: number, column: number): number {
  let offset = starts[line - 1] ?? text.length;
  for (let at = 1; at < column && offset < text.length; offset++) {
    at = text[offset] === "\t" ? at + 8 - ((at - 1) % 8) : at + 1;
  }
  return offset;
}

function lineColumn<L extends string, C extends string>(
  starts: readonly number[],
  offset: number,
  lineKey: L,
  columnKey: C,
): Record<L | C, number> {
  let line = 0;
  while (line + 1 < starts.length && starts[line + 1]! <= offset) line++;
  return { [lineKey]: line + 1, [columnKey]: offset - starts[line]! + 1 } as Record<L | C, number>;
}
