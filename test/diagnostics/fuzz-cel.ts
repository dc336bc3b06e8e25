import fc from "fast-check";

/** Texts of CEL expressions over the names that annotations see: most parse, some fit their types, some are broken. */

const NAMES = [
  "id",
  "user_id",
  "product",
  "total_cents",
  "weight",
  "state",
  "created_at",
  "customer",
  "lines",
  "labels",
  "watcher_ids",
  "note",
  "package",
  "fraud_score",
  "request",
  "request.buyer",
  "request.tenant",
  "auth.subject",
  "auth.roles",
  "auth.claims.tenant",
  "auth.claims['a'].b",
  "metadata['x-region']",
  "config.limit",
  "source",
  "source.customer",
  "parent",
  "parent.orders",
  "this",
  "this.city",
  "user",
  "user.email",
  "buyer",
  "buyer.number",
  "extra.email",
  "watchers",
  "region",
  "has_buyer",
  "customer.address.city",
  "google.protobuf.Timestamp",
  "orders.v1.State",
  "x",
];

const LITERALS = [
  "0",
  "1",
  "-1",
  "2u",
  "1.5",
  "9223372036854775807",
  "0x1F",
  "1e300",
  "''",
  "'a'",
  '"b"',
  "'''c'''",
  "r'\\d'",
  "b'\\xff'",
  "'\\u00e9\\n'",
  "'SHIPPED'",
  "true",
  "null",
  "[]",
  "{}",
  "now()",
  "duration('1h')",
  "timestamp('2020-01-01T00:00:00Z')",
  "int",
];

const OPERATORS = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"];
const FUNCTIONS = [
  "size",
  "int",
  "uint",
  "double",
  "string",
  "bytes",
  "bool",
  "dyn",
  "type",
  "has",
  "duration",
  "timestamp",
  "sum",
  "min",
  "max",
  "uuid",
];
const METHODS = [
  "size()",
  "first()",
  "last()",
  "distinct()",
  "take(2)",
  "sum()",
  "avg()",
  "trim()",
  "split(',')",
  "startsWith('a')",
  "matches('a+')",
  "matches('(')",
  "substring(1)",
  "replace('a', 'b')",
  "format(['a'])",
  "join('-')",
  "getFullYear()",
  "upperAscii()",
  "noSuch()",
  "name",
  "sku",
  "email",
  "address.city",
  "`package`",
];
const MACROS = ["all", "exists", "exists_one", "filter", "map", "sort_by", "transformList", "transformMap"];

const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(...NAMES, ...LITERALS),
    fc
      .tuple(tie("any"), fc.constantFrom(...OPERATORS), tie("any"))
      .map(([a, operator, b]) => `${a} ${operator} ${b}`),
    tie("any").map((a) => `(${a})`),
    tie("any").map((a) => `!${a}`),
    tie("any").map((a) => `-${a}`),
    fc.tuple(tie("any"), tie("any"), tie("any")).map(([a, b, c]) => `${a} ? ${b} : ${c}`),
    fc.tuple(fc.constantFrom(...FUNCTIONS), tie("any")).map(([name, a]) => `${name}(${a})`),
    fc.tuple(tie("any"), fc.constantFrom(...METHODS)).map(([a, method]) => `${a}.${method}`),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => `${a}[${b}]`),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => `[${a}, ${b}]`),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => `{${a}: ${b}}`),
    fc
      .tuple(
        fc.constantFrom("lines", "watcher_ids", "labels", "auth.roles"),
        fc.constantFrom(...MACROS),
        tie("any"),
      )
      .map(([range, macro, body]) => `${range}.${macro}(x, ${body})`),
    fc
      .tuple(tie("any"), fc.constantFrom(...MACROS), tie("any"), tie("any"))
      .map(([range, macro, a, b]) => `${range}.${macro}(x, ${a}, ${b})`),
    tie("any").map((a) => `orders.v1.Line{sku: ${a}}`),
  ),
})).any;

