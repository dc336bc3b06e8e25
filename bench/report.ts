import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bars as allBars } from "./bars.js";
import { SUBJECT } from "./gateways.js";
import { median } from "./lib/median.js";
import { outDir } from "./lib/paths.js";
import type { Run } from "./measure.js";

/** The runs of one gateway in one scenario. */
export interface GatewayRuns {
  readonly name: string;
  readonly rounds: readonly Run[];
}

/** The runs of one scenario under one shape of load. */
export interface Row {
  readonly load: string;
  readonly scenario: string;
  /** Public requests of each run. */
  readonly requests: number;
  readonly gateways: readonly GatewayRuns[];
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
    readonly requests: number;
    /** CPU time of the gateway's process per public request, in microseconds, by gateway. */
    readonly cpuUs: Readonly<Record<string, { readonly median: number; readonly rounds: readonly number[] }>>;
    /** Public requests in a second, by gateway; wall clock, for information only. */
    readonly perSecond: Readonly<Record<string, number>>;
    /** Median of the generated gateway over median of the peer, by peer. */
    readonly ratios: Readonly<Record<string, number>>;
    /** Bars of this row; `met` is absent when one of the two was not measured. */
    readonly bars: ReadonlyArray<{
      readonly against: string;
      readonly atMost: number;
      readonly met?: boolean;
    }>;
  }>;
  /** False when any bar is missed. */
  readonly barsMet: boolean;
}

/** Medians, ratios and bars of all rows. */
export function makeReport(setup: Setup, rows: readonly Row[]): Report {
  const reported = rows.map(({ load, scenario, requests, gateways }) => {
    const byName = <T>(value: (runs: readonly Run[]) => T): Record<string, T> =>
      Object.fromEntries(gateways.map(({ name, rounds }) => [name, value(rounds)]));
    const cpuUs = byName((runs) => {
      const rounds = runs.map((run) => run.cpuUs);
      return { median: median(rounds), rounds };
    });
    const own = cpuUs[SUBJECT]?.median;
    const peers = own === undefined ? [] : Object.entries(cpuUs).filter(([name]) => name !== SUBJECT);
    const ratios = Object.fromEntries(peers.map(([name, peer]) => [name, own! / peer.median]));
    const bars = allBars
      .filter((bar) => bar.load === load && bar.scenario === scenario)
      .map(({ against, atMost }) => {
        const ratio = ratios[against];
        return { against, atMost, ...(ratio !== undefined && { met: ratio <= atMost }) };
      });
    const perSecond = byName((runs) => requests / median(runs.map((run) => run.seconds)));
    return { load, scenario, requests, cpuUs, perSecond, ratios, bars };
  });
  return {
    ...setup,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    rows: reported,
    barsMet: reported.every((row) => row.bars.every((bar) => bar.met !== false)),
  };
}

/** The report as a table for people. */
export function formatReport(report: Report): string {
  const names = [...new Set(report.rows.flatMap((row) => Object.keys(row.cpuUs)))];
  const peers = [...new Set(report.rows.flatMap((row) => Object.keys(row.ratios)))];
  const lines = [["load", "scenario", ...names, ...peers.map((peer) => `of ${peer}`), "bars"]];
  for (const { load, scenario, cpuUs, ratios, bars } of report.rows) {
    lines.push([
      load,
      scenario,
      ...names.map((name) => cpuUs[name]?.median.toFixed(1) ?? "-"),
      ...peers.map((peer) => ratios[peer]?.toFixed(2) ?? "-"),
      bars.map((bar) => `${bar.atMost} of ${bar.against}: ${verdict(bar.met)}`).join(", "),
    ]);
  }
  const { rounds, loadGenerator, node, platform } = report;
  return [
    `CPU time of the gateway's process per public request, in microseconds: median of ${rounds}; ` +
      `${loadGenerator}, Node ${node}, ${platform}`,
    "",
    ...table(lines),
  ].join("\n");
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
