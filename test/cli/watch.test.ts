import { mkdirSync, renameSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FILES, Workspace } from "./workspace.js";

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const PUBLIC = "public/api/v1/orders.proto";

test("answers edits, survives protos that do not compile, and ends on SIGINT", async () => {
  const watch = workspace.start("check", "--watch");
  expect(await watch.answer()).toMatchObject({ out: "", err: expect.stringContaining("no findings") });

  workspace.edit(PUBLIC, '"user.email"', '"user.emall"');
  const wrong = await watch.answer();
  expect(wrong.out).toContain('path-unknown: users.v1.User has no field "emall"');
  expect(wrong.err).toMatch(/^portico: 1 finding \(\d+ ms, own CPU \d+ ms\); waiting for changes\n$/);

  workspace.edit(PUBLIC, "string product = 2;", "strin product = 2;");
  const broken = await watch.answer();
  expect(broken.out).toBe("");
  expect(broken.err).toMatch(/^public\/api\/v1\/orders\.proto:\d+:\d+:.*strin/);
  expect(broken.err).toContain("does not compile");

  // As editors save: another file that takes the name.
  workspace.write("public/api/v1/.orders.proto.swp", FILES[PUBLIC]);
  renameSync(workspace.path("public/api/v1/.orders.proto.swp"), workspace.path(PUBLIC));
  expect(await watch.answer()).toMatchObject({ out: "", err: expect.stringContaining("no findings") });
  expect(await watch.stop("SIGINT")).toBe(0);
});

test("sees files and folders that come and go, and buf.gen.yaml", async () => {
  const watch = workspace.start("check", "--watch", "--format", "json");
  const findings = async () => JSON.parse((await watch.answer()).out) as Array<{ id: string; file: string }>;
  expect(await findings()).toEqual([]);

  const folder = "public/api/other/v1";
  mkdirSync(workspace.path(folder), { recursive: true });
  workspace.write(
    `${folder}/other.proto`,
    FILES[PUBLIC]
      .replace("package api.v1", "package api.other.v1")
      .replace("user.email", "user.password_hash"),
  );
  let found = await findings();
  // The folder may have been seen before the file in it.
  if (found.length === 0) found = await findings();
  expect(found).toMatchObject([{ id: "field-internal", file: `${folder}/other.proto` }]);

  rmSync(workspace.path("public/api/other"), { recursive: true });
  found = await findings();
  if (found.length > 0) found = await findings();
  expect(found).toEqual([]);

  workspace.write("buf.gen.yaml", `${FILES["buf.gen.yaml"]}    opt: sharde=x\n`);
  expect((await watch.answer()).err).toContain('unknown or incomplete option "sharde=x"');
  workspace.write("buf.gen.yaml", FILES["buf.gen.yaml"]);
  expect(await findings()).toEqual([]);
  expect(await watch.stop("SIGTERM")).toBe(0);
});

test("a message that an edit removes is gone", async () => {
  const watch = workspace.start("check", "--watch");
  await watch.answer();
  workspace.edit("internal/users/v1/users.proto", "service Users {", "service Members {");
  expect((await watch.answer()).out).toContain('no service "users.v1.Users"');
  await watch.stop("SIGINT");
});

test("standard input does not change", () => {
  expect(workspace.portico("check", "--watch", "--image", "-").status).toBe(2);
});
