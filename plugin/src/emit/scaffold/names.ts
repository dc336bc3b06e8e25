/** Names as `buf lint` wants them. */

/** "leaderID" and "Leader-Id" are leader_id. */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replace(/\W+|_+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase();
}

/** "lease_time" is LeaseTime; what is upper case already stays. */
export function pascalCase(name: string): string {
  return name.replace(/(?:^|[\W_]+)([A-Za-z0-9]?)/g, (_, first: string) => first.toUpperCase());
}

const VERSION = /^v[1-9]\d*(?:(?:alpha|beta)\d*|p\d+.*|test.*)?$/;

/** "acme.api.orders.v1" for "acme.orders.v1": one `api` after the first step, and a version at the end. */
export function publicPackage(internal: string): string {
  const steps = internal === "" ? [] : internal.split(".");
  const version = VERSION.test(steps.at(-1) ?? "") ? steps.pop()! : "v1";
  const [first, ...rest] = steps.map((step) => snakeCase(step));
  return [...(first === undefined ? [] : [first]), "api", ...rest, version].join(".");
}

/** Keeps names apart: the first of `candidates` that is free, else the last one with a number. */
export class UniqueNames {
  readonly #taken = new Set<string>();

  take(...candidates: readonly string[]): string {
    const numbered = function* () {
      yield* candidates;
      for (let n = 2; ; n++) yield `${candidates.at(-1)}${n}`;
    };
    for (const name of numbered()) {
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
    throw new Error("unreachable: numbers do not end");
  }
}
