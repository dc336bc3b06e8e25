import { type Audience, anyOf, beyond, describeAudience } from "./audience.js";
import { type Exposed, type ExposureList, keyOf } from "./exposure-list.js";

/** What became of an internal field. */
export interface ExposureChange {
  readonly kind: "readable" | "writable";
  /**
   * "new": it was not exposed at all; "wider": it was, but not to all of these; "narrower", "gone": the reverse;
   * "narrower-here": one public field is shown to fewer, while another, or a function, may show all of them the same;
   * "other": by another public field or another call, to the same people.
   */
  readonly change: "new" | "wider" | "narrower" | "narrower-here" | "gone" | "other";
  readonly internal: string;
  /** Who gets at it only now; of what is narrower or gone, who does no more. */
  readonly to: Audience;
  /** Who got at it before. */
  readonly before: Audience;
  readonly added: readonly Exposed[];
  readonly removed: readonly Exposed[];
}

/** What has changed between two lists, what is exposed only now first. */
export function exposureChanges(before: ExposureList, now: ExposureList): ExposureChange[] {
  const changes = (["readable", "writable"] as const).flatMap((kind) =>
    changesOf(kind, before[kind], now[kind]),
  );
  const order = ["new", "wider", "other", "narrower-here", "narrower", "gone"];
  return changes.sort((a, b) => order.indexOf(a.change) - order.indexOf(b.change));
}

function changesOf(
  kind: ExposureChange["kind"],
  before: readonly Exposed[],
  now: readonly Exposed[],
): ExposureChange[] {
  const fields = [...new Set([...before, ...now].map(({ internal }) => internal))].sort();
  return fields.flatMap((internal): ExposureChange[] => {
    const of = (list: readonly Exposed[]) => list.filter((entry) => entry.internal === internal);
    const [old, current] = [of(before), of(now)];
    const added = without(current, old);
    const removed = without(old, current);
    if (added.length === 0 && removed.length === 0) return [];
    const audience = (list: readonly Exposed[]) => anyOf(list.map((entry) => entry.for));
    const more = beyond(audience(current), audience(old));
    const less = beyond(audience(old), audience(current));
    const all = { kind, internal, before: audience(old), added, removed };
    if (old.length === 0) return [{ ...all, change: "new", to: more }];
    if (current.length === 0) return [{ ...all, change: "gone", to: less }];
    const wider = widened(old, current);
    if (wider !== undefined) return [{ ...all, change: "wider", ...wider }];
    if (less.length > 0) return [{ ...all, change: "narrower", to: less }];
    const fewer = widened(current, old);
    return [{ ...all, change: fewer === undefined ? "other" : "narrower-here", to: fewer?.to ?? [] }];
  });
}

/**
 * Who gets at a field only now. What a hand-written function gets it may let out, but may not: so it is no reason to be
 * silent where the field itself is shown to more, nor is another public field that shows the same.
 */
function widened(
  old: readonly Exposed[],
  current: readonly Exposed[],
): { readonly to: Audience; readonly before: Audience } | undefined {
  const grown = (now: readonly Exposed[], then: readonly Exposed[]) => {
    const before = anyOf(then.map((entry) => entry.for));
    const to = beyond(anyOf(now.map((entry) => entry.for)), before);
    return to.length === 0 ? undefined : { to, before };
  };
  const direct = (list: readonly Exposed[]) => list.filter(({ resolver }) => resolver === undefined);
  const known = new Map(old.map((entry) => [keyOf(entry), entry]));
  const same = current.filter((entry) => {
    const then = known.get(keyOf(entry));
    return then !== undefined && beyond(entry.for, then.for).length > 0;
  });
  return (
    grown(current, old) ??
    grown(direct(current), direct(old)) ??
    grown(
      same,
      same.map((entry) => known.get(keyOf(entry))!),
    )
  );
}

/** The entries that are not, or not for the same people, in another list. */
function without(list: readonly Exposed[], other: readonly Exposed[]): Exposed[] {
  const known = new Set(other.map((entry) => `${keyOf(entry)} ${entry.for.join("\n")}`));
  return list.filter((entry) => !known.has(`${keyOf(entry)} ${entry.for.join("\n")}`));
}

/** A change as it is told to people, on lines of its own. */
export function describeChange(change: ExposureChange): string {
  const { kind, internal, added, removed } = change;
  const is = kind === "readable" ? "public" : "writable";
  const to = describeAudience(change.to);
  const by = kind === "readable" ? "to" : "by";
  const headline = {
    new: `newly ${is}: ${internal}, ${by} ${to}`,
    wider: `${is} ${by} more: ${internal}, now also ${by} ${to}; before: ${describeAudience(change.before) || "only by what resolvers get"}`,
    narrower: `${is} ${by} fewer: ${internal}, no longer ${by} ${to}`,
    "narrower-here": `${is} ${by} fewer as one of several: ${internal}, there no longer ${by} ${to}`,
    gone: `no longer ${is}: ${internal}`,
    other: `${is} another way: ${internal}`,
  }[change.change];
  const line = (sign: string, entry: Exposed) =>
    `  ${sign} ${kind === "readable" ? "as" : "from"} ${entry.public}, through ${throughOf(entry)}, for ${describeAudience(entry.for)}\n`;
  return [
    `${headline}\n`,
    ...removed.map((entry) => line("-", entry)),
    ...added.map((entry) => line("+", entry)),
  ].join("");
}

function throughOf({ internal, through, resolver }: Exposed): string {
  // What a resolver makes goes through that alone.
  return resolver === undefined || through === internal ? through : `${through} and the resolver ${resolver}`;
}
