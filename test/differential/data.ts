import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, type Principal } from "@portico/runtime";
import type { MethodPlan, UpstreamMethod } from "../../plugin/src/plan/types.js";
import { type Case, lookupsOf } from "./compare.js";
import { type HostileOptions, hostile, type Random } from "./hostile.js";
import type { World } from "./worlds.js";

/** One of those who may call. */
function someone(random: Random): Principal {
  const most = random.pick([30, 60, 100]);
  const some = (names: readonly string[]) => names.filter(() => random.chance(most));
  const subject = random.pick(["someone", "someone", "else"]);
  return { subject, roles: some(["support", "admin"]), scopes: some(["deep", "wide"]), claims: {} };
}

/** A request and replies for a method, as no friendly encoder writes them. */
export function dataFor(world: World, plan: MethodPlan, random: Random): Case {
  const replies = new Map<string, Uint8Array | readonly Uint8Array[] | { readonly code: number }>();
  for (const call of plan.calls) {
    const { method } = call;
    const one = () => hostile(method.output.desc!, random, options(world, plan, 10));
    const reply = method.kind === "server_streaming" ? Array.from({ length: random.below(4) }, one) : one();
    const isFailing = random.chance(call.onError.length > 0 ? 15 : 2);
    replies.set(nameOf(method), isFailing ? { code: random.pick(CODES) } : reply);
  }
  // Now and then one of them fails, whose errors may be let pass.
  const failing = random.chance(20) ? 20 : 2;
  for (const { method } of lookupsOf(plan.translator)) {
    const reply = hostile(method.output.desc!, random, options(world, plan, 10));
    replies.set(nameOf(method), random.chance(failing) ? { code: random.pick(CODES) } : reply);
  }
  const request = hostile(plan.request.desc!, random, options(world, plan, random.chance(10) ? 10 : 0));
  return { request, replies, principal: random.chance(3) ? undefined : someone(random) };
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
    often: (field) =>
      /^(rows|groups|inner|by|b0|q0|read_mask|value|id|ids|meta|j\d|l\d|inj|[nstu]1|rs$)/.test(field.name),
    message: (desc, random) => {
      if (desc.typeName === "google.protobuf.FieldMask") return mask(plan, random);
      if (desc.typeName === "google.protobuf.Any" && random.chance(85))
        return any(world, plan, random, unknownEnums);
      return undefined;
    },
  };
}

/** A mask of fields that there are, of what is written or of what is read; at times of one that there is not. */
function mask({ request, response, readMask }: MethodPlan, random: Random): Uint8Array {
  const w = new BinaryWriter();
  const written = request.desc!.fields.find((field) => field.name === "b0")?.message;
  const subject = written === undefined || readMask !== undefined ? response.desc! : written;
  for (let n = random.below(4); n > 0; n--) {
    const path: string[] = [];
    for (let at: DescMessage | undefined = subject; at !== undefined && at.fields.length > 0; ) {
      const field: DescField = random.pick(at.fields);
      path.push(field.name);
      const isMany = field.fieldKind === "list" || field.fieldKind === "map";
      if (isMany && random.chance(10)) path.push("*");
      const isShared: boolean = field.message?.typeName.startsWith("google.") === true;
      at = random.chance(isShared ? 3 : 60) && path.length < 6 ? field.message : undefined;
    }
    const text = random.chance(5) ? random.pick(["*", "", "nothing", "b0"]) : path.join(".");
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
