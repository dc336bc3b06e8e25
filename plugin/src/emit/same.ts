import { treeText } from "../expression/substitute.js";
import { mayDrop } from "../plan/calls/on-error.js";
import type {
  Conversion,
  Expression,
  FieldPlan,
  FieldPolicyPlan,
  JoinPlan,
  Translator,
  Value,
} from "../plan/types.js";
import { eachTranslator } from "../plan/walk.js";

/**
 * Which translators print the same text. Two of the same types mostly do, but not where a name means one thing in one
 * method and another in the next: so they are compared field by field.
 */
export class SameTranslators {
  readonly #byTypes = new Map<string, Translator[]>();
  readonly #first = new Map<Translator, Translator>();

  /** The first translator that is like this one. */
  firstLike(translator: Translator): Translator {
    let first = this.#first.get(translator);
    if (first !== undefined) return first;
    const { direction, target, source } = translator;
    const key = `${direction} ${target.typeName} ${source?.typeName}`;
    const known = this.#byTypes.get(key) ?? [];
    first = known.find((other) => same(translator, other, new Pairs()));
    if (first === undefined) {
      first = translator;
      this.#byTypes.set(key, [...known, translator]);
    }
    this.#first.set(translator, first);
    return first;
  }
}

/** What stands for what in a comparison. */
class Pairs {
  /** Those under comparison are taken to be the same, since types refer to each other in circles. */
  readonly #assumed = new Map<Translator, Set<Translator>>();
  readonly #joins = new Map<JoinPlan, JoinPlan>();
  readonly #back = new Map<JoinPlan, JoinPlan>();

  /** Whether two translators are compared already; from now on they are. */
  has(a: Translator, b: Translator): boolean {
    const others = this.#assumed.get(a) ?? new Set();
    if (others.has(b)) return true;
    this.#assumed.set(a, others.add(b));
    return false;
  }

  /** Whether two joins stand for each other alone: a message that stands in itself may share the rows of the one around it, or not. */
  pair(a: JoinPlan, b: JoinPlan): boolean {
    const mate = this.#joins.get(a) ?? b;
    const back = this.#back.get(b) ?? a;
    this.#joins.set(a, mate);
    this.#back.set(b, back);
    return mate === b && back === a;
  }
}

function same(a: Translator, b: Translator, pairs: Pairs): boolean {
  if (a === b && !hasJoins(a)) return true;
  if (pairs.has(a, b)) return true;
  return (
    a.direction === b.direction &&
    a.target === b.target &&
    a.source === b.source &&
    a.ensured?.size === b.ensured?.size &&
    all(a.joins, b.joins, (x, y) => sameJoin(x, y) && pairs.pair(x, y)) &&
    all(a.fields, b.fields, (x, y) => sameField(x, y, pairs))
  );
}

const joined = new WeakMap<Translator, boolean>();

/** Whether a translator, or one in it, has joins. */
function hasJoins(translator: Translator): boolean {
  let found = joined.get(translator);
  if (found === undefined) {
    found = false;
    eachTranslator(translator, ({ joins }) => {
      found ||= joins.length > 0;
    });
    joined.set(translator, found);
  }
  return found;
}

function sameField(a: FieldPlan, b: FieldPlan, pairs: Pairs): boolean {
  return (
    all(a.target, b.target, (x, y) => x === y) &&
    sameValue(a.value, b.value) &&
    sameExpression(a.selection, b.selection) &&
    a.inWalk === b.inWalk &&
    sameExpression(a.when, b.when) &&
    samePolicy(a.allow, b.allow) &&
    sameConversion(a.conversion, b.conversion, pairs)
  );
}

function samePolicy(a: FieldPolicyPlan | undefined, b: FieldPolicyPlan | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const namesOf = (plan: FieldPolicyPlan) => (plan.kind === "granted" ? [plan.roles, plan.scopes] : []);
  return (
    a.kind === b.kind &&
    JSON.stringify(namesOf(a)) === JSON.stringify(namesOf(b)) &&
    sameExpression(a.when, b.when)
  );
}

/** Trees alone do not say: a name may mean one thing here and another there. */
function sameExpression(a: Expression | undefined, b: Expression | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a === b) return true;
  if (treeText(a.tree) !== treeText(b.tree) || a.names.size !== b.names.size) return false;
  const mates = [...a.names].every(([name, value]) => {
    const other = b.names.get(name);
    return other !== undefined && sameValue(value, other);
  });
  return mates && all(a.reads, b.reads, sameValue);
}

function sameValue(a: Value, b: Value): boolean {
  if (a.root.kind !== b.root.kind || !all(a.path, b.path, (x, y) => x === y)) return false;
  if (a.root.kind === "call" && b.root.kind === "call") return a.root.call === b.root.call;
  if (a.root.kind === "join" && b.root.kind === "join") return sameJoin(a.root.join, b.root.join);
  if (a.root.kind === "auth" && b.root.kind === "auth")
    return all(a.root.claim, b.root.claim, (x, y) => x === y);
  if (a.root.kind === "expression" && b.root.kind === "expression")
    return sameExpression(a.root.expression, b.root.expression);
  // What is read of the request is written in terms of its own fields.
  return a.root.kind !== "request" || (b.root.kind === "request" && a.root.message === b.root.message);
}

function sameJoin(a: JoinPlan, b: JoinPlan): boolean {
  return (
    a === b ||
    (a.name === b.name &&
      a.owner === b.owner &&
      a.onMissing === b.onMissing &&
      mayDrop(a) === mayDrop(b) &&
      a.use === b.use &&
      a.keyList === b.keyList &&
      a.lookup.method.output === b.lookup.method.output &&
      all(a.lookup.row, b.lookup.row, (x, y) => x === y) &&
      all(a.result.path, b.result.path, (x, y) => x === y) &&
      sameExpression(a.when, b.when) &&
      all(a.key, b.key, sameValue) &&
      all(a.after, b.after, sameJoin))
  );
}

function sameConversion(a: Conversion, b: Conversion, pairs: Pairs): boolean {
  if (a.kind === "message" && b.kind === "message") return same(a.translator, b.translator, pairs);
  if (a.kind === "map" && b.kind === "map") return sameConversion(a.value, b.value, pairs);
  if (a.kind === "mask" && b.kind === "mask") return same(a.subject, b.subject, pairs);
  if (a.kind === "any" && b.kind === "any") return all(a.types, b.types, (x, y) => same(x, y, pairs));
  if (a.kind === "enum" && b.kind === "enum") return a.map.from === b.map.from && a.map.to === b.map.to;
  // The types of the others follow from the fields at both ends.
  return a.kind === b.kind;
}

function all<T>(a: readonly T[], b: readonly T[], equal: (x: T, y: T) => boolean): boolean {
  return a.length === b.length && a.every((x, i) => equal(x, b[i]!));
}
