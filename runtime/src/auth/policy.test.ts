import { describe, expect, it } from "vitest";
import { Code, type PorticoError } from "../call/error.js";
import { authorize, type Condition, type Policy } from "./policy.js";

const somebody = (roles: string[], scopes: string[]) => ({ subject: "s", roles, scopes, claims: {} });
const granted = (roles: string[], scopes: string[]): Policy => ({ kind: "granted", roles, scopes });

const narrowed = (when: Condition): Policy => ({ kind: "authenticated", when });

function outcome(policy: Policy, roles?: string[], scopes: string[] = []): Code {
  try {
    const principal = roles === undefined ? undefined : somebody(roles, scopes);
    authorize(policy, principal, () => ({ principal, metadata: [["x-region", "eu"]], config: {} }));
    return Code.OK;
  } catch (thrown) {
    return (thrown as PorticoError).code;
  }
}

describe("authorize", () => {
  it.each<[string, Policy, string[] | undefined, string[], Code]>([
    ["anybody to what is public", { kind: "public" }, undefined, [], Code.OK],
    ["whom a condition admits", narrowed(({ metadata }) => metadata[0]?.[1] === "eu"), [], [], Code.OK],
    ["nobody whom a condition does not admit", narrowed(() => false), ["a"], [], Code.PERMISSION_DENIED],
    [
      "nobody without credentials, whatever the condition",
      narrowed(() => true),
      undefined,
      [],
      Code.UNAUTHENTICATED,
    ],
    ["nobody to what is not", { kind: "authenticated" }, undefined, [], Code.UNAUTHENTICATED],
    ["somebody", { kind: "authenticated" }, [], [], Code.OK],
    ["any one role", granted(["a", "b"], []), ["b"], [], Code.OK],
    ["no other role", granted(["a", "b"], []), ["c"], [], Code.PERMISSION_DENIED],
    ["all scopes", granted([], ["x", "y"]), [], ["y", "x"], Code.OK],
    ["not some scopes", granted([], ["x", "y"]), [], ["x"], Code.PERMISSION_DENIED],
    ["role and scopes", granted(["a"], ["x"]), ["a"], ["x"], Code.OK],
    ["not a role without the scope", granted(["a"], ["x"]), ["a"], [], Code.PERMISSION_DENIED],
    ["nobody to an empty grant", granted([], []), ["a"], ["x"], Code.PERMISSION_DENIED],
    ["nobody without credentials", granted(["a"], []), undefined, [], Code.UNAUTHENTICATED],
  ])("admits %s", (_name, policy, roles, scopes, code) => {
    expect(outcome(policy, roles, scopes)).toBe(code);
  });
});
