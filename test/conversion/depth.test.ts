import { Code } from "@portico/runtime";
import { expect, it } from "vitest";
import { len } from "../../runtime/src/wire/bytes.test.support.js";
import { gateway } from "../support/gateway.js";

const tree = `message Tree { map<string, Tree> by_name = 1; Tree next = 2; string id = 3; }`;
const trees = gateway(
  `service Trees { rpc Put(Tree) returns (Tree); rpc Get(GetRequest) returns (Tree); } ${tree} message GetRequest {}`,
  `service Api {
     option (portico.v1.service) = { from: "in.Trees" allow: {public: true} };
     rpc Put(Tree) returns (Tree);
     rpc Get(GetRequest) returns (Read);
   }
   message GetRequest {}
   message Read {
     map<string, Tree> by_name = 1;
     bool is_there = 2 [(portico.v1.field).from = "by_name.all(name, name != 'x' && by_name[name].id == '')"];
   }
   ${tree}`,
);

/** A tree of so many messages, one in the other, the entries of maps counted, as they are messages too. */
const nested = (levels: number): number[] =>
  levels <= 1 ? [] : levels === 2 ? len(1, []) : len(1, len(2, nested(levels - 2)));

it("entries of maps are messages that nest: 100 levels pass, 101 are malformed", async () => {
  const { run } = await trees;
  for (const levels of [99, 100]) {
    const put = await run({ "in.Trees/Put": () => ({}) }, { method: "pub.Api/Put", request: bytes(levels) });
    expect(put.error, String(levels)).toBeUndefined();
    const got = await run({ "in.Trees/Get": () => bytes(levels) }, { method: "pub.Api/Get" });
    expect(got.error, String(levels)).toBeUndefined();
    expect(got.response.isThere).toBe(true);
  }
  for (const levels of [101, 102]) {
    const put = await run({}, { method: "pub.Api/Put", request: bytes(levels) });
    expect(put.error?.code, String(levels)).toBe(Code.INVALID_ARGUMENT);
    expect(put.upstream.calls).toEqual([]);
    const got = await run({ "in.Trees/Get": () => bytes(levels) }, { method: "pub.Api/Get" });
    expect(got.error?.code, String(levels)).toBe(Code.INTERNAL);
  }
});

function bytes(levels: number): Uint8Array {
  return Uint8Array.from(nested(levels));
}
