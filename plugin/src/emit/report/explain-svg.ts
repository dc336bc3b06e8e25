import { describeAudience } from "./audience.js";
import type { Explained, ExplainedStep } from "./explain.js";
import { graphOf, REQUEST, RESPONSE, type StepGraph } from "./explain-graph.js";
import { keysText } from "./explain-text.js";

/** So wide is a character of the font, which is the same for all of them, for its size. */
const CHARACTER = 0.602;
const SIZE = 12;
const LINE = 17;
const PADDING = 12;
const GAP = { column: 56, row: 20 };
const MARGIN = 24;
/** The lines above a drawing: the method, its calls, for whom. */
const HEADING = 3 * LINE + 16;

interface Box {
  readonly id: string;
  readonly kind: "end" | ExplainedStep["kind"] | "way";
  readonly lines: readonly string[];
  readonly column: number;
  readonly height: number;
  width: number;
  x: number;
  y: number;
}

/** A drawing of each method: calls and joins in columns, in the order in which they can start, and what waits for what. */
export function explainSvg(explained: readonly Explained[]): string {
  const drawings = explained.map(draw);
  const width = Math.ceil(Math.max(0, ...drawings.map((drawing) => drawing.width)) + 2 * MARGIN);
  let y = MARGIN;
  const parts = drawings.map(({ body, height }) => {
    const part = `<g transform="translate(${MARGIN} ${y})">\n${body}</g>\n`;
    y += height + 2 * MARGIN;
    return part;
  });
  const height = Math.ceil(Math.max(y - MARGIN, 2 * MARGIN));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${SIZE}">
<style>
text { fill: #1f2328; }
.name { font-weight: bold; }
.note { fill: #59636e; }
rect { fill: #f6f8fa; stroke: #59636e; }
.join { fill: #ddf4ff; stroke: #0969da; }
.end { fill: #ffffff; }
.edge { fill: none; stroke: #59636e; stroke-width: 1.5; marker-end: url(#arrow); }
</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#59636e"/></marker></defs>
<rect width="100%" height="100%" style="fill: #ffffff; stroke: none"/>
${parts.join("")}</svg>
`;
}

function draw(method: Explained): { readonly body: string; readonly width: number; readonly height: number } {
  const graph = graphOf(method);
  const { boxes, chains } = boxesOf(method, graph);
  const size = place(boxes, chains);
  const heading = [
    method.method,
    `upstream calls: ${method.calls.formula}`,
    `for ${describeAudience(method.for)}`,
  ];
  const texts = heading.map((line, i) => text(line, 0, LINE * (i + 1) - 4, i === 0 ? "name" : "note"));
  const edges = chains.map((chain) => edge(chain));
  const shapes = boxes.filter(({ kind }) => kind !== "way").map(shape);
  return {
    body: [...texts, `<g transform="translate(0 ${HEADING})">\n`, ...edges, ...shapes, "</g>\n"].join(""),
    width: Math.max(size.width, ...heading.map(widthOf)),
    height: HEADING + size.height,
  };
}

/** The boxes, and each edge as the boxes that it goes by: one in every column, so that it crosses no other. */
function boxesOf(method: Explained, { edges, columns }: StepGraph): { boxes: Box[]; chains: Box[][] } {
  const boxes: Box[] = [];
  const add = (id: string, kind: Box["kind"], lines: readonly string[], column: number): Box => {
    const width = kind === "way" ? 0 : Math.max(...lines.map(widthOf)) + 2 * PADDING;
    const height = kind === "way" ? LINE : lines.length * LINE + 2 * PADDING - 6;
    const box = { id, kind, lines, column, width, height, x: 0, y: 0 };
    boxes.push(box);
    return box;
  };
  const byId = new Map<string, Box>();
  for (const id of [REQUEST, RESPONSE]) byId.set(id, add(id, "end", [id], columns.get(id)!));
  for (const step of method.steps)
    byId.set(step.id, add(step.id, step.kind, linesOf(step), columns.get(step.id)!));
  const chains = edges.map(([before, after]) => {
    const [start, end] = [byId.get(before)!, byId.get(after)!];
    const between = Array.from({ length: end.column - start.column - 1 }, (_, i) =>
      add("", "way", [], start.column + 1 + i),
    );
    return [start, ...between, end];
  });
  return { boxes, chains };
}

function linesOf(step: ExplainedStep): string[] {
  const keys = step.keys === undefined ? [step.effect.toLowerCase()] : keysText(step).split("; ");
  const extra =
    step.onMissing === undefined || step.onMissing === "empty" ? [] : [`missing: ${step.onMissing}`];
  const when = step.when === undefined ? [] : [shortened(`if ${step.when.replace(/\s+/g, " ")}`)];
  return [step.id, step.method.split(".").at(-1)!, ...keys.map(shortened), ...when, ...extra];
}

function shortened(line: string): string {
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** Gives every box its place: columns from left to right, in each the boxes below each other, near what they wait for. */
function place(
  boxes: readonly Box[],
  chains: ReadonlyArray<readonly Box[]>,
): { width: number; height: number } {
  const before = new Map<Box, Box[]>();
  for (const chain of chains)
    for (let i = 1; i < chain.length; i++)
      before.set(chain[i]!, [...(before.get(chain[i]!) ?? []), chain[i - 1]!]);
  const count = Math.max(...boxes.map(({ column }) => column)) + 1;
  const columns = Array.from({ length: count }, (_, i) => boxes.filter(({ column }) => column === i));
  const heightOf = (column: readonly Box[]) =>
    column.reduce((sum, { height }) => sum + height, 0) + GAP.row * (column.length - 1);
  const height = Math.max(...columns.map(heightOf));
  let x = 0;
  for (const column of columns) {
    const middle = (box: Box) => {
      const from = before.get(box) ?? [];
      return from.reduce((sum, { y, height: h }) => sum + y + h / 2, 0) / Math.max(1, from.length);
    };
    column.sort((a, b) => middle(a) - middle(b));
    const width = Math.max(...column.map((box) => box.width));
    let y = (height - heightOf(column)) / 2;
    for (const box of column) {
      // A line goes by the boxes of a column level, along all of it.
      if (box.kind === "way") box.width = width;
      box.x = x + (width - box.width) / 2;
      box.y = y;
      y += box.height + GAP.row;
    }
    x += width + GAP.column;
  }
  return { width: x - GAP.column, height };
}

function shape({ kind, lines, x, y, width, height }: Box): string {
  const radius = kind === "end" ? height / 2 : 6;
  const frame = `<rect class="${kind}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${round(radius)}"/>\n`;
  const rows = lines.map((line, i) =>
    text(line, x + PADDING, y + PADDING + LINE * i + 9, i === 0 ? "name" : "note"),
  );
  return frame + rows.join("");
}

/** A line through the middles of boxes, level where it leaves and where it arrives. */
function edge(chain: readonly Box[]): string {
  const [start, ...rest] = chain;
  let [x, y] = [start!.x + start!.width, start!.y + start!.height / 2];
  let path = `M${round(x)} ${round(y)}`;
  for (const box of rest) {
    const [toX, toY] = [box.x, box.y + box.height / 2];
    const middle = round((x + toX) / 2);
    path += ` C${middle} ${round(y)} ${middle} ${round(toY)} ${round(toX)} ${round(toY)}`;
    if (box.kind === "way") path += ` H${round(toX + box.width)}`;
    [x, y] = [toX + box.width, toY];
  }
  return `<path class="edge" d="${path}"/>\n`;
}

function widthOf(line: string): number {
  return line.length * SIZE * CHARACTER;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function text(line: string, x: number, y: number, style: string): string {
  return `<text class="${style}" x="${round(x)}" y="${round(y)}">${escaped(line)}</text>\n`;
}

/** Text that is never markup. */
function escaped(line: string): string {
  return line.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`).replace(/\p{Cc}/gu, " ");
}
