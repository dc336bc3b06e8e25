import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Block, blocksOf, placeOf, root } from "./blocks.js";
import { commandsOf } from "./commands.js";

// docs/cli.md on the workspace of docs/getting-started.md: every command runs, and prints what the page shows.

const page = "docs/cli.md";
const shop = mkdtempSync(join(tmpdir(), "portico-cli-docs-"));
afterAll(() => rmSync(shop, { recursive: true, force: true }));

beforeAll(() => {
  for (const { info, text } of blocksOf("docs/getting-started.md")) {
    if (info.file === undefined) continue;
    mkdirSync(dirname(join(shop, info.file)), { recursive: true });
    writeFileSync(join(shop, info.file), text);
  }
  cpSync(join(root, "proto"), join(shop, "proto"), { recursive: true });
});

/** Runs a command of the page; there is no node_modules here, so `npx` is the repository's. Throws unless it exits with 0. */
function run(command: string): string {
  const bin = join(root, "node_modules/.bin");
  return execFileSync("sh", ["-c", command.replace(/^npx /, "")], {
    cwd: shop,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

const find = (key: string) => blocksOf(page).find(({ info }) => info[key] !== undefined) as Block;

test("explain prints what the page shows", () => {
  const { info, text } = find("explains");
  expect(run(`npx portico explain ${info.explains}`)).toBe(text);
});

test("exposure prints what the page shows", () => {
  expect(run("npx portico exposure --out -")).toBe(find("exposes").text);
});

const commands = blocksOf(page).filter(({ language }) => language === "sh");

test.each(commands.map((block) => [placeOf(block), block] as const))("%s runs", (_, block) => {
  for (const command of commandsOf(block.text))
    expect(run(command).length, command).toBeGreaterThanOrEqual(0);
});

test("what is scaffolded builds beside it", () => {
  expect(existsSync(join(shop, "public/acme/shop/v1/orders.proto"))).toBe(true);
  expect(run("npx portico check")).toBe("");
});
