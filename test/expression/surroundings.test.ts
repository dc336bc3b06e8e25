import { expect, test } from "vitest";
import { gateway } from "../support/gateway.js";

const schema = gateway(
  `
  service Docs { rpc Get(GetRequest) returns (Doc); }
  message GetRequest { string id = 1; string region = 2; }
  message Doc { string id = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = {from: "in.Docs" allow: {public: true}};
    rpc Get(GetRequest) returns (Doc) {
      option (portico.v1.method).call = {method: "Get" set: "region = metadata['x-region']"};
    }
  }
  message GetRequest { string id = 1; }
  message Doc {
    string id = 1 [(portico.v1.field).when = "metadata['x-region'] != 'moon'"];
    string region = 2 [(portico.v1.field).from = "metadata['x-region']"];
    bool is_local = 3 [(portico.v1.field).from = "metadata['x-region'] == config.region"];
    string tier = 4 [(portico.v1.field).from = "'x-tier' in metadata ? 'known' : 'unknown'"];
    string plan = 5 [(portico.v1.field).from = "has(config.plan) ? string(config.plan) : 'free'"];
    string zone = 6 [(portico.v1.field).from = "'zone' in config ? string(config['zone']) : 'none'"];
    string floor = 7 [(portico.v1.field).from = "string(config['floor'])"];
  }
  `,
);
const answers = { "in.Docs/Get": () => ({ id: "d" }) };
const config = { region: "eu", floor: "2" };

test("a header that the client leaves out is absent", async () => {
  const { run } = await schema;
  const { response, error, asked } = await run(answers, { config, request: { id: "x" } });
  expect(error).toBeUndefined();
  expect(response).toEqual({ tier: "unknown", plan: "free", zone: "none", floor: "2" });
  expect(asked("in.Docs/Get")).toEqual([{ id: "x" }]);
});

test("a header that is there is what it says", async () => {
  const { run } = await schema;
  const { response, asked } = await run(answers, { config, metadata: [["x-region", "eu"]] });
  expect(response).toMatchObject({ id: "d", region: "eu", isLocal: true });
  expect(asked("in.Docs/Get")).toEqual([{ region: "eu" }]);
});

test("the generated api lists the names of config that it cannot do without", async () => {
  const { api } = await schema;
  expect(api.config).toEqual(["floor", "region"]);
});
