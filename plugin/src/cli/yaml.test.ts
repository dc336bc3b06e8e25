import { expect, test } from "vitest";
import { parseYaml } from "./yaml.js";

test("reads what buf.gen.yaml is written in", () => {
  const text = `---
# how it is generated
version: v2
clean: false
inputs:
  - directory: . # here
managed:
  enabled: true
  override:
    - {file_option: go_package, value: "a, b: {c}"}
plugins:
- local: protoc-gen-es
  out: gen
  opt: [target=ts, 'it''s',
    import_extension=js,
  ]
- local: ["node", "./x y/protoc-gen-portico.js"]
  out: 'gen'
  strategy: all
  opt:
    - internal=a#b.binpb
    -   shared=acme.common
empty:
nested:
  -
    - a
    - - b
`;
  expect(parseYaml(text)).toEqual({
    version: "v2",
    clean: false,
    inputs: [{ directory: "." }],
    managed: { enabled: true, override: [{ file_option: "go_package", value: "a, b: {c}" }] },
    plugins: [
      { local: "protoc-gen-es", out: "gen", opt: ["target=ts", "it's", "import_extension=js"] },
      {
        local: ["node", "./x y/protoc-gen-portico.js"],
        out: "gen",
        strategy: "all",
        opt: ["internal=a#b.binpb", "shared=acme.common"],
      },
    ],
    empty: null,
    nested: [["a", ["b"]]],
  });
});

test("reads JSON, which is YAML", () => {
  const value = { version: "v2", plugins: [{ local: "x", opt: [], deep: { a: ["b:c", true, null] } }] };
  expect(parseYaml(JSON.stringify(value))).toEqual(value);
  expect(parseYaml(JSON.stringify(value, null, 2))).toEqual(value);
  expect(parseYaml("")).toBeNull();
  expect(parseYaml("a: http://x/y:z\r\nb: it's [fine]")).toEqual({ a: "http://x/y:z", b: "it's [fine]" });
});

test.each([
  ["a: &x b", "line 1: .* anchors"],
  ["a: *x", "anchors"],
  ["a: |\n  text", "block"],
  ["a: >-\n  text", "block"],
  ["a: !tag b", "tags"],
  ["<<: *base", "anchors"],
  ["a:\n\tb: c", "line 2: a tab"],
  ["a: b\na: c", 'line 2: "a" is said twice'],
  ["a: [b, c", "not closed"],
  ["a: [b] c", "after a closing bracket"],
  ["a: {b}", "not understood"],
  ["a: b: c", "not understood"],
  ['a: "b', "no quoted text"],
  ["a: b\n   c: d", "line 2"],
  ["a: b\n  more of b", "line 2"],
  ["- a\nb: c", "line 2"],
  ["a: b\n---\nc: d", "line 2"],
])("refuses what it would misread: %j", (text, error) => {
  expect(() => parseYaml(text)).toThrow(new RegExp(error));
});
