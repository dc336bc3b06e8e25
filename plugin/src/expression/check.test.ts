import { describe, expect, it } from "vitest";
import { check } from "./expression.test.support.js";
import { typeText } from "./types.js";

/** What is wrong, the exact part of the text, and how to mend it. */
const WRONG: ReadonlyArray<readonly [text: string, part: string, message: string, fix: string]> = [
  ["ordr.id", "ordr", 'nothing here is called "ordr"', 'did you mean "order"?'],
  ["  order . cont == 1", "cont", 'test.Order has no field "cont"', 'did you mean "count"?'],
  ["order.customer.mail", "mail", 'test.Customer has no field "mail"', 'did you mean "email"?'],
  ["s.id", "id", "string has no fields", "select from a message or a map"],
  ["1 + s", "1 + s", '"+" does not take (int, string)', "write '1'"],
  ["b && (1 + s) > 2", "1 + s", '"+" does not take (int, string)', "write '1'"],
  ["(i + 1) * (d)", "(i + 1) * (d)", '"*" does not take (int, double)', "convert one of them: `double(…)`"],
  ["i - u", "i - u", '"-" does not take (int, uint)', "convert it: `int(u)`"],
  ["-s", "-s", '"-" does not take (string)', "it takes (int) or (double)"],
  ["!(i)", "i", '"!" does not take (int)', "it takes (bool)"],
  ["i == 1.0", "i == 1.0", '"==" does not compare int with double', "convert it: `double(i)`"],
  ["i && b", "i", '"&&" takes bool, not int', "compare it with something"],
  ["b || s", "s", '"||" takes bool, not string', "compare it with something"],
  ["i ? 1 : 2", "i", "the condition is bool, not int", "compare it with something"],
  ["b ? 1 : 'a'", "b ? 1 : 'a'", "the value is either int or string", "convert one of them, or wrap it in dyn()"],
  ["sze(s)", "sze", 'there is no function "sze"', 'did you mean "size"?'],
  ["s.startWith('a')", "startWith", 'there is no method "startWith"', 'did you mean "startsWith"?'],
  ["s.startsWith(1)", "1", '"startsWith" does not take (string, int)', "it takes (string, string)"],
  ["contains(s, 'a')", "contains", 'there is no function "contains"', "write x.contains()"],
  ["s.int()", "int", 'there is no method "int"', "write int(x)"],
  ["ss.all(1, true)", "ss.all(1, true)", '"all" is not used as it is meant to be', "write list.all(name, expression)"],
  ["ss.all(e, e)", "e", "the condition is string, not bool", "compare it with something"],
  ["i.all(e, true)", "i", '"all" does not go through int', "use it on a list or a map"],
  ["m.sort_by(e, e)", "m", '"sort_by" does not go through map(string, int)', "use it on a list"],
  ["order.lines.sort_by(l, l)", "l", "test.Line has no order", "sort by a number, string or time"],
  ["ss.exists(e, e == 1)", "e == 1", '"==" does not compare string with int', "write '1'"],
  ["ss.all(e, true) && e == 'a'", "e", 'nothing here is called "e"', 'did you mean "b", "d" or "i"?'],
  ["is.all(a, a, true)", "a", "both variables are called \"a\"", "give them two names"],
  ["has(s)", "has(s)", '"has" is not used as it is meant to be', "write has(message.field)"],
  ["has(order.stat)", "stat", 'test.Order has no field "stat"', 'did you mean "state"?'],
  ["order.state == 'DON'", "'DON'", 'test.OrderState has no value "DON"', "did you mean \"DONE\"?"],
  ["order.state in ['DONE', 'GONE']", "'GONE'", 'test.OrderState has no value "GONE"', "did you mean \"DONE\"?"],
  ["order.state == 1", "order.state == 1", '"==" does not compare test.OrderState with int', "convert one of them, or wrap it in dyn()"],
  ["is['a']", "is['a']", '"[]" does not take (list(int), string)', "it takes (list(A), int) or (map(A, B), A)"],
  ["1 in ss", "1 in ss", '"in" does not take (int, list(string))', "it takes (A, list(A)) or (A, map(A, B))"],
  ["{1.5: 2}", "1.5", "a key of a map cannot be double", "use an int, uint, bool or string as the key"],
  ["Order{id: 's'}", "Order", 'no message can be made of type "Order"', "use the values of fields"],
  ["ss.sum()", "ss.sum()", '"sum" does not take (list(string))', "it takes (list(int)) or (list(uint)) or (list(double)) or (list(duration))"],
  ["1 +", "+", 'the expression ends after "+"', "write what follows it"],
  ["", "", "the expression is empty", "write a CEL expression"],
  ["i == 9223372036854775808", "9223372036854775808", "the expression is not valid: this is not an int of 64 bits", "write one from -2^63 to 2^63 - 1"],
  ["'é😀' + 1 // a comment\n", "'é😀' + 1", '"+" does not take (string, int)', "write '1'"],
  ['s + r"\\" + 1', 's + r"\\" + 1', '"+" does not take (string, int)', "write '1'"],
]; // biome-ignore format: a table

describe("checkExpression", () => {
  it.each(WRONG)("%s", (text, part, message, fix) => {
    const { problems } = check(text);
    expect(problems.map((problem) => text.slice(problem.start, problem.end))).toEqual([part]);
    expect(problems[0]).toMatchObject({ message, fix });
  });

  it.each([
    ["order.lines.map(l, l.price).sum()", "double"],
    ["order.lines.sort_by(l, l.price).take(2)", "list(test.Line)"],
    ["order.tags.distinct().first()", "string"],
    ["order.lines.filter(l, l.price > 1.0).map(l, l.price).avg()", "double"],
    ["is.max() - is.min()", "int"],
    ["order.state == 'DONE' || order.state in ['ORDER_STATE_OPEN']", "bool"],
    ["order.state", "test.OrderState"],
    ["order.state + '!'", "string"],
    ["b ? [] : ['a']", "list(string)"],
    ["[1, 'a']", "list(dyn)"],
    ["x.anything[0].at.all", "dyn"],
    ["is.transformMap(k, v, string(v))", "map(int, string)"],
    ["now() - t", "duration"],
    ["uuid()", "string"],
    ["viewer == null ? '' : viewer.customer.email", "string"],
    ["m.`a-b` + m.in_", "int"],
  ])("%s is a %s", (text, type) => {
    const { tree, problems } = check(text);
    expect(problems).toEqual([]);
    expect(typeText(tree!.type)).toBe(type);
  });

  it("reports one mistake once, however much depends on it", () => {
    expect(check("ordr.lines.map(l, l.price * ordr2).sum() > 1 && !ordr3.nope()").problems).toHaveLength(4);
    // What is in the brackets of a macro that is misspelt are names of its own.
    expect(check("order.lines.mapp(l, l.price + ordr)").problems).toHaveLength(1);
    expect(check("(ordr.a + ordr.b).c.size() == 2").problems).toHaveLength(2);
  });
});
