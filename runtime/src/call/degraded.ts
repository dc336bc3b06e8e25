import type { ReadMask } from "./read-mask.js";

// Far below the 8 KiB of headers that gRPC peers take by default.
const MAX_LENGTH = 4096;

/** The fields of a public response that were left empty, since an upstream failed and `on_error` allows it. */
export class Degraded {
  readonly #paths = new Set<string>();

  /** Notes paths; those that the client does not want were left out for that. */
  add(paths: readonly string[], mask?: ReadMask): void {
    for (const path of paths) if (mask === undefined || mask.wants(path)) this.#paths.add(path);
  }

  /** Sorted, with commas between; what would be too long for a header is cut after a path. Undefined: nothing is. */
  text(): string | undefined {
    if (this.#paths.size === 0) return undefined;
    const text = [...this.#paths].sort().join(",");
    return text.length <= MAX_LENGTH ? text : text.slice(0, text.lastIndexOf(",", MAX_LENGTH));
  }
}
