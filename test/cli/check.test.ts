import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FILES, Workspace } from "./workspace.js";

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const PUBLIC = "public/api/v1/orders.proto";
const INTERNAL = "internal/orders/v1/orders.proto";
const LINE = FILES[PUBLIC].split("\n").findIndex((line) => line.includes("user.email")) + 1;
const breakIt = () => workspace.edit(PUBLIC, '"user.email"', '"user.emall"');

describe("portico check", () => {
  test("is quiet where nothing is wrong", () => {
    expect(workspace.portico("check")).toEqual({ status: 0, out: "", err: "" });
    expect(workspace.portico("check", "--format", "json").out).toBe("[]\n");
  });

  test("text: places that can be opened, the line with its caret, the fix", () => {
    breakIt();
    expect(workspace.portico("check")).toEqual({
      status: 1,
      out: `${PUBLIC}:${LINE}:58: path-unknown: users.v1.User has no field "emall"
  ${LINE} |   string user_email = 3 [(portico.v1.field).from = "user.emall"];
     |                                                          ^^^^^
  fix: did you mean "email"?
`,
      err: "",
    });
  });

  test("json: an array, with every part of a finding", () => {
    breakIt();
    const { status, out } = workspace.portico("check", "--format=json");
    expect(status).toBe(1);
    expect(JSON.parse(out)).toEqual([
      {
        id: "path-unknown",
        file: PUBLIC,
        line: LINE,
        column: 58,
        endLine: LINE,
        endColumn: 63,
        message: 'users.v1.User has no field "emall"',
        fix: 'did you mean "email"?',
      },
    ]);
  });

  test("github: a workflow command, escaped, its path from the root of the repository", () => {
    workspace.edit(PUBLIC, '"users.v1.Users/BatchGetUsers"', '"users.v1.Users/50%,:x"');
    const inRepository = { GITHUB_WORKSPACE: workspace.path("..") };
    const { out } = workspace.run(
      process.execPath,
      [new URL("../../plugin/bin/portico.js", import.meta.url).pathname, "check", "--format", "github"],
      inRepository,
    );
    const folder = workspace.folder.split("/").at(-1);
    expect(out).toMatch(
      new RegExp(
        `^::error file=${folder}/${PUBLIC},line=\\d+,endLine=\\d+,col=\\d+,endColumn=\\d+,title=[a-z-]+::`,
      ),
    );
    expect(out).toContain("50%25,:x");
    expect(out).toContain("%0Afix: ");
    expect(out.trim().split("\n")).toHaveLength(1);
  });

  test("sarif: a log of version 2.1.0", () => {
    breakIt();
    workspace.edit(PUBLIC, "string product = 2;", "string prodct = 2;");
    const { status, out } = workspace.portico("check", "--format", "sarif");
    expect(status).toBe(1);
    const log = JSON.parse(out);
    expectSarif(log);
    expect(log.runs[0].results).toHaveLength(2);
    expect(log.runs[0].results[1].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: PUBLIC, uriBaseId: "%SRCROOT%" },
      region: { startLine: LINE, startColumn: 58, endLine: LINE, endColumn: 63 },
    });
  });

  test("sarif: without findings, or with one of no file in particular, it is a log too", () => {
    const none = JSON.parse(workspace.portico("check", "--format", "sarif").out);
    expectSarif(none);
    expect(none.runs[0].results).toEqual([]);
    workspace.write(PUBLIC, 'syntax = "proto3"; package api.v1; message M {}');
    const { status, out } = workspace.portico("check", "--format", "sarif");
    expect(status).toBe(1);
    expectSarif(JSON.parse(out));
    expect(JSON.parse(out).runs[0].results[0]).toMatchObject({ ruleId: "no-public-service" });
  });

  test("says what the plugin says", () => {
    breakIt();
    const { err } = workspace.buf("generate");
    const [finding] = JSON.parse(workspace.portico("check", "--format=json").out);
    expect(err).toContain(`api/v1/orders.proto:${LINE}:58: path-unknown: ${finding.message}`);
  });

  test("protos that do not compile: buf's error, and exit code 2", () => {
    workspace.edit(INTERNAL, "string id = 1;", "strin id = 1;");
    const { status, out, err } = workspace.portico("check");
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(/^internal\/orders\/v1\/orders\.proto:8:\d+:.*strin/);
  });
});

