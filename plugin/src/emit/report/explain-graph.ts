import type { Explained } from "./explain.js";

/** What waits for what, from the request to the response. */
export interface StepGraph {
  /** Edges that say nothing new are left out: who waits for b, which waits for a, waits for a. */
  readonly edges: ReadonlyArray<readonly [before: string, after: string]>;
  /** The column of each: 0 is the request, the last one the response. */
  readonly columns: ReadonlyMap<string, number>;
}

export const REQUEST = "request";
export const RESPONSE = "response";

export function graphOf({ steps }: Explained): StepGraph {
  const before = new Map<string, readonly string[]>();
  for (const { id, waitsFor } of steps) before.set(id, waitsFor.length === 0 ? [REQUEST] : waitsFor);
  const awaited = new Set([...before.values()].flat());
  const last = steps.map(({ id }) => id).filter((id) => !awaited.has(id));
  before.set(REQUEST, []);
  before.set(RESPONSE, last.length === 0 ? [REQUEST] : last);

  const columns = new Map<string, number>();
  const columnOf = (id: string): number => {
    let column = columns.get(id);
    if (column === undefined) {
      column = Math.max(-1, ...before.get(id)!.map(columnOf)) + 1;
      columns.set(id, column);
    }
    return column;
  };
  for (const id of before.keys()) columnOf(id);

  const reaches = (from: string, to: string): boolean =>
    before.get(from)!.some((one) => one === to || (columns.get(one)! > columns.get(to)! && reaches(one, to)));
  const edges = [...before].flatMap(([id, all]) =>
    all
      .filter((one) => !all.some((other) => other !== one && reaches(other, one)))
      .map((one) => [one, id] as const),
  );
  return { edges, columns };
}
