import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bars as allBars, type Bar } from "./bars.js";
import { median } from "./lib/median.js";
import { outDir } from "./lib/paths.js";
import type { Run } from "./measure.js";

/** The runs of one gateway in one scenario. */
export interface GatewayRuns {
  readonly name: string;
  readonly rounds: readonly Run[];
}

/** The runs of one scenario under one shape of load; of the first gateway, beside the others. */
export interface Row {
  readonly load: string;
  readonly scenario: string;
  readonly gateways: readonly GatewayRuns[];
}

/** Something that was found out beside the rows: what, and whether it is what it must be. */
export interface Finding {
  readonly part: string;
  readonly text: string;
  /** Absent: reported only. */
  readonly met?: boolean;
}

/** How the measurements were taken. */
export interface Setup {
  readonly loadGenerator: string;
  readonly rounds: number;
}

/** The contents of bench/out/bench.json. */
export interface Report extends Setup {
  readonly node: string;
  readonly platform: string;
  readonly rows: ReadonlyArray<{
    readonly load: string;
    readonly scenario: string;
    /** The gateway that the ratios are of. */
    readonly gateway: string;
    /** CPU time of the gateway's process per public request, in microseconds, by gateway. */
    readonly cpuUs: Readonly<Record<string, { readonly median: number; readonly rounds: readonly number[] }>>;
    /** Public requests in a second, by gateway; wall clock, for information only. */
    readonly perSecond: Readonly<Record<string, number>>;
    /** The first gateway over the other, in the same round; the median of the rounds; by the other's name. */
    readonly ratios: Readonly<Record<string, number>>;
    /** Bars of this row; `met` is absent when one of the two was not measured. */
    readonly bars: ReadonlyArray<
      Pick<Bar, "against" | "atMost" | "unit"> & { readonly value?: number; readonly met?: boolean }
    >;
  }>;
  readonly findings: readonly Finding[];
  /** False when any bar is missed. */
  readonly barsMet: boolean;
}

/** Medians, ratios and bars of all rows. */
export function makeReport(setup: Setup, rows: readonly Row[], findings: readonly Finding[]): Report {
  const reported = rows.flatMap((row) => (row.gateways.length === 0 ? [] : [reportRow(row)]));
  return {
    ...setup,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    rows: reported,
    findings,
    barsMet:
      reported.every((row) => row.bars.every((bar) => bar.met !== false)) &&
      findings.every((finding) => finding.met !== false),
  };
}

function reportRow({ load, scenario, gateways }: Row): Report["rows"][number] {
  const byName = <T>(value: (runs: readonly Run[]) => T): Record<string, T> =>
    Object.fromEntries(gateways.map(({ name, rounds }) => [name, value(rounds)]));
  const cpuUs = byName((runs) => {
    const rounds = runs.map((run) => run.cpuUs);
    return { median: median(rounds), rounds };
  });
  const gateway = gateways[0]!.name;
  const own = cpuUs[gateway]!.rounds;
  // Round by round, and then the median: what else the machine does changes from round to round, and is in both.
  const against = (name: string, compare: (own: number, other: number) => number) =>
    median(own.map((value, round) => compare(value, cpuUs[name]!.rounds[round]!)));
  const others = Object.keys(cpuUs).slice(1);
  const ratios = Object.fromEntries(
    others.map((name) => [name, against(name, (value, other) => value / other)]),
  );
  const bars = allBars
    .filter((bar) => bar.load === load && bar.scenario === scenario && bar.gateway === gateway)
    .map((bar) => {
      const { against: name, atMost, unit } = bar;
      const value =
        unit === "times" ? ratios[name] : name in cpuUs ? against(name, (a, b) => a - b) : undefined;
      return { against: name, atMost, unit, ...(value !== undefined && { value, met: value <= atMost }) };
    });
  const perSecond = byName((runs) => median(runs.map((run) => run.requests / run.seconds)));
  return { load, scenario, gateway, cpuUs, perSecond, ratios, bars };
}

/** The report for people: a table for each set of gateways, and what was found beside them. */
export function formatReport(report: Report): string {
  const { rounds, loadGenerator, node, platform } = report;
  const sets = new Map<string, Array<Report["rows"][number]>>();
  for (const row of report.rows) {
    const names = Object.keys(row.cpuUs).join();
    sets.set(names, [...(sets.get(names) ?? []), row]);
  }
  const findings = report.findings.map(
    ({ part, text, met }) => `${part}: ${text}${met === undefined ? "" : ` (${verdict(met)})`}`,
  );
  return [
    `CPU time of the gateway's process per public request, in microseconds: median of ${rounds}; ` +
      `${loadGenerator}, Node ${node}, ${platform}`,
    ...[...sets.values()].flatMap((rows) => ["", ...formatRows(rows)]),
    ...(findings.length === 0 ? [] : ["", ...findings]),
  ].join("\n");
}

function formatRows(rows: Report["rows"]): string[] {
  const [names, others] = [Object.keys(rows[0]!.cpuUs), Object.keys(rows[0]!.ratios)];
  const lines = [["load", "scenario", ...names, ...others.map((other) => `of ${other}`), "bars"]];
  for (const { load, scenario, cpuUs, ratios, bars } of rows) {
    lines.push([
      load,
      scenario,
      ...names.map((name) => cpuUs[name]!.median.toFixed(1)),
      ...others.map((other) => ratios[other]!.toFixed(3)),
      bars
        .filter(({ met }) => met !== undefined)
        .map(({ against, atMost, unit, value, met }) =>
          unit === "times"
            ? `${atMost} of ${against}: ${verdict(met)}`
            : `${value!.toFixed(1)} us more, at most ${atMost}: ${verdict(met)}`,
        )
        .join(", "),
    ]);
  }
  return table(lines);
}

/** Writes bench/out/`name`; answers with its path from the root of the repository. */
export function writeJson(name: string, value: object): string {
  mkdirSync(outDir, { recursive: true });
  writeFileSync(join(outDir, name), `${JSON.stringify(value, undefined, 2)}\n`);
  return `bench/out/${name}`;
}

/** "met", "MISSED" or "not measured". */
export function verdict(met: boolean | undefined): string {
  if (met === undefined) return "not measured";
  return met ? "met" : "MISSED";
}

/** Cells in columns: figures to the right, words to the left. */
export function table(lines: ReadonlyArray<readonly string[]>): string[] {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const isFigure = (column: number) => lines.slice(1).every((line) => /^[\d.-]+$/.test(line[column]!));
  const figures = widths.map((_, column) => isFigure(column));
  return lines.map((line) =>
    line
      .map((cell, column) =>
        figures[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("   ")
      .trimEnd(),
  );
}