describe("options of the plugin", () => {
  /** The internal files in an image, as if they were in another repository. */
  const moveAway = () => {
    expect(workspace.buf("build", "-o", "internal.binpb").status).toBe(0);
    workspace.write("buf.yaml", "version: v2\nmodules:\n  - path: proto\n  - path: public\n");
  };

  test("are those of buf.gen.yaml", () => {
    moveAway();
    expect(workspace.portico("check").out).toContain("service-unknown");
    workspace.write("buf.gen.yaml", `${workspace.read("buf.gen.yaml")}    opt: [internal=internal.binpb]\n`);
    expect(workspace.portico("check")).toEqual({ status: 0, out: "", err: "" });
  });

  test("or those of the command line", () => {
    moveAway();
    workspace.write("buf.gen.yaml", "plugins: &anchor\n");
    expect(workspace.portico("check", "--opt", "internal=internal.binpb", "--input", ".").status).toBe(0);
    const { status, err } = workspace.portico("check");
    expect(status).toBe(2);
    expect(err).toMatch(/buf\.gen\.yaml: line 1: .*--opt OPTION/);
  });

  test("`strategy: all` is needed where files are in several folders", () => {
    const template = workspace.read("buf.gen.yaml");
    const message =
      "without `strategy: all` buf runs the plugin once for each of 4 folders, so that it never sees public and internal files together";
    for (const other of ["", "    strategy: directory\n"]) {
      workspace.write("buf.gen.yaml", template.replace("    strategy: all\n", other));
      const { status, out } = workspace.portico("check", "--format=json");
      expect(status).toBe(1);
      const fix = "add `strategy: all` to the plugin";
      expect(JSON.parse(out)).toMatchObject([
        { id: "option-plugin", file: "buf.gen.yaml", line: 3, column: 3, message, fix },
      ]);
      // The plugin itself has none to see.
      expect(workspace.buf("generate").status).not.toBe(0);
    }
    breakIt();
    expect(JSON.parse(workspace.portico("check", "--format=json").out)).toHaveLength(2);
    // One that is asked about by other means is not what buf generates.
    expect(workspace.portico("check", "--opt", "", "--input", ".").out).not.toContain("strategy");
    workspace.write(
      "buf.gen.yaml",
      "version: v2\nplugins:\n  - remote: buf.build/bufbuild/es\n    out: gen\n",
    );
    expect(workspace.portico("check").out).not.toContain("strategy");
  });

  test("`strategy: all` is not needed for one folder", () => {
    moveAway();
    workspace.write("buf.yaml", "version: v2\nmodules:\n  - path: public\n  - path: proto\n");
    const template = workspace.read("buf.gen.yaml").replace("    strategy: all\n", "");
    workspace.write(
      "buf.gen.yaml",
      `${template}    opt: [internal=internal.binpb]\ninputs:\n  - directory: .\n    paths: [public/api]\n`,
    );
    expect(workspace.portico("check")).toEqual({ status: 0, out: "", err: "" });
  });

  test("that are wrong: exit code 2", () => {
    const { status, err } = workspace.portico("check", "--opt", "sharde=x");
    expect(status).toBe(2);
    expect(err).toContain('option-plugin: unknown or incomplete option "sharde=x"');
  });

  test("the input is that of buf.gen.yaml", () => {
    workspace.write("buf.gen.yaml", `${workspace.read("buf.gen.yaml")}inputs:\n  - directory: elsewhere\n`);
    expect(workspace.portico("check").err).toContain("elsewhere");
    expect(workspace.portico("check", "--input", ".").status).toBe(0);
  });

  test("--image: in place of buf", () => {
    breakIt();
    expect(workspace.buf("build", "-o", "all.binpb").status).toBe(0);
    const { status, out } = workspace.run(
      process.execPath,
      [new URL("../../plugin/bin/portico.js", import.meta.url).pathname, "check", "--image", "all.binpb"],
      { PATH: "/nowhere" },
    );
    expect(status).toBe(1);
    expect(out).toContain(`${PUBLIC}:${LINE}:58: path-unknown`);
  });

  test("--image: one that is missing, is none, or was stripped is refused", () => {
    expect(workspace.portico("check", "--image", "x.binpb").err).toContain("--image x.binpb: cannot be read");
    workspace.write("x.binpb", "no image");
    expect(workspace.portico("check", "--image", "x.binpb")).toMatchObject({ status: 2, out: "" });
    workspace.buf("build", "-o", "x.binpb", "--exclude-source-retention-options");
    const { status, err } = workspace.portico("check", "--image", "x.binpb");
    expect(status).toBe(2);
    expect(err).toContain("the image was stripped");
  });

  test("without buf: what to do", () => {
    const { status, err } = workspace.run(
      process.execPath,
      [new URL("../../plugin/bin/portico.js", import.meta.url).pathname, "check"],
      { PATH: "/nowhere" },
    );
    expect(status).toBe(2);
    expect(err).toContain("npm install --save-dev @bufbuild/buf");
  });
});

describe("the command line", () => {
  test.each([
    [[]],
    [["chekc"]],
    [["check", "--formt", "json"]],
    [["check", "--format", "xml"]],
    [["check", "too", "many"]],
    [["help", "nothing"]],
    [["vendor", "a", "b"]],
  ])("%j: usage, and exit code 2", (args) => {
    const { status, out, err } = workspace.portico(...args);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(/usage: portico|it is one of text, json/);
  });

  test("help, of all and of each command", () => {
    const { status, out } = workspace.portico("--help");
    expect(status).toBe(0);
    const commands = [...out.matchAll(/^ {2}(\w+) {2,}/gm)].map((match) => match[1]!);
    expect(commands).toContain("check");
    for (const command of commands.filter((name) => name !== "help")) {
      const help = workspace.portico("help", command);
      expect(help).toMatchObject({ status: 0, err: "" });
      expect(help.out).toMatch(new RegExp(`^usage: portico ${command} `));
      expect(workspace.portico(command, "--help")).toEqual(help);
    }
  });
});

/** What the schema of SARIF 2.1.0 asks of the parts that are written here. */
function expectSarif(log: unknown): void {
  const text = expect.stringMatching(/./);
  expect(log).toEqual({
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "portico", rules: expect.any(Array) } },
        columnKind: "utf16CodeUnits",
        results: expect.any(Array),
      },
    ],
  });
  const [run] = (log as { runs: Array<{ tool: { driver: { rules: unknown[] } }; results: unknown[] }> }).runs;
  for (const rule of run!.tool.driver.rules) expect(rule).toEqual({ id: text, shortDescription: { text } });
  for (const result of run!.results as Array<{ ruleId: string; ruleIndex: number }>) {
    expect(result).toMatchObject({ level: "error", message: { text } });
    expect(run!.tool.driver.rules[result.ruleIndex]).toMatchObject({ id: result.ruleId });
  }
}
