import { expect, test } from "vitest";
import type { PolicyPlan } from "../../plan/types.js";
import { anyOf, audienceOf, beyond, both, describeAudience } from "./audience.js";

const granted = (roles: string[], scopes: string[] = []): PolicyPlan => ({ kind: "granted", roles, scopes });

test("any role, and all scopes", () => {
  expect(audienceOf({ kind: "public" })).toEqual(["public"]);
  expect(audienceOf(granted(["b", "a", "a"]))).toEqual(["role:a", "role:b"]);
  expect(audienceOf(granted([], ["y", "x", "y"]))).toEqual(["scope:x scope:y"]);
  expect(audienceOf(granted(["a", "b"], ["x"]))).toEqual(["role:a scope:x", "role:b scope:x"]);
});

test("who is in a wider one anyway is left out", () => {
  expect(anyOf([["role:a"], ["role:a scope:x", "role:b"]])).toEqual(["role:a", "role:b"]);
  expect(anyOf([["authenticated"], ["role:a"]])).toEqual(["authenticated"]);
  expect(anyOf([["authenticated"], ["public"], ["scope:x"]])).toEqual(["public"]);
});

test("who is in each of two", () => {
  expect(both(["public"], ["role:a"])).toEqual(["role:a"]);
  expect(both(["authenticated"], ["public"])).toEqual(["authenticated"]);
  expect(both(["authenticated"], ["scope:x"])).toEqual(["scope:x"]);
  expect(both(["role:a", "role:b"], ["role:b", "scope:x"])).toEqual(["role:a scope:x", "role:b"]);
  expect(both(["role:a"], ["role:b"])).toEqual(["role:a role:b"]);
  expect(both(['authenticated when:"x"'], ["role:a"])).toEqual(['role:a when:"x"']);
});

test("who is new", () => {
  expect(beyond(["public"], ["authenticated"])).toEqual(["public"]);
  expect(beyond(["authenticated"], ["role:a"])).toEqual(["authenticated"]);
  expect(beyond(["role:a"], ["role:a scope:x"])).toEqual(["role:a"]);
  expect(beyond(["role:a scope:x", "scope:y"], ["role:a"])).toEqual(["scope:y"]);
  expect(beyond(["role:a"], ["public"])).toEqual([]);
});

test("a name cannot be taken for more than one", () => {
  const odd = audienceOf(granted(['a scope:x "q"'], ["s"]));
  expect(odd).toEqual(['role:"a scope:x \\"q\\"" scope:s']);
  expect(beyond(odd, ["scope:x"])).toEqual(odd);
  expect(beyond(odd, ["scope:s"])).toEqual([]);
  expect(beyond(audienceOf(granted(["public"])), ["role:x"])).toEqual(["role:public"]);
});

test("is told in words", () => {
  expect(describeAudience(["public"])).toBe("everybody");
  expect(describeAudience(["role:a scope:x", "scope:y"])).toBe("role a with scope x, or scope y");
});
