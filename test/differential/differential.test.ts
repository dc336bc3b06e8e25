import { type DescEnum, type DescField, type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { Call, Code, defaultLimits, type GatewayApi, type Method, type Upstream } from "@portico/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { toPorticoError } from "../../runtime/src/call/error.js";
import { WireError } from "../../runtime/src/wire/error.js";
import { type Compiled, compile, load } from "../support/compile.js";
import { methodOf } from "../support/invoke.js";
import { hostile, mutate, Random } from "./hostile.js";
import { Invalid, plain, type Rules, translate } from "./reference.js";
import { rich } from "./rich.js";

const SEED = Number(process.env.PORTICO_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env.PORTICO_RUNS ?? 1000);
const MUTATIONS = Number(process.env.PORTICO_MUTATIONS ?? 20_000);

const from: Record<string, string> = {
  "All.deep": "leaf.inner.inner.text",
  "All.deep_again": "leaf.inner.inner.text",
  "All.deep_list": "leaf.inner.list",
  "All.leaves_again": "leaves",
  "All.list_again": "r_int32",
  "All.text_again": "r_string",
  "All.unwrap_again": "ru_string",
  "All.itself": "child",
  "All.only_out": "s_string",
  "All.m_again": "m_message",
  "All.joined": "s_int32",
  "Old.modes_again": "packed_modes",
};
const to: Record<string, string> = {
  "PutRequest.owner_id": "filter.owner.id",
  "PutRequest.owner_rank": "filter.owner.rank",
  "PutRequest.tags": "filter.tags",
  "PutRequest.numbers": "filter.numbers",
  "PutRequest.leaf": "filter.leaf",
  "PutRequest.labels": "filter.labels",
  "PutRequest.kind": "filter.kind",
  "PutRequest.name": "filter.name",
  "PutRequest.leaves": "filter.leaves",
};
const OUTPUT_ONLY = /^(many|w|rw|ix)_/;

/** By the names of values, without the prefix of their enum. */
function enums(a: DescEnum, b: DescEnum): Map<number, number> {
  const bare = (name: string) => name.replace(/^(IN_)?KIND_/, "");
  const numbers = new Map<number, number>();
  for (const value of a.values) {
    const twin = b.values.find((other) => bare(other.name) === bare(value.name));
    if (twin !== undefined) numbers.set(value.number, twin.number);
    else if (a.name === "InKind") numbers.set(value.number, 99);
  }
  return numbers;
}

function rules(direction: Rules["direction"]): Rules {
  return {
    direction,
    from,
    to,
    outputOnly: (field: DescField) =>
      OUTPUT_ONLY.test(field.name) || `${field.parent.name}.${field.name}` in from,
    enums,
    rest: (desc) => (desc.name === "Kind" ? 99 : undefined),
  };
}

/** Answers with bytes, and keeps what it was asked. */
class BytesUpstream implements Upstream {
  asked: Uint8Array[] = [];

  constructor(readonly reply: Uint8Array) {}

  async unary(_: Method, request: Uint8Array): Promise<Uint8Array> {
    this.asked.push(request);
    return this.reply;
  }

  serverStream(): AsyncIterable<Uint8Array> {
    throw new Error("not streaming");
  }

  clientStream(): Promise<Uint8Array> {
    throw new Error("not streaming");
  }

  bidiStream(): AsyncIterable<Uint8Array> {
    throw new Error("not streaming");
  }

  async close(): Promise<void> {}
}

describe(`seed ${SEED} (PORTICO_SEED repeats it)`, () => {
  let compiled: Compiled;
  let api: GatewayApi;

  beforeAll(async () => {
    compiled = compile(rich);
    api = await load(compiled);
  });

  const run = async (name: string, request: Uint8Array, upstream: BytesUpstream) => {
    const route = api.routes.find(({ path }) => path === `/pub.Rich/${name}`)!;
    const call = new Call({
      upstream,
      limits: defaultLimits,
      requestId: "",
      deadlineMs: Date.now() + 60_000,
      principal: undefined,
      metadata: [],
    });
    return await (route.handler as (request: Uint8Array, call: Call) => Promise<Uint8Array>)(request, call);
  };

  const show = (desc: DescMessage, bytes: Uint8Array) => plain(reflect(desc, fromBinary(desc, bytes)));

  it(`${RUNS} requests and responses of each method are as the reference has them`, async () => {
    console.log(`differential seed ${SEED}`);
    let invalid = 0;
    for (let i = 0; i < RUNS; i++) {
      const seed = (SEED + i * 7919) | 0;
      for (const name of ["Put", "Get"]) {
        const pub = methodOf(compiled.registry, `/pub.Rich/${name}`);
        const internal = methodOf(compiled.registry, `/in.Rich/${name}`);
        const random = new Random(seed);
        const request = hostile(pub.input, random, { unknownEnums: 3 });
        const upstream = new BytesUpstream(hostile(internal.output, random, { unknownEnums: 20 }));
        const where = `seed ${seed}, ${name}, request ${Buffer.from(request).toString("hex")}, reply ${Buffer.from(upstream.reply).toString("hex")}`;
        let response: Uint8Array | undefined;
        let thrown: unknown;
        try {
          response = await run(name, request, upstream);
        } catch (error) {
          thrown = error;
        }
        let expected: unknown;
        try {
          const message = translate(
            fromBinary(pub.input, request),
            pub.input,
            internal.input,
            rules("request"),
          );
          expected = plain(reflect(internal.input, message as never));
        } catch (error) {
          if (!(error instanceof Invalid)) throw new Error(where, { cause: error });
          expect(toPorticoError(thrown).code, where).toBe(Code.INVALID_ARGUMENT);
          expect(upstream.asked, where).toEqual([]);
          invalid++;
          continue;
        }
        if (thrown !== undefined) throw new Error(where, { cause: thrown });
        expect(show(internal.input, upstream.asked[0]!), where).toEqual(expected);
        const reply = fromBinary(internal.output, upstream.reply);
        const message = translate(reply, internal.output, pub.output, rules("response"));
        expect(show(pub.output, response!), where).toEqual(plain(reflect(pub.output, message as never)));
      }
    }
    expect(invalid).toBeLessThan(RUNS / 2);
  }, 60_000);

  it(`${MUTATIONS} broken messages are read or refused, and nothing else`, async () => {
    const pub = methodOf(compiled.registry, "/pub.Rich/Put");
    const internal = methodOf(compiled.registry, "/in.Rich/Put");
    const random = new Random(SEED);
    let refused = 0;
    const started = performance.now();
    for (let i = 0; i < MUTATIONS; i++) {
      const isRequest = i % 2 === 0;
      const bytes = mutate(
        hostile(isRequest ? pub.input : internal.output, random, { unknownEnums: 0 }),
        random,
      );
      const upstream = new BytesUpstream(isRequest ? new Uint8Array() : bytes);
      try {
        await run("Put", isRequest ? bytes : new Uint8Array(), upstream);
      } catch (error) {
        refused++;
        const where = `${isRequest ? "request" : "reply"} ${Buffer.from(bytes).toString("hex")}`;
        if (!(error instanceof WireError)) throw new Error(where, { cause: error });
        expect(error.origin, where).toBe(isRequest ? "" : "/in.Rich/Put");
        if (isRequest) expect(upstream.asked, where).toEqual([]);
      }
    }
    expect(refused).toBeGreaterThan(MUTATIONS / 10);
    expect(performance.now() - started).toBeLessThan(50_000);
  }, 60_000);
});
