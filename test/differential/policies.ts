import type { Choices } from "./choices.js";
import type { Decl } from "./side.js";

/** What policies and conditions read of a request. */
export const C1: Decl = { name: "c1", kind: "scalar", type: "string", card: "implicit" };
export const READ_MASK: Decl = {
  name: "read_mask",
  kind: "message",
  type: "google.protobuf.FieldMask",
  card: "implicit",
};

/** By the field `c1`, which all public requests have. */
const POLICIES = [
  "{authenticated: true}",
  '{role: "support"}',
  '{role: ["admin", "support"]}',
  '{scope: ["deep", "wide"]}',
  '{role: "support" scope: "deep"}',
  `{authenticated: true when: "auth.subject == 'someone'"}`,
  `{authenticated: true when: "request.c1 != 'a'"}`,
  `{role: "admin" when: "'support' in auth.roles || request.c1 == ''"}`,
];

/** A public field that perhaps not everybody may read and set. */
export function guarded(choices: Choices, decl: Decl): Decl {
  const hasPresence = decl.card !== "implicit" || decl.kind === "message";
  const isUnset = decl.options?.some((option) => option.includes("unset")) === true;
  if (!hasPresence || decl.card === "required" || isUnset || !choices.chance(12)) return decl;
  const allow = `(portico.v1.field).allow = ${choices.pick(POLICIES)}`;
  return { ...decl, options: [...(decl.options ?? []), allow] };
}
