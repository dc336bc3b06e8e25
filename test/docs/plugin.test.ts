import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blocksOf, root } from "./blocks.js";
import { commandsOf } from "./commands.js";

// docs/plugin.md, step by step: the internal files are in another repository.

const temp = mkdtempSync(join(tmpdir(), "portico-plugin-"));
const shop = join(temp, "shop");
afterAll(() => rmSync(temp, { recursive: true, force: true }));

beforeAll(() => {
  for (const { info, text } of blocksOf("docs/getting-started.md")) {
    if (info.file?.startsWith("internal/")) write(join(temp, "services/proto"), info.file.slice(9), text);
    if (info.file?.startsWith("public/")) write(join(shop, "public"), info.file.slice(7), text);
  }
  cpSync(join(root, "proto"), join(shop, "proto"), { recursive: true });
  write(shop, "buf.yaml", "version: v2\nmodules:\n  - path: proto\n  - path: public\n");
  for (const { language, info, text } of blocksOf("docs/plugin.md")) {
    if (info.file !== undefined) write(shop, info.file, text);
    else if (language === "sh") for (const command of commandsOf(text)) run(command);
  }
});

test("the gateway is generated as if all were in one workspace", () => {
  const generated = readFileSync(join(shop, "gen/acme/api/v1/orders_gateway.ts"), "utf8");
  expect(generated).toContain("acme.users.v1.UsersService/BatchGetUsers");
  expect(existsSync(join(shop, "gen/gateway.ts"))).toBe(true);
});

test("without the image, a finding, and nothing is written", () => {
  const template = readFileSync(join(shop, "buf.gen.yaml"), "utf8").replace(/ {4}opt:[\s\S]*$/, "");
  write(shop, "buf.gen.yaml", template);
  rmSync(join(shop, "gen"), { recursive: true });
  expect(() => run("npx buf generate")).toThrow(/: service-unknown: /);
  expect(existsSync(join(shop, "gen"))).toBe(false);
});

function write(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

/** Runs a command of the page; there is no node_modules here, so `npx` is the repository's. */
function run(command: string): void {
  const bin = join(root, "node_modules/.bin");
  execFileSync("sh", ["-c", command.replace(/^npx /, "")], {
    cwd: shop,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
}
