import { parseArgs } from "node:util";

/** The flags of `npm run bench`. */
export interface Options {
  /** Parts to measure; empty: all. */
  readonly parts: readonly string[];
  /** Rounds of each gateway in each scenario. Default 5: many short runs in turn even out what else the machine does. */
  readonly rounds: number;
  /** Divides the requests of each run. Default 1; with --quick 4. */
  readonly divisor: number;
  /** Names of gateways to measure; empty: all. */
  readonly only: readonly string[];
  /** Names of scenarios to measure; empty: all. */
  readonly scenarios: readonly string[];
  /** Names of shapes of load; empty: all. */
  readonly shapes: readonly string[];
  /** "h2load" or "node"; undefined: h2load where installed. */
  readonly load: string | undefined;
  /** Whether a missed bar makes the exit code 1. */
  readonly gateBars: boolean;
  /** Whether each Node gateway writes a .cpuprofile into bench/out. */
  readonly cpuProfile: boolean;
}

/** The text for --help. */
export const usage = `npm run bench -- [flags]
  --part NAME        measure this part only; may be repeated: cpu (against the peers), auth, tls, workers, latency,
                     fan-out, idle, slow
  --quick            a quarter of the requests
  --rounds N         rounds of each gateway in each scenario (default 5)
  --only NAME        measure this gateway only; may be repeated
  --scenario NAME    measure this scenario only; may be repeated
  --shape NAME       under this load only: "8 x 10", "100 x 1" or "1 x 1"; may be repeated
  --load NAME        h2load or node (default: h2load where installed)
  --no-bars          report missed bars, but exit with 0
  --cpu-prof         write CPU profiles of the gateways to bench/out (slower: compare nothing with it)
  --help
`;

/** Parses the flags; undefined when help was asked for. Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: "string", multiple: true, default: [] },
      quick: { type: "boolean", default: false },
      rounds: { type: "string", default: "5" },
      only: { type: "string", multiple: true, default: [] },
      scenario: { type: "string", multiple: true, default: [] },
      shape: { type: "string", multiple: true, default: [] },
      load: { type: "string" },
      "no-bars": { type: "boolean", default: false },
      "cpu-prof": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds: a whole number from 1 up");
  return {
    parts: values.part,
    rounds,
    divisor: values.quick ? 4 : 1,
    only: values.only,
    scenarios: values.scenario,
    shapes: values.shape,
    load: values.load,
    gateBars: !values["no-bars"],
    cpuProfile: values["cpu-prof"],
  };
}

/** The items that are named, or all where none is. Throws on a name that no item has. */
export function pick<T extends { readonly name: string }>(
  items: readonly T[],
  names: readonly string[],
): readonly T[] {
  for (const name of names) {
    if (!items.some((item) => item.name === name)) {
      throw new Error(`no "${name}"; there are: ${items.map((item) => item.name).join(", ")}`);
    }
  }
  return names.length === 0 ? items : items.filter((item) => names.includes(item.name));
}
