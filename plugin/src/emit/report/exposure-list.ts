import { type Flow, flowsOf } from "../../plan/public/flows.js";
import type { Plan } from "../../plan/types.js";
import { type Audience, anyOf, audienceOf, both } from "./audience.js";

/** What a gateway lets out and in: the contents of exposure.json. */
export interface ExposureList {
  readonly readable: readonly Exposed[];
  readonly writable: readonly Exposed[];
}

/** A public field and the internal field that it shows, or that it sets. */
export interface Exposed {
  readonly internal: string;
  readonly public: string;
  /** The internal method that answers with the value, or that it is sent to; of what a resolver makes, that. */
  readonly through: string;
  /** The hand-written function that the value passes through. */
  readonly resolver?: string;
  readonly for: Audience;
}

/** The name of the file that is generated, and of the one that is checked in. */
export const EXPOSURE_FILE = "exposure.json";

/** Every public field of a plan with its internal one, sorted by the internal one: that is what is to be guarded. */
export function exposureList(plan: Plan): ExposureList {
  const found = { readable: new Map<string, Exposed>(), writable: new Map<string, Exposed>() };
  for (const { methods } of plan.files) {
    for (const method of methods) {
      const callers = audienceOf(method.policy);
      for (const flow of flowsOf(method)) {
        const audience = flow.allow.map(audienceOf).reduce(both, callers);
        const entry = entryOf(flow, audience);
        const key = keyOf(entry);
        const known = found[flow.kind].get(key);
        found[flow.kind].set(
          key,
          known === undefined ? entry : { ...entry, for: anyOf([known.for, audience]) },
        );
      }
    }
  }
  return { readable: sorted(found.readable), writable: sorted(found.writable) };
}

function entryOf({ internal, public: name, through, resolver }: Flow, audience: Audience): Exposed {
  return {
    internal,
    public: name,
    through: through === undefined ? internal : `${through.service}/${through.name}`,
    ...(resolver !== undefined && { resolver }),
    for: audience,
  };
}

/** What tells entries apart. */
export function keyOf(entry: Exposed): string {
  const { internal, public: name, through, resolver } = entry;
  return `${internal} ${name} ${through}${resolver === undefined ? "" : ` ${resolver}`}`;
}

function sorted(entries: ReadonlyMap<string, Exposed>): Exposed[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

/** The text of exposure.json: an entry on each line, so that a change is as many lines of a diff as it has entries. */
export function printExposure({ readable, writable }: ExposureList): string {
  const list = (name: string, entries: readonly Exposed[]) => {
    if (entries.length === 0) return `  "${name}": []`;
    return `  "${name}": [\n${entries.map((entry) => `    ${printEntry(entry)}`).join(",\n")}\n  ]`;
  };
  return `{\n${list("readable", readable)},\n${list("writable", writable)}\n}\n`;
}

function printEntry(entry: Exposed): string {
  const text = (value: string) => JSON.stringify(value);
  const { internal, public: name, through, resolver } = entry;
  const by = resolver === undefined ? "" : ` "resolver": ${text(resolver)},`;
  const audience = `[${entry.for.map(text).join(", ")}]`;
  return `{ "internal": ${text(internal)}, "public": ${text(name)}, "through": ${text(through)},${by} "for": ${audience} }`;
}

/** Reads an exposure.json, however it is formatted; undefined where it is none. */
export function parseExposure(text: string): ExposureList | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { readable, writable } = (value ?? {}) as Partial<Record<string, unknown>>;
  return isList(readable) && isList(writable) ? { readable, writable } : undefined;
}

function isList(value: unknown): value is Exposed[] {
  const isText = (item: unknown) => typeof item === "string";
  return (
    Array.isArray(value) &&
    value.every((item: Partial<Record<string, unknown>> | null) => {
      const { internal, public: name, through, resolver = "", for: audience } = item ?? {};
      return (
        [internal, name, through, resolver].every(isText) && Array.isArray(audience) && audience.every(isText)
      );
    })
  );
}
