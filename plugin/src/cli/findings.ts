import { relative, sep } from "node:path";
import { RULES } from "../plan/rules.js";
import { type Finding, formatFinding } from "../source/finding.js";
import type { SourceTexts } from "../source/text.js";

export const FINDING_FORMATS = ["text", "json", "github", "sarif"] as const;
export type FindingFormat = (typeof FINDING_FORMATS)[number];

/** What printing findings needs to know. */
export interface FindingScope {
  readonly texts: SourceTexts;
  /** The folder that paths are printed relative to, so that they can be opened from there. */
  readonly base: string;
  /** Whether more will follow: a document is then one line. */
  readonly isStream?: boolean;
}

/** Findings in one of the formats; of no findings, in a format for people, nothing. */
export function formatFindings(
  findings: readonly Finding[],
  format: FindingFormat,
  scope: FindingScope,
): string {
  // In descriptors files are named as they are imported; here they are to be opened.
  const placed = findings.map((finding) => ({ ...finding, file: pathOf(finding.file, scope) }));
  const json = (value: unknown) => `${JSON.stringify(value, null, scope.isStream === true ? 0 : 2)}\n`;
  switch (format) {
    case "text":
      return placed
        .map((finding, i) =>
          formatFinding(finding, (_, line) => scope.texts.line(findings[i]!.file, line)).concat("\n"),
        )
        .join("\n");
    case "json":
      return json(placed.map(jsonOf));
    case "github":
      return placed.map((finding) => `${annotationOf(finding)}\n`).join("");
    case "sarif":
      return json(sarifOf(placed));
  }
}

function pathOf(file: string, { texts, base }: FindingScope): string {
  const path = file === "" ? undefined : texts.path(file);
  if (path === undefined) return file;
  return relative(base, path).split(sep).join("/");
}

function jsonOf({ id, file, line, column, endLine, endColumn, message, fix }: Finding): Finding {
  return { id, file, line, column, endLine, endColumn, message, fix };
}

/** A workflow command, which GitHub shows beside the line in a pull request. */
function annotationOf({ id, file, line, column, endLine, endColumn, message, fix }: Finding): string {
  // A column is said of places on one line only: over several, GitHub refuses it.
  const columns = endLine === line ? { col: column, endColumn } : {};
  const properties = { ...(file !== "" && { file, line, endLine, ...columns }), title: id };
  const text = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::error ${text.join(",")}::${escapeData(`${message}\nfix: ${fix}`)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** A log of SARIF 2.1.0, which code scanners read. */
function sarifOf(findings: readonly Finding[]): unknown {
  const ids = [...new Set(findings.map(({ id }) => id))].sort();
  const rules = ids.map((id) => ({ id, shortDescription: { text: RULES[id] } }));
  const results = findings.map((finding) => ({
    ruleId: finding.id,
    ruleIndex: ids.indexOf(finding.id),
    level: "error",
    message: { text: `${finding.message}\nfix: ${finding.fix}` },
    ...(finding.file !== "" && { locations: [{ physicalLocation: physicalLocation(finding) }] }),
  }));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "portico", rules } }, columnKind: "utf16CodeUnits", results }],
  };
}

function physicalLocation({ file, line, column, endLine, endColumn }: Finding): unknown {
  return {
    artifactLocation: {
      uri: file.split("/").map(encodeURIComponent).join("/"),
      uriBaseId: "%SRCROOT%",
    },
    region: { startLine: line, startColumn: column, endLine, endColumn },
  };
}
