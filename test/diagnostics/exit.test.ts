import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

// The built plugin under a real buf, outside of the repository.
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "portico-exit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function generate(from: string) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "proto/shop"), { recursive: true });
  cpSync(join(root, "proto"), join(folder, "proto"), { recursive: true });
  cpSync(new URL("internal", import.meta.url), join(folder, "proto/internal"), { recursive: true });
  writeFileSync(join(folder, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n");
  const plugin = JSON.stringify([process.execPath, join(root, "plugin/bin/protoc-gen-portico.js")]);
  writeFileSync(
    join(folder, "buf.gen.yaml"),
    `version: v2\nplugins:\n  - local: ${plugin}\n    out: gen\n    strategy: all\n`,
  );
  writeFileSync(
    join(folder, "proto/shop/shop.proto"),
    `syntax = "proto3";
package shop;
import "portico/v1/options.proto";
service Shop {
  option (portico.v1.service) = {from: "orders.v1.Orders" allow: {public: true}};
  rpc GetOrder(GetOrderRequest) returns (Order);
}
message GetOrderRequest { string id = 1; }
message Order { string city = 1 [(portico.v1.field).from = "${from}"]; }
`,
  );
  return spawnSync(join(root, "node_modules/.bin/buf"), ["generate"], { cwd: folder, encoding: "utf8" });
}

test("a wrong annotation: findings, an exit code, and no file", () => {
  const { status, stderr } = generate("customer.adress.city");
  expect(status).not.toBe(0);
  // Lines are shown: the plugin finds the files by buf.yaml.
  expect(stderr).toContain(`
shop/shop.proto:9:70: path-unknown: orders.v1.Customer has no field "adress"
  9 | message Order { string city = 1 [(portico.v1.field).from = "customer.adress.city"]; }
    |                                                                      ^^^^^^
  fix: did you mean "address"?`);
  expect(existsSync(join(folder, "gen"))).toBe(false);
});

test("right annotations: files", () => {
  const { status, stderr } = generate("customer.address.city");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(existsSync(join(folder, "gen/shop/shop_gateway.ts"))).toBe(true);
});
