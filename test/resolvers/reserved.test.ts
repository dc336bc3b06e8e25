import { expect, it } from "vitest";
import { typeErrors } from "../support/check-code.js";
import { compile, load } from "../support/compile.js";
import { sourcesOf } from "../support/gateway.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

// Names that CEL or JavaScript reserves, and that fields and calls may have all the same.
const WORDS = ["package", "in", "function", "var"];
const internal = `service Api { rpc GetDoc(Q) returns (Doc); } message Q { string id = 1; }
  message Doc { ${WORDS.map((word, i) => `string ${word} = ${i + 1};`).join(" ")} string constructor = 9; }`;
const service = (method: string) =>
  `service Api { option (portico.v1.service) = { from: "in.Api" allow: {public: true} }; ${method} } message Q { string id = 1; }`;
const field = (reads: string) =>
  `${service("rpc GetDoc(Q) returns (Doc);")} message Doc { string a = 1 [(portico.v1.field) = {resolver: "a" reads: "${reads}"}]; }`;
const called = (name: string) =>
  `${service(`rpc GetDoc(Q) returns (Answer) { option (portico.v1.method) = {
    resolver: "a" call: {name: "${name}" method: "in.Api/GetDoc"} }; }`)} message Answer { string a = 1; }`;

it.each(WORDS)("%s", async (word) => {
  for (const text of [field(word), called(word)]) {
    const compiled = compile(sourcesOf(internal, text));
    const api = await load(compiled);
    expect(typeErrors(compiled.files)).toBe("");
    let given: unknown;
    const a = (reads: unknown, { calls }: { calls?: Record<string, Record<string, string>> }) => {
      given = calls === undefined ? reads : calls[word];
      return calls === undefined ? "x" : { a: "x" };
    };
    const upstream = new FakeUpstream(compiled.registry, { "in.Api/GetDoc": () => ({ [word]: "v" }) });
    const { response, error } = await invoke(api, upstream, "pub.Api/GetDoc", {}, { resolvers: { a } });
    expect(error).toBeUndefined();
    expect(response).toEqual({ a: "x" });
    expect(given).toMatchObject({ [word]: "v" });
  }
});

it("what all objects have is no name", () => {
  expect(compile(sourcesOf(internal, field("constructor"))).error).toContain("resolver-reads");
  expect(compile(sourcesOf(internal, called("constructor"))).error).toContain("give the call another name");
  expect(compile(sourcesOf(internal, field("other = constructor"))).error).toBeUndefined();
});
