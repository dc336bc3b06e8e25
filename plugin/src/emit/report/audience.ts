import type { PolicyPlan } from "../../plan/types.js";

/**
 * Who gets at something: any one of these suffices. "public", "authenticated", or roles and scopes that are all asked
 * for: "role:admin scope:orders.write". A name that is not plain stands in quotes.
 */
export type Audience = readonly string[];

export function audienceOf(policy: PolicyPlan): Audience {
  if (policy.kind === "public") return [policy.kind];
  const when = policy.when === undefined ? [] : [`when:${JSON.stringify(policy.when.text)}`];
  if (policy.kind === "authenticated") return [[policy.kind, ...when].join(" ")];
  const scopes = [...policy.scopes.map((scope) => `scope:${quoted(scope)}`), ...when];
  const roles = policy.roles.map((role) => [`role:${quoted(role)}`]);
  const all = (roles.length > 0 ? roles : [[]]).map((role) => [...role, ...new Set(scopes)].sort().join(" "));
  return anyOf([all]);
}

function quoted(name: string): string {
  return /^[\w.:/@-]+$/.test(name) ? name : JSON.stringify(name);
}

/** Everybody who is in one of several audiences, without those who are in a wider one anyway. */
export function anyOf(audiences: readonly Audience[]): Audience {
  const all = [...new Set(audiences.flat())].sort();
  return all.filter((one) => !all.some((other) => other !== one && covers(other, one)));
}

/** Those who are in each of two audiences. */
export function both(a: Audience, b: Audience): Audience {
  return anyOf([a.flatMap((one) => b.map((other) => bothTerms(one, other)))]);
}

function bothTerms(a: string, b: string): string {
  const terms = [...new Set([...termsOf(a), ...termsOf(b)])].filter((term) => term !== "public");
  if (terms.length === 0) return "public";
  // A role or a scope says that there are credentials.
  const isGranted = terms.some((term) => /^(?:role|scope):/.test(term));
  return terms
    .filter((term) => !isGranted || term !== "authenticated")
    .sort()
    .join(" ");
}

/** Those of an audience that another does not have. */
export function beyond(audience: Audience, other: Audience): Audience {
  return audience.filter((one) => !other.some((wide) => covers(wide, one)));
}

/** Whether whoever is meant by `narrow` is meant by `wide` too. */
function covers(wide: string, narrow: string): boolean {
  if (wide === narrow || wide === "public") return true;
  if (narrow === "public") return false;
  if (wide === "authenticated") return true;
  const terms = new Set(termsOf(narrow));
  return termsOf(wide).every((term) => terms.has(term));
}

function termsOf(text: string): string[] {
  return text.match(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
}

/** "role admin with scope orders.write, or everybody" */
export function describeAudience(audience: Audience): string {
  return audience.map(describe).join(", or ");
}

function describe(text: string): string {
  if (text === "public") return "everybody";
  if (text === "authenticated") return "everybody with credentials";
  return termsOf(text)
    .map((term) => term.replace(":", " "))
    .join(" with ");
}
