import { describe, expect, it } from "vitest";
import { KNOWN_FAILURES, UNSUPPORTED_SECTIONS } from "./known-failures.js";
import { deducedType, failureOf } from "./outcome.js";
import { type SpecTest, specTests } from "./spec.js";

/**
 * The simple tests of the CEL specification, each parsed, checked, compiled to code, and the code run.
 *
 * Source: https://github.com/google/cel-spec/tree/master/tests/simple
 */
const sections = new Map<string, SpecTest[]>();
for (const spec of specTests()) sections.set(spec.section, [...(sections.get(spec.section) ?? []), spec]);
let passed = 0;
let total = 0;

describe("CEL conformance", () => {
  for (const [section, specs] of sections) {
    it(section, () => {
      const surprises: string[] = [];
      for (const spec of specs) {
        const failure = failureOf(spec);
        const isKnown = KNOWN_FAILURES.has(spec.path) || UNSUPPORTED_SECTIONS.has(section);
        total++;
        if (failure === undefined) passed++;
        if (failure !== undefined && !isKnown) surprises.push(`${spec.path}: ${spec.test.expr} ${failure}`);
        if (failure === undefined && isKnown) surprises.push(`${spec.path} passes, but is listed as failing`);
      }
      expect(surprises).toEqual([]);
    });
  }

  it("passes at least 1,900 compiled", () => {
    console.log(`CEL conformance: ${passed}/${total} passed`);
    expect(total).toBe(2344);
    expect(passed).toBeGreaterThanOrEqual(1900);
  });

  it("deduces the types that cel-go deduces", () => {
    const others: string[] = [];
    let deduced = 0;
    for (const spec of [...sections.values()].flat()) {
      const wanted = spec.type?.replace(/\bany\b/g, "dyn");
      const type = wanted === undefined || spec.test.disableCheck ? undefined : deducedType(spec);
      // Where a test names a type itself, that is held to above.
      if (type === undefined || spec.test.resultMatcher.case === "typedResult") continue;
      deduced++;
      if (type !== wanted) others.push(`${spec.path} is ${type}, not ${wanted}`);
    }
    // The type of types has no parameter in cel-go.
    expect(others).toEqual([
      "conversions/type/type_denotation is type(type(dyn)), not type(type)",
      "conversions/type/type_type is type(type(type(dyn))), not type(type(type))",
    ]);
    expect(deduced).toBeGreaterThan(1700);
  });

  it("lists only failures that are tests", () => {
    const paths = new Set([...sections.values()].flat().map((spec) => spec.path));
    expect([...KNOWN_FAILURES.keys()].filter((path) => !paths.has(path))).toEqual([]);
    expect([...UNSUPPORTED_SECTIONS.keys()].filter((section) => !sections.has(section))).toEqual([]);
  });
});
