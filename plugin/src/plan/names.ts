/** The names most like `name`, best first, at most three; none that is too far off to be meant. */
export function nearest(name: string, candidates: Iterable<string>): string[] {
  const limit = Math.max(1, Math.floor(name.length / 3));
  const near = [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: unlikeness(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return near
    .filter(({ distance }) => distance <= near[0]!.distance + 1)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Letters to change; a name that is a part of the other, as "owner" is of "owner_id", is near too. */
function unlikeness(a: string, b: string): number {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const isPart =
    short.length >= 4 &&
    (long.startsWith(`${short}_`) || long.endsWith(`_${short}`) || long.endsWith(`.${short}`));
  return isPart ? 1 : distance(a, b);
}

/** "did you mean a, b or c?", or else `otherwise`. */
export function suggestion(name: string, candidates: Iterable<string>, otherwise: string): string {
  const names = nearest(name, candidates).map((candidate) => `"${candidate}"`);
  if (names.length === 0) return otherwise;
  const last = names.pop()!;
  return `did you mean ${names.length > 0 ? `${names.join(", ")} or ` : ""}${last}?`;
}

/** Levenshtein's distance, with a swap of neighbours as one step. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}
