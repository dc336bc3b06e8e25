import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultConnectionLimits, defaultLimits } from "@portico/runtime";
import { expect, test } from "vitest";
import { root } from "./blocks.js";

test("docs/runtime.md lists every limit with its default", () => {
  const text = readFileSync(join(root, "docs/runtime.md"), "utf8");
  const rows = [...text.matchAll(/^\| `(max\w+|\w+TimeoutMs)` \| ([\d,]+)( MiB)? \|/gm)].map(
    ([, name, number, unit]) =>
      [name, Number(number!.replaceAll(",", "")) * (unit === undefined ? 1 : 1024 * 1024)] as const,
  );
  expect(Object.fromEntries(rows)).toEqual({ ...defaultLimits, ...defaultConnectionLimits });
});
