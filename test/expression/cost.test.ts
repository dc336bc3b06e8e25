import { Code } from "@portico/runtime";
import { expect, it } from "vitest";
import { gateway } from "../support/gateway.js";

const INTERNAL = `
message GetRequest { repeated string tags = 1; bytes data = 2; repeated int32 at = 3; }
message Row { string id = 1; }
message Rows { repeated Row rows = 1; }
service Api { rpc Get(GetRequest) returns (Rows); }
`;

const service = `
service Api {
  option (portico.v1.service) = { from: "in.Api" allow: { public: true } };
  rpc Get(GetRequest) returns (Rows);
}
message GetRequest { repeated string tags = 1; bytes data = 2; repeated int32 at = 3; }
`;

const rows = Array.from({ length: 900 }, (_, i) => ({ id: `id${i}` }));
const tags = Array.from({ length: 30_000 }, (_, i) => String(i));

it("adds up what the expressions of all rows cost", async () => {
  const { run } = await gateway(
    INTERNAL,
    `${service}
message Row { string id = 1; bool mine = 2 [(portico.v1.field) = { from: "id in request.tags" }]; }
message Rows { repeated Row rows = 1; }`,
  );
  const few = await run({ "in.Api/Get": () => ({ rows: rows.slice(0, 3) }) }, { request: { tags } });
  expect(few.response.rows).toHaveLength(3);
  const { error } = await run({ "in.Api/Get": () => ({ rows }) }, { request: { tags } });
  expect(error?.code).toBe(Code.RESOURCE_EXHAUSTED);
});

it("adds up what expressions make", async () => {
  const { run } = await gateway(
    INTERNAL,
    `${service}
message Rows { bytes all = 1 [(portico.v1.field) = { from: "request.at.map(i, request.data + b'x').first()" }]; }`,
  );
  const data = Buffer.alloc(400_000).toString("base64");
  const answers = { "in.Api/Get": () => ({}) };
  const few = await run(answers, { request: { data, at: [1, 2] } });
  expect(few.response.all).toHaveLength(533_336);
  const { error } = await run(answers, { request: { data, at: Array.from({ length: 800 }, () => 1) } });
  expect(error?.code).toBe(Code.RESOURCE_EXHAUSTED);
});
