import { expect, it } from "vitest";
import { gateway } from "../support/gateway.js";

const message = `message Filter { string name = 1; } message GetRequest { oneof by { Filter filter = 1; string id = 2; } }`;

it("what a later member of its oneof replaces is looked at, and malformed bytes in it are INVALID_ARGUMENT", async () => {
  const { run } = await gateway(
    `service Docs { rpc Get(GetRequest) returns (Doc); } ${message} message Doc { string id = 1; }`,
    `service Api { option (portico.v1.service) = {from: "in.Docs" allow: {public: true}}; rpc Get(GetRequest) returns (Doc); }
     ${message} message Doc { string id = 1; }`,
  );
  const answers = { "in.Docs/Get": () => ({ id: "d" }) };
  const replaced = (...filter: number[]) => Uint8Array.of(0x0a, filter.length, ...filter, 0x12, 1, 0x61);
  const fine = await run(answers, { request: replaced(0x0a, 1, 0x62) });
  expect(fine.asked("in.Docs/Get")).toEqual([{ id: "a" }]);
  const broken = await run(answers, { request: replaced(0x06) });
  expect(broken.error?.code).toBe(3);
  expect(broken.asked("in.Docs/Get")).toEqual([]);
});