/** Expressions that fit their types, over the fields of an order. */
const fitting = fc.letrec<{ text: string; number: string; test: string; list: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(
      "id",
      "product",
      "'a'",
      "customer.name",
      "request.tenant",
      "auth.subject",
      "region",
      "user.email",
    ),
    fc.tuple(tie("text"), tie("text")).map(([a, b]) => `(${a} + ${b})`),
    fc.tuple(tie("test"), tie("text"), tie("text")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    tie("number").map((a) => `string(${a})`),
    tie("list").map((a) => `${a}.join('-')`),
    tie("list").map((a) => `${a}.first()`),
    tie("text").map((a) => `${a}.trim()`),
    fc.tuple(tie("text"), tie("number")).map(([a, b]) => `{'k': ${a}}[string(${b})]`),
  ),
  number: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("total_cents", "1", "owner_number", "int(weight)", "lines.map(l, l.amount).sum()"),
    fc
      .tuple(tie("number"), fc.constantFrom("+", "-", "*", "/", "%"), tie("number"))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    tie("text").map((a) => `size(${a})`),
    tie("list").map((a) => `${a}.size()`),
    tie("number").map((a) => `(-${a})`),
  ),
  test: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(
      "true",
      "state == 'OPEN'",
      "has(customer.address)",
      "'viewer' in auth.roles",
      "user == null",
    ),
    fc
      .tuple(tie("number"), fc.constantFrom("<", "==", ">="), tie("number"))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    fc.tuple(tie("text"), tie("text")).map(([a, b]) => `(${a} != ${b})`),
    fc
      .tuple(tie("test"), fc.constantFrom("&&", "||"), tie("test"))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    tie("test").map((a) => `!${a}`),
    fc.tuple(tie("text"), tie("list")).map(([a, b]) => `(${a} in ${b})`),
    fc.tuple(tie("list"), tie("test")).map(([a, b]) => `${a}.exists(y, y != '' && ${b})`),
  ),
  list: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(
      "watcher_ids",
      "['a', 'b']",
      "lines.map(l, l.sku)",
      "lines.filter(l, l.amount > 1).map(l, l.sku)",
    ),
    fc.tuple(tie("text"), tie("text")).map(([a, b]) => `[${a}, ${b}]`),
    fc.tuple(tie("list"), tie("list")).map(([a, b]) => `(${a} + ${b})`),
    fc.tuple(tie("list"), tie("test")).map(([a, b]) => `${a}.filter(z, z != '' || ${b})`),
    fc.tuple(tie("list"), tie("text")).map(([a, b]) => `${a}.map(w, w + ${b})`),
    tie("list").map((a) => `${a}.distinct().take(2)`),
    tie("list").map((a) => `${a}.sort_by(s, s)`),
  ),
}));

/** So deep that whatever goes down in steps must be bounded. */
const deep = fc
  .tuple(
    fc.constantFrom(
      ["(", ")"],
      ["[", "]"],
      ["-", ""],
      ["!", ""],
      ["size(", ")"],
      ["{'a': ", "}"],
      ["", " + id"],
      ["", ".map(x, x)"],
      ["lines.map(x, ", ")"],
      ["true ? 1 : ", ""],
    ),
    fc.constantFrom(10, 99, 390, 405, 5000),
    fc.constantFrom("id", "1", "'a'", "lines"),
  )
  .map(([[before, after], depth, core]) => before!.repeat(depth) + core + after!.repeat(depth));

const cut = fc
  .tuple(
    expression,
    fc.nat(1000),
    fc.nat(3),
    fc.constantFrom("", "'", '"', "(", ")", "]", "\\", "//", "`", "\0", "\n", "€"),
  )
  .map(([text, at, length, put]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + put + text.slice(start + length);
  });

export const celText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: expression, weight: 4 },
  { arbitrary: cut, weight: 2 },
  {
    arbitrary: fc
      .tuple(expression, fc.nat(1000))
      .map(([text, end]) => text.slice(0, end % (text.length + 1))),
    weight: 1,
  },
  { arbitrary: deep, weight: 1 },
);

/** Of each kind, what fits where such a value is wanted. */
export const fittingText = fitting;
