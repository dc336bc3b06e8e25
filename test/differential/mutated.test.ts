import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MethodPlan } from "../../plugin/src/plan/types.js";
import { type Case, difference, handle, isOurs, type Outcome } from "./compare.js";
import { dataFor } from "./data.js";
import { mutate, Random } from "./hostile.js";
import { rich } from "./rich.js";
import { schema, tapes } from "./schema.js";
import { type Refused, type World, worlds } from "./worlds.js";

const SEED = Number(process.env.PORTICO_SEED ?? Date.now() % 2 ** 31);
const MUTATIONS = Number(process.env.PORTICO_MUTATIONS ?? 100_000);
const SCHEMAS = 30;
/** So many mutations are made of the same data. */
const EACH = 20;
/** One in so many is read in the middle of other bytes as well. */
const AMIDST = 4;
/** One in so many is compared with the reference, which is slow. */
const COMPARED = 20;

describe(`seed ${SEED} (PORTICO_SEED repeats it)`, () => {
  it(`${MUTATIONS} broken messages are read or refused, and nothing else`, async () => {
    const random = new Random(SEED);
    const some = fc.sample(tapes, { numRuns: SCHEMAS, seed: SEED }).map((tape, i) => schema(i, tape));
    const all = worlds([rich, ...some]).filter(isAccepted);
    let refused = 0;
    for (let i = 0; i < MUTATIONS; i += EACH) {
      const world = random.chance(20) ? all[0]! : random.pick(all);
      const plan = random.pick(world.methods);
      const data = dataFor(world, plan, random);
      for (let n = 0; n < EACH; n++) {
        const broken = breakOne(data, random);
        const outcome = await handle(world, plan, broken);
        if (outcome.code !== undefined) refused++;
        const where = () => report(world, plan, broken, outcome);
        if (outcome.error !== undefined && !isOurs(outcome.error))
          throw new Error(where(), { cause: outcome.error });
        if (n % AMIDST === 0) expectSame(outcome, await handle(world, plan, amidst(broken)), where);
        if (n % COMPARED !== 0) continue;
        const found = await difference(world, plan, broken, true);
        if (found !== undefined) throw new Error(`${found.what}: ${JSON.stringify(found)}\n${where()}`);
      }
    }
    console.log(`mutated bytes, seed ${SEED}: ${refused} of ${MUTATIONS} refused`);
    expect(refused).toBeGreaterThan(MUTATIONS / 10);
  }, 3_600_000);
});

function isAccepted(world: World | Refused): world is World {
  return !("findings" in world);
}

/** The request, or what one upstream answers, with some bytes broken. */
function breakOne(data: Case, random: Random): Case {
  const names = [...data.replies.keys()];
  const name = random.pick(["", ...names]);
  if (name === "") return { ...data, request: mutate(data.request, random) };
  const replies = new Map(data.replies);
  const reply = replies.get(name)!;
  if (reply instanceof Uint8Array) replies.set(name, mutate(reply, random));
  else if (!("code" in reply))
    replies.set(
      name,
      reply.map((message) => mutate(message, random)),
    );
  return { ...data, replies };
}

/** The same bytes in the middle of others: who reads over an end, or before the start, finds something else. */
function amidst(data: Case): Case {
  const between = (bytes: Uint8Array) => {
    const all = new Uint8Array(bytes.length + 64).fill(0x0a);
    all.set(bytes, 32);
    return all.subarray(32, 32 + bytes.length);
  };
  const replies = new Map(
    [...data.replies].map(([name, reply]) => [
      name,
      reply instanceof Uint8Array ? between(reply) : "code" in reply ? reply : reply.map(between),
    ]),
  );
  return { ...data, request: between(data.request), replies };
}

function expectSame(a: Outcome, b: Outcome, where: () => string): void {
  const same =
    a.code === b.code && a.responses.every((bytes, i) => Buffer.compare(bytes, b.responses[i]!) === 0);
  if (!same) throw new Error(`other bytes around the message change what is read\n${where()}`);
}

function report(world: World, plan: MethodPlan, data: Case, { code, error }: Outcome): string {
  const hex = (reply: unknown) =>
    JSON.stringify(reply, (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
    );
  return [
    `${plan.desc.name} answers ${code} (${error instanceof Error ? error.stack : ""})`,
    `request ${hex(data.request)}`,
    ...[...data.replies].map(([name, reply]) => `${name} ${hex(reply)}`),
    ...Object.values(world.sources),
  ].join("\n");
}
