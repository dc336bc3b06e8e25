import type { RuleId } from "../plan/rules.js";

/**
 * A place in a .proto file. Lines and columns are counted from 1, columns in UTF-16 units as editors do; the end is
 * exclusive. An empty file name: of no file in particular.
 */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One mistake in the annotations: where, what, and how to mend it. */
export interface Finding extends Span {
  readonly id: RuleId;
  readonly message: string;
  readonly fix: string;
}

/**
 * Sorted by place, and one per place and rule: a message that stands in ten methods has its mistake once. A field of
 * one message both ways whose name is wrong has no source, and goes nowhere in requests: that is one mistake too. So is
 * one that does not fit what it reads, which would also be written twice; and of a path what its first wrong name is.
 */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const unique = new Map<string, Finding>();
  for (const finding of findings) {
    const key = `${finding.file}:${finding.line}:${finding.column}:${finding.id}`;
    if (!unique.has(key)) unique.set(key, finding);
  }
  const isThere = (place: string, id: RuleId) => unique.has(`${place}:${id}`);
  const ends = new Set(
    findings.map(({ file, endLine, endColumn, id }) => `${file}:${endLine}:${endColumn}:${id}`),
  );
  const isSaid = ({ id, file, line, column }: Finding) => {
    const place = `${file}:${line}:${column}`;
    if (id === "request-unused") return isThere(place, "field-source");
    if (id === "set-conflict") return isThere(place, "type-mismatch");
    return (
      ["expression", "path-unknown"].includes(id) && ends.has(`${file}:${line}:${column - 1}:expression`)
    );
  };
  return [...unique.values()]
    .filter((finding) => !isSaid(finding))
    .sort(
      (a, b) =>
        compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.id, b.id),
    );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The text of a finding, in the form of compilers:
 *
 *     orders.proto:39:51: unknown-name: …
 *       39 |   string user_email = 3 [(portico.v1.field).from = "usr.email"];
 *          |                                                     ^^^
 *       fix: …
 *
 * `sourceLine` gives a line of a file, or undefined where the file was not found: the line is then left out.
 */
export function formatFinding(
  finding: Finding,
  sourceLine: (file: string, line: number) => string | undefined,
): string {
  if (finding.file === "") return `${finding.id}: ${finding.message}\n  fix: ${finding.fix}`;
  const out = [`${finding.file}:${finding.line}:${finding.column}: ${finding.id}: ${finding.message}`];
  const text = sourceLine(finding.file, finding.line);
  if (text !== undefined) {
    const number = String(finding.line);
    const end = finding.endLine === finding.line ? finding.endColumn : text.length + 1;
    const width = Math.max(1, Math.min(end, text.length + 1) - finding.column);
    // Tabs are kept, so that the caret stands under its text however wide they are shown.
    const indent = text.slice(0, finding.column - 1).replace(/[^\t]/g, " ");
    out.push(`  ${number} | ${text}`);
    out.push(`  ${" ".repeat(number.length)} | ${indent}${"^".repeat(width)}`);
  }
  out.push(`  fix: ${finding.fix}`);
  return out.join("\n");
}
