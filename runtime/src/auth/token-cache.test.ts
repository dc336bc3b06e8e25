import { expect, it } from "vitest";
import type { Principal } from "./principal.js";
import { TokenCache } from "./token-cache.js";

const principal = (subject: string): Principal => ({ subject, roles: [], scopes: [], claims: {} });

it("gives what was set until its time", () => {
  const cache = new TokenCache(10, 100);
  cache.set("t", principal("a"), 1_000);
  expect(cache.get("t", 999)?.subject).toBe("a");
  expect(cache.get("u", 999)).toBeUndefined();
  expect(cache.get("t", 1_000)).toBeUndefined();
  expect(cache.size).toBe(0);
});

it("is bounded, and keeps what is used", () => {
  const cache = new TokenCache(10, 100);
  cache.set("used", principal("a"), 1_000);
  for (let i = 0; i < 1_000; i++) {
    cache.set(`t${i}`, principal("b"), 1_000);
    expect(cache.get("used", 0)?.subject).toBe("a");
    expect(cache.size).toBeLessThanOrEqual(10);
  }
  expect(cache.get("t0", 0)).toBeUndefined();
});

it("does not keep long tokens, nor any if it is turned off", () => {
  const cache = new TokenCache(10, 5);
  cache.set("123456", principal("a"), 1_000);
  const off = new TokenCache(0, 5);
  off.set("1", principal("a"), 1_000);
  expect([cache.size, off.size]).toEqual([0, 0]);
});
