import { describe, expect, it } from "vitest";
import { dynamicHelper } from "./check-call.js";
import { compile } from "./expression.test.support.js";
import { SIGNATURES } from "./signatures.js";

describe("compileExpression", () => {
  it.each([
    // Straight lines, with the parentheses needed and no more.
    ["d + 1.0 * d", "d + 1 * d"],
    ["(d + 1.0) * d", "(d + 1) * d"],
    ["d * d * d", "d * d * d"],
    ["d / 100.0 * d", "(d / 100) * d"],
    ["d * d / 100.0", "(d * d) / 100"],
    ["d - (d - d)", "d - (d - d)"],
    ["i + 1", "addInt(i, 1n)"],
    ["-(d + d)", "-(d + d)"],
    ["!(i == 1)", "!(i === 1n)"],
    ["i == 1 && s != 'a' || b", '(i === 1n && s !== "a") || b'],
    ["b && (b || s < 'a')", 'b && (b || compareStrings(s, "a") < 0)'],
    ["b ? s : b ? 'x' : 'y'", 'b ? s : b ? "x" : "y"'],
    ["s.startsWith('a') && size(s) > 2", 's.startsWith("a") && size(s) > 2n'],
    ["order.customer.email == ''", 'order.customer.email === ""'],
    // Texts that may be long count in what the expression may cost.
    ["s == order.customer.email", "equals(s, order.customer.email)"],
    ["s.endsWith(s) && s != s", "endsWith(s, s) && differs(s, s)"],
    ["has(order.customer) && order.count > 0", "has(order.customer) && order.count > 0n"],
    ["order.state == 'DONE'", 'order.state === "ORDER_STATE_DONE"'],
    ["u == 1u", "equals(u, constant(new Uint(1n)))"],
    ["s.matches('^a+$')", 'constant(pattern("^a+$")).test(s)'],
    ["'\\u2028`$(1)'", '"\\u2028`$(1)"'],
    // What can fail stands last; where both can, errors are absorbed.
    ["1 / i > 1 && b", "b && divideInt(1n, i) > 1n"],
    ["b || 1 / i > 1", "b || divideInt(1n, i) > 1n"],
    ["1 / i > 1 || 2 / i > 1", "or(() => divideInt(1n, i) > 1n, () => divideInt(2n, i) > 1n)"],
    ["viewer.count > 1 && 1 / i > 1", "and(() => present(viewer).count > 1n, () => divideInt(1n, i) > 1n)"],
    ["viewer != null && viewer.count > 1", "viewer !== null && present(viewer).count > 1n"],
    // What is known only at run time is checked there.
    ["x + 1", "addInt(asInt(x), 1n)"],
    ["x + x", "add(x, x)"],
    ["x.a[0] == null", 'at(select(x, "a"), 0n) === null'],
    ["x && b", "b && asBool(x)"],
    // Macros have the variables that they use.
    ["is.exists(e, e > 1)", "exists(is, (e) => e > 1n)"],
    ["is.all(k, v, v > 1)", "all(indexed(is), ([, v]) => v > 1n)"],
    ["m.all(k, b)", "all(m.keys(), () => b)"],
    ["m.map(k, m[k])", "map(m.keys(), (k) => valueAt(m, k))"],
    ["is.map(e, e > 1, {'a': e})", 'filterMap(is, (e) => e > 1n, (e) => mapOf(["a", e]))'],
    ["order.lines.sort_by(l, l.price)", "sortBy(order.lines, (l) => l.price)"],
  ])("%s", (text, code) => {
    expect(compile(text)).toBe(code);
  });

  it("has a helper for every name of which only run time can tell the meaning", () => {
    const groups = new Map<string, (typeof SIGNATURES)[number][]>();
    for (const signature of SIGNATURES) {
      const key = `${signature.method} ${signature.name} ${signature.args.length}`;
      groups.set(key, [...(groups.get(key) ?? []), signature]);
    }
    for (const group of groups.values())
      if (group.length > 1) expect(dynamicHelper(group[0]!.name, group)).toMatch(/^[a-z]\w*$/i);
  });
});
