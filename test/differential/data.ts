import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, type Principal } from "@portico/runtime";
import type { MethodPlan, UpstreamMethod } from "../../plugin/src/plan/types.js";
import { type Case, lookupsOf } from "./compare.js";
import { type HostileOptions, hostile, type Random } from "./hostile.js";
import type { World } from "./worlds.js";

const PRINCIPAL: Principal = { subject: "someone", roles: [], scopes: [], claims: {} };

/** A request and replies for a method, as no friendly encoder writes them. */
export function dataFor(world: World, plan: MethodPlan, random: Random): Case {
  const replies = new Map<string, Uint8Array | readonly Uint8Array[] | { readonly code: number }>();
  for (const call of plan.calls) {
    const { method } = call;
    const one = () => hostile(method.output.desc!, random, options(world, plan, 10));
    const reply = method.kind === "server_streaming" ? Array.from({ length: random.below(4) }, one) : one();
    replies.set(nameOf(method), random.chance(2) ? { code: random.pick(CODES) } : reply);
  }
  for (const { method } of lookupsOf(plan.translator)) {
    const reply = hostile(method.output.desc!, random, options(world, plan, 10));
    replies.set(nameOf(method), random.chance(2) ? { code: random.pick(CODES) } : reply);
  }
  const request = hostile(plan.request.desc!, random, options(world, plan, random.chance(10) ? 10 : 0));
  return { request, replies, principal: random.chance(3) ? undefined : PRINCIPAL };
}

const CODES = [
  Code.NOT_FOUND,
  Code.NOT_FOUND,
  Code.UNAVAILABLE,
  Code.INVALID_ARGUMENT,
  Code.PERMISSION_DENIED,
];

export function nameOf({ service, name }: UpstreamMethod): string {
  return `${service}/${name}`;
}

function options(world: World, plan: MethodPlan, unknownEnums: number): HostileOptions {
  return {
    unknownEnums,
    // Keys have to be there for rows to be found; rows, for keys to be there.
    often: (field) => /^(rows|groups|inner|by|b0|value|id|ids|meta|j\d|l\d|inj|[nstu]1|rs$)/.test(field.name),
    message: (desc, random) => {
      if (desc.typeName === "google.protobuf.FieldMask") return mask(plan.request.desc!, random);
      if (desc.typeName === "google.protobuf.Any" && random.chance(85))
        return any(world, plan, random, unknownEnums);
      return undefined;
    },
  };
}

/** A mask of fields that there are; at times of one that there is not. */
function mask(request: DescMessage, random: Random): Uint8Array {
  const w = new BinaryWriter();
  const subject = request.fields.find((field) => field.name === "b0")?.message;
  for (let n = random.below(4); n > 0 && subject !== undefined; n--) {
    let path: DescField[] = [];
    for (let at: DescMessage | undefined = subject; at !== undefined && at.fields.length > 0; ) {
      const field: DescField = random.pick(at.fields);
      path = [...path, field];
      at = field.fieldKind === "message" && random.chance(60) && path.length < 6 ? field.message : undefined;
    }
    const text = random.chance(5)
      ? random.pick(["*", "", "nothing", "b0"])
      : path.map(({ name }) => name).join(".");
    w.tag(1, 2).string(text);
  }
  return w.finish();
}

/** An Any of a type that may be allowed: of the internal or the public package. */
function any(world: World, plan: MethodPlan, random: Random, unknownEnums: number): Uint8Array {
  const pub = plan.service.file.proto.package;
  const internal = pub.replace(/^p/, "i");
  const name = `${random.chance(50) ? pub : internal}.${random.pick(["B0", "B0", "B0", "R0"])}`;
  const desc = world.registry.getMessage(name);
  const w = new BinaryWriter();
  const url = random.chance(5) ? name : `${random.pick(["type.googleapis.com", "", "a/b"])}/${name}`;
  const inner = { ...options(world, plan, unknownEnums), message: () => undefined };
  const value = desc === undefined ? new Uint8Array() : hostile(desc, random, inner, 2);
  if (random.chance(95)) w.tag(1, 2).string(url);
  if (random.chance(90)) w.tag(2, 2).bytes(value);
  return w.finish();
}
