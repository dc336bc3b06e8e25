import type { AnyDesc, DescFile, DescMessage } from "@bufbuild/protobuf";
import { EXTENSION_NUMBER, optionSchemas } from "./annotations.js";
import { type Columns, columnsOf, offsetInLine } from "./columns.js";
import type { Span } from "./finding.js";
import { findInLiteral, parseOptionValue } from "./literal.js";
import { type Descriptor, namedPlaces, pathOf, spanAt } from "./span.js";
import type { SourceTexts } from "./text.js";

/** An element that can carry an annotation, or stand for one that is missing. */
export type Annotated = Extract<AnyDesc, { kind: Descriptor["kind"] }> & Descriptor;

/** Where in an element's annotation: `["join", 0, "key", 1]`. Empty: the element itself. */
export type OptionPath = ReadonlyArray<string | number>;

/** A part of a string value: offsets in UTF-16 units. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** What of an element is meant where no option is: its name, or the type that it names. */
export type Aspect = "name" | "type" | "input" | "output";

/** Finds the place of an element, an annotation, or a part of an annotation's string, as exactly as can be told. */
export function locate(
  texts: SourceTexts,
  element: Annotated,
  path: OptionPath = [],
  part?: Part,
  aspect: Aspect = "name",
): Span {
  const file = element.kind === "file" ? element : fileOf(element);
  const elementPath = pathOf(element);
  const text = textOf(texts, file);
  const nameSpan = () => inText(text, elementSpan(file, elementPath, element, aspect));
  if (path.length === 0) return nameSpan();
  const numbers = numberPath(element, path);
  const target = [...elementPath, ...numbers];
  // buf locates some fields inside option literals, protoc only options: take the longest prefix that has a place,
  // and read on from there in the text.
  const minimum = elementPath.length + 2;
  for (let length = target.length; length >= minimum; length--) {
    const span = spanAt(file, target.slice(0, length));
    if (span === undefined) continue;
    const rest = path.slice(Math.max(0, length - minimum));
    return withinText(text, span, rest, part) ?? inText(text, span);
  }
  // `option (x) = {…}` whose fields have no places of their own.
  return nameSpan();
}

interface FileText {
  readonly text: string;
  readonly lines: readonly string[];
  readonly starts: readonly number[];
  readonly columns: Columns;
}

const fileTexts = new WeakMap<SourceTexts, Map<string, FileText | undefined>>();

function textOf(texts: SourceTexts, file: DescFile): FileText | undefined {
  let known = fileTexts.get(texts);
  if (known === undefined) {
    known = new Map();
    fileTexts.set(texts, known);
  }
  const { name } = file.proto;
  if (!known.has(name)) {
    const text = texts.text(name);
    const lines = text?.split("\n") ?? [];
    const starts: number[] = [];
    let start = 0;
    for (const line of lines) {
      starts.push(start);
      start += line.length + 1;
    }
    known.set(
      name,
      text === undefined ? undefined : { text, lines, starts, columns: columnsOf(lines, namedPlaces(file)) },
    );
  }
  return known.get(name);
}

/** A descriptor's span in the columns of the text. */
function inText(file: FileText | undefined, span: Span): Span {
  if (file === undefined) return span;
  const column = (line: number, at: number) => offsetInLine(file.lines[line - 1] ?? "", at, file.columns) + 1;
  return {
    ...span,
    column: column(span.line, span.column),
    endColumn: column(span.endLine, span.endColumn),
  };
}

function withinText(
  file: FileText | undefined,
  described: Span,
  rest: OptionPath,
  part: Part | undefined,
): Span | undefined {
  if (file === undefined) return undefined;
  const { text, starts } = file;
  const span = inText(file, described);
  const start = (starts[span.line - 1] ?? text.length) + span.column - 1;
  const end = (starts[span.endLine - 1] ?? text.length) + span.endColumn - 1;
  // A text that has changed since the descriptors were made finds nothing.
  if (!(start >= 0 && end <= text.length && start < end)) return undefined;
  const value = parseOptionValue(text, start, end);
  if (value === undefined) return undefined;
  const found = findInLiteral(value, rest);
  if (found === undefined) return undefined;
  let [from, to] = [found.value.start, found.value.end];
  if (found.value.kind === "string") {
    // The text between the quotes, or the part of it; an empty one is shown by its quotes.
    const { offsets, value: content } = found.value;
    const { start: first, end: last } =
      part !== undefined && part.end <= content.length ? part : { start: 0, end: content.length };
    if (content !== "") {
      from = offsets[first]!;
      to = last > first ? offsets[last - 1]! + 1 : from + 1;
    }
  } else if (found.value.kind !== "scalar" || /^(?:true|false)$/.test(text.slice(from, to))) {
    // Of a literal in braces, and of a flag, the name says more than the value.
    const name = text.slice(found.name ?? start, from).replace(/[\s=:[{]+$/, "");
    if (name !== "") {
      from = found.name ?? start;
      to = from + name.length;
    }
  }
  return {
    file: span.file,
    ...place(starts, from, "line", "column"),
    ...place(starts, to, "endLine", "endColumn"),
  };
}

function place<L extends string, C extends string>(
  starts: readonly number[],
  offset: number,
  lineKey: L,
  columnKey: C,
): Record<L | C, number> {
  const after = starts.findIndex((start) => start > offset);
  const line = (after < 0 ? starts.length : after) - 1;
  return { [lineKey]: line + 1, [columnKey]: offset - starts[line]! + 1 } as Record<L | C, number>;
}

/** The path of an option in its descriptor: field numbers and indexes. */
function numberPath(element: Annotated, path: OptionPath): number[] {
  const { number, schema } = optionOf(element);
  const numbers = [number, EXTENSION_NUMBER];
  let message: DescMessage | undefined = schema;
  for (const step of path) {
    if (typeof step === "number") {
      numbers.push(step);
      continue;
    }
    const field = message?.fields.find((f) => f.name === step);
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
    case "extension":
      return { number: 8, schema: optionSchemas.field };
    case "enum_value":
      return { number: 3, schema: optionSchemas.enumValue };
    default:
      return { number: 0, schema: undefined };
  }
}

function fileOf(element: Exclude<Annotated, DescFile>): DescFile {
  return element.kind === "rpc" || element.kind === "field" || element.kind === "enum_value"
    ? element.parent.file
    : element.file;
}

/** Where an element's name, or its type's, stands. */
function elementSpan(file: DescFile, path: number[], element: Annotated, aspect: Aspect): Span {
  const nowhere: Span = { file: file.proto.name, line: 1, column: 1, endLine: 1, endColumn: 2 };
  if (element.kind === "file") return nowhere;
  // type_name of a field, input_type and output_type of a method; the name is field 1 of all descriptors.
  const number = { name: 1, type: 6, input: 2, output: 3 }[aspect];
  return spanAt(file, [...path, number]) ?? spanAt(file, [...path, 1]) ?? spanAt(file, path) ?? nowhere;
}
