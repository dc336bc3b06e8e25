import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workspace } from "./workspace.js";

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace();
});
afterAll(() => workspace.remove());

test("--version", () => {
  const { version } = JSON.parse(
    readFileSync(new URL("../../plugin/package.json", import.meta.url), "utf8"),
  ) as { version: string };
  expect(workspace.portico("--version")).toEqual({ status: 0, out: `portico ${version}\n`, err: "" });
});

test("an option that is not known, and the one that is meant", () => {
  const told = (...args: string[]) => {
    const { status, out, err } = workspace.portico(...args);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    return err.split("\n")[0];
  };
  expect(told("check", "--frmat", "json")).toBe(
    'portico check: no option "--frmat"; did you mean "--format"?',
  );
  expect(told("check", "--frmat=json")).toBe('portico check: no option "--frmat"; did you mean "--format"?');
  expect(told("check", "--nonsense")).toBe('portico check: no option "--nonsense"');
  expect(told("check", "-x")).toBe('portico check: no option "-x"');
  expect(told("check", "--format")).toContain("--format <value>");
});

test("check says that there is no buf.gen.yaml, but not to those who say what it would", () => {
  rmSync(workspace.path("buf.gen.yaml"));
  expect(workspace.portico("check")).toEqual({
    status: 0,
    out: "",
    err: "no buf.gen.yaml here: checked what buf builds of this folder, with no option of the plugin\n",
  });
  expect(workspace.portico("check", "--opt", "shared=common").err).toBe("");
});

test("scaffold starts from modules without a .proto file, which buf does not build", () => {
  rmSync(workspace.path("public"), { recursive: true });
  mkdirSync(workspace.path("public"));
  const { status, out, err } = workspace.portico("scaffold", "orders.v1.Orders/ListOrders");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(out).toContain('from: "orders.v1.Orders"');
  // Another module may be empty too.
  workspace.write("buf.yaml", `${workspace.read("buf.yaml")}  - path: more\n`);
  mkdirSync(workspace.path("more"));
  expect(workspace.portico("scaffold", "orders.v1.Orders/ListOrders")).toEqual({ status, out, err });
  // What does not compile is told all the same.
  workspace.edit("internal/orders/v1/orders.proto", "string id = 1;", "strin id = 1;");
  expect(workspace.portico("scaffold", "orders.v1.Orders/ListOrders")).toMatchObject({
    status: 2,
    out: "",
    err: expect.stringContaining("cannot find `strin`"),
  });
});
