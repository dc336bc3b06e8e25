import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Case, compareAsked, expected, handle } from "../differential/compare.js";
import { type Refused, type World, worlds } from "../differential/worlds.js";
import type { Sources } from "../support/compile.js";
import { decode } from "./decode.js";
import { plain } from "./plain.js";

/**
 * What a public method does with some bytes, computed by hand from design section 4: the plan is shared by the generator
 * and the reference, so that nothing else would tell when it is wrong. Bytes are written in hex.
 */
interface Pair {
  readonly rule: string;
  /** The end of the packages' names; default: a number. */
  readonly id?: string;
  readonly syntax?: readonly [string, string];
  /** Internal methods beside Get. */
  readonly methods?: readonly string[];
  readonly internal: readonly string[];
  readonly public: readonly string[];
  /** What the call says beside its method. */
  readonly call?: string;
  readonly request?: string;
  /** By method; a number is a code. */
  readonly replies: Readonly<Record<string, string | number>>;
  /** By method; of joins, one request for each key. */
  readonly asked?: Readonly<Record<string, readonly string[]>>;
  readonly response?: string;
  readonly code?: number;
}

const folder = fileURLToPath(new URL("pairs", import.meta.url));
const pairs = readdirSync(folder)
  .sort()
  .flatMap((file) => JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as Pair[])
  .map((pair, i) => ({ ...pair, id: pair.id ?? String(i) }));

const WELL_KNOWN = ["wrappers", "any", "field_mask"].map((name) => `import "google/protobuf/${name}.proto";`);

function sourcesOf({ id, syntax = ["proto3", "proto3"], methods = [], call, ...pair }: Pair): Sources {
  const first = (at: 0 | 1) =>
    syntax[at].startsWith("proto") ? `syntax = "${syntax[at]}";` : `edition = "${syntax[at]}";`;
  const messages = (side: readonly string[]) => {
    const missing = side.some((text) => text.startsWith("message Request ")) ? [] : ["message Request {}"];
    return [...side, ...missing].map((text) => text.replaceAll("$I", `i${id}`));
  };
  const option =
    call === undefined ? ";" : ` { option (portico.v1.method).call = {method: "i${id}.S/Get" ${call}}; }`;
  return {
    [`i${id}/a.proto`]: [
      first(0),
      `package i${id};`,
      ...WELL_KNOWN,
      `service S { rpc Get(Request) returns (Reply); ${methods.join(" ")} }`,
      ...messages(pair.internal),
    ].join("\n"),
    [`p${id}/a.proto`]: [
      first(1),
      `package p${id};`,
      ...WELL_KNOWN,
      `import "portico/v1/options.proto";`,
      `service P { option (portico.v1.service) = {from: "i${id}.S" allow: {authenticated: true}};`,
      `rpc Get(Request) returns (Reply)${option} }`,
      ...messages(pair.public),
    ].join("\n"),
  };
}

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

describe("hand-written pairs", () => {
  const made = worlds(pairs.map(sourcesOf));

  it("are at least 50", () => expect(pairs.length).toBeGreaterThanOrEqual(50));

  for (const [i, pair] of pairs.entries()) {
    it(pair.rule, async () => {
      const world = accepted(made[i]!);
      const [plan] = world.methods as [World["methods"][number]];
      const path = (method: string) => `i${pair.id}.S/${method}`;
      const data: Case = {
        request: bytes(pair.request ?? ""),
        replies: new Map(
          Object.entries(pair.replies).map(([method, reply]) => [
            path(method),
            typeof reply === "number" ? { code: reply } : bytes(reply),
          ]),
        ),
        principal: { subject: "someone", roles: [], scopes: [], claims: {} },
      };
      const show = (message: Uint8Array) =>
        plain(decode(plan.response.desc!, message, { strict: true }), world.registry);
      const actual = await handle(world, plan, data);
      const reference = expected(plan, data);
      for (const { responses, code } of [actual, reference]) {
        expect(code).toBe(pair.code);
        expect(responses.map(show)).toEqual(pair.response === undefined ? [] : [show(bytes(pair.response))]);
      }
      for (const [method, wanted] of Object.entries(pair.asked ?? {})) {
        const asked = wanted.map((request) => ({ path: path(method), request: bytes(request) }));
        const only = actual.asked.filter((one) => one.path === path(method));
        expect(compareAsked(world.registry, plan, only, asked)).toBeUndefined();
        const others = reference.asked
          .map(({ method: { service, name }, request }) => ({ path: `${service}/${name}`, request }))
          .filter((one) => one.path === path(method));
        expect(compareAsked(world.registry, plan, others, asked)).toBeUndefined();
      }
    });
  }
});

function accepted(world: World | Refused): World {
  if ("findings" in world) throw new Error(world.findings.join("\n"));
  return world;
}
