import { beforeAll, describe, expect, it } from "vitest";
import { rich } from "../differential/rich.js";
import { formatted, typeErrors } from "../support/check-code.js";
import { type Compiled, compile } from "../support/compile.js";
import { expressions } from "./expressions.js";
import { long } from "./long.js";

describe.each([
  ["all shapes", rich],
  ["long names and many arguments", long],
  ["expressions", expressions],
])("the code for %s", (_, sources) => {
  let compiled: Compiled;

  beforeAll(() => {
    compiled = compile(sources);
    expect(compiled.error).toBeUndefined();
  });

  it("is as the formatter leaves it", () => {
    for (const [name, content] of compiled.files) expect(formatted(name, content)).toBe(content);
  });

  it("type-checks under strict, with nothing unused", () => {
    expect(typeErrors(compiled.files)).toBe("");
  });

  it("is the same from run to run", () => {
    expect([...compile(sources).files]).toEqual([...compiled.files]);
  });
});
