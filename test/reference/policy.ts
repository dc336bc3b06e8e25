import type { DescField } from "@bufbuild/protobuf";
import type { ReflectList, ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Principal } from "@portico/runtime";
import type { FieldPolicyPlan, MethodPlan, Root, Translator } from "../../plugin/src/plan/types.js";
import type { Field } from "../../plugin/src/source/model.js";
import { decode } from "./decode.js";
import { Absent, type Computed, evaluate, NoValue } from "./expression.js";
import { fieldsMasked } from "./mask.js";
import { anysAround, fieldsSent } from "./sent.js";

/** Whether a field's `allow` admits who asks. */
export function admits(
  policy: FieldPolicyPlan,
  principal: Principal | undefined,
  request: ReflectMessage,
): boolean {
  if (principal === undefined) return false;
  if (policy.kind === "granted") {
    const { roles, scopes } = policy;
    if (roles.length > 0 && !roles.some((role) => principal.roles.includes(role))) return false;
    if (!scopes.every((scope) => principal.scopes.includes(scope))) return false;
  }
  if (policy.when === undefined) return true;
  try {
    const holds = evaluate(policy.when, ({ root }) =>
      root.kind === "request" ? request : surroundings(root, principal),
    );
    return holds === true;
  } catch (error) {
    // Whatever goes wrong denies.
    if (error instanceof NoValue) return false;
    throw error;
  }
}

/** Who asks, as expressions see it. */
export function surroundings(root: Root, principal: Principal | undefined): Computed {
  const name = root.kind === "surroundings" ? root.name : root.kind;
  if (principal === undefined) throw new Absent("nobody");
  switch (name) {
    case "auth.subject":
      return principal.subject === "" ? absent() : principal.subject;
    case "auth.roles":
      return [...principal.roles];
    case "auth.scopes":
      return [...principal.scopes];
    default:
      throw new Error(`${name} is not read by the reference`);
  }
}

function absent(): never {
  throw new Absent("a claim that is not there");
}

/**
 * Whether a client may send what it sends: fields with an `allow` that it sets, or names in the mask of an update. What is
 * malformed where they may be set is refused whoever asks.
 */
export function maySend(
  plan: MethodPlan,
  bytes: Uint8Array,
  strict: boolean,
  may: (policy: FieldPolicyPlan) => boolean,
): boolean {
  if (plan.guards.size === 0) return true;
  const denied = new Set<DescField>();
  for (const [field, policy] of plan.guards) if (!may(policy)) denied.add(field.desc!);
  const guarded = new Set([...plan.guards.keys()].map(({ desc }) => desc));
  const anys = anysAround(plan.anys, (field) => guarded.has(field));
  const sent = fieldsSent(plan.request.desc!, bytes, anys, strict);
  if ([...denied].some((field) => sent.has(field))) return false;
  const request = decode(plan.request.desc!, bytes, { strict });
  // A path that leads nowhere is refused for that. What is masked may be denied as a whole: then so is every path into it.
  return masksOf(plan).every(({ mask, subject, around }) =>
    pathsIn(request, mask).every((path) => {
      const fields = fieldsMasked(path, subject);
      return fields.length === 0 || ![around, ...fields].some(({ desc }) => denied.has(desc!));
    }),
  );
}

interface Masked {
  readonly mask: Field;
  readonly subject: Translator;
  /** The field that holds what is masked. */
  readonly around: Field;
}

/** The masks in a request, each with the message that it is of. */
function masksOf({ calls }: MethodPlan): Masked[] {
  return calls.flatMap(({ request: { fields } }) =>
    fields.flatMap(({ conversion, value }) => {
      if (conversion.kind !== "mask" || value.path.length !== 1) return [];
      const { subject } = conversion;
      const holder = fields.find(
        (one) => one.conversion.kind === "message" && one.conversion.translator === subject,
      )!;
      return [{ mask: value.path[0]!, subject, around: holder.value.path.at(-1)! }];
    }),
  );
}

function pathsIn(request: ReflectMessage, mask: Field): string[] {
  if (!request.isSet(mask.desc!)) return [];
  const message = request.get(mask.desc!) as ReflectMessage;
  return [...(message.get(message.desc.fields[0]!) as ReflectList)] as string[];
}
