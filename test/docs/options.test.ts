import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../support/compile.js";
import { root } from "./blocks.js";
import { complete, exampleFiles } from "./proto.js";

/** A field of options.proto, as it is documented. */
interface Option {
  /** "Join.max_pages" */
  readonly name: string;
  readonly comment: string;
  /** The lines of the comment that are indented: how it is written. */
  readonly example: string;
  readonly isSupported: boolean;
}

const NOT_YET = /^Not supported yet: using (it|[\w., ]+) is a finding\./;
const options = optionsOf(readFileSync(join(root, "proto/portico/v1/options.proto"), "utf8"));

function optionsOf(text: string): Option[] {
  const found: Option[] = [];
  let message: { name: string; comment: string } | undefined;
  let comment: string[] = [];
  for (const line of text.split("\n")) {
    const said = /^\s*\/\/ ?(.*)$/.exec(line);
    if (said !== null) {
      comment.push(said[1]!);
      continue;
    }
    const head = /^(?:message|enum|extend) ([\w.]+) \{/.exec(line);
    if (head !== null) message = { name: head[1]!, comment: comment.join("\n") };
    const field = /^ {2}(?:repeated )?[\w.]+ (\w+) = \d+/.exec(line);
    if (field !== null && message !== undefined) {
      const isSupported = ![comment.join("\n"), message.comment].some((one) => NOT_YET.test(one));
      found.push({
        name: `${message.name}.${field[1]}`,
        comment: comment.join("\n").trim(),
        example: comment
          .filter((one) => one.startsWith("  "))
          .map((one) => one.trim())
          .join("\n"),
        isSupported,
      });
    }
    comment = [];
  }
  return found;
}

test("every option has a comment, with an example", () => {
  expect(options.length).toBeGreaterThan(80);
  expect(options.filter(({ comment, example }) => comment === "" || example === "")).toEqual([]);
});

describe("the example of each option", () => {
  const placed = options.map((option, index) => ({ ...option, file: `t${index}.proto` }));
  const files = placed.map(
    (option) => [option.file, complete(place(option), option.file.replace(".proto", ""))] as const,
  );
  // Throws where one of them is not what the language allows.
  const { error = "" } = compile({ ...exampleFiles(), ...Object.fromEntries(files) });

  test.each(placed.filter((option) => !option.isSupported))(
    "$name is not supported yet: a finding",
    ({ file }) => {
      expect(findingsOf(error, file)).toContain("not-supported-yet");
    },
  );

  test.each(placed.filter((option) => option.isSupported))("$name is supported", ({ file }) => {
    expect(findingsOf(error, file)).not.toContain("not-supported-yet");
  });
});

/** The rules that findings in a file are of. */
function findingsOf(error: string, file: string): string[] {
  return [...error.matchAll(/^(\S+?):\d+:\d+: ([\w-]+): /gm)]
    .filter((match) => match[1] === file)
    .map((match) => match[2]!);
}

const BATCH = "smpl.users.v1.UsersService/BatchGetUsers";

/** Puts an example where it belongs, in a file that is otherwise fine. */
function place({ name, example }: Option): string {
  const [message, option] = name.split(".").slice(-2) as [string, string];
  const said = (defaults: Readonly<Record<string, string>>) =>
    [
      ...Object.entries(defaults)
        .filter(([key]) => !new RegExp(`^${key}:`, "m").test(example))
        .map(([key, value]) => `${key}: "${value}"`),
      example,
    ].join("\n");
  const inCall = (text: string) => file({ method: `option (portico.v1.method).call = {${text}};` });
  switch (message) {
    case "ServiceOptions":
      return file({ service: example });
    case "ServiceRule":
    case "Policy":
      return file({ service: `option (portico.v1.service) = {${example}};` });
    case "MethodOptions":
    case "MethodRule":
      return file({
        method: example.startsWith("option") ? example : `option (portico.v1.method) = {${example}};`,
      });
    case "Call":
      return inCall(said({ method: "smpl.users.v1.UsersService/GetUser" }));
    case "MessageOptions":
    case "MessageRule":
      return file({ message: example });
    case "Join": {
      const how = option === "load" ? { key: "id" } : { method: BATCH, key: "id -> ids = users.id" };
      return file({ message: `option (portico.v1.message).join = {${said({ name: "user", ...how })}};` });
    }
    case "Load": {
      const load = option === "name" ? ' load: "by_email"' : "";
      return file({
        user: `option (portico.v1.message).load = {${said({ method: BATCH, key: "ids = users.id" })}};`,
        field: `User loaded = 1 [(portico.v1.field) = {key: "id"${load}}];`,
      });
    }
    case "FieldOptions":
    case "FieldRule":
      return file({
        field: / = \d+ \[/.test(example) ? example : `string other = 1 [(portico.v1.field) = {${example}}];`,
      });
    case "EnumValueOptions":
    case "EnumValueRule":
      return file({ value: example });
    case "Ensure":
      return file({ method: `option (portico.v1.method).ensure = {${example}};` });
    case "OnError":
    case "Retry":
    case "Hedge":
    case "Cache": {
      const key = message === "OnError" ? "on_error" : message.toLowerCase();
      return inCall(`method: "smpl.users.v1.UsersService/GetUser" ${key}: {${example}}`);
    }
    default:
      throw new Error(`where does the example of ${name} stand?`);
  }
}

interface Parts {
  readonly service?: string;
  readonly method?: string;
  readonly message?: string;
  readonly field?: string;
  readonly user?: string;
  readonly value?: string;
}

function file(parts: Parts): string {
  const service =
    parts.service ??
    'option (portico.v1.service) = {from: "smpl.users.v1.UsersService", allow: {authenticated: true}};';
  return `
service S {
  ${service}
  rpc GetUser(GetUserRequest) returns (Row) { ${parts.method ?? ""} }
}
message GetUserRequest { string id = 1; }
message Row {
  ${parts.message ?? ""}
  ${parts.field ?? ""}
  string row_id = 100 [(portico.v1.field).from = "id"];
  State state = 101 [(portico.v1.field).unset = true];
}
message User { ${parts.user ?? ""} string id = 1; }
message Order { string id = 1; }
enum State { STATE_UNSPECIFIED = 0; ${parts.value ?? ""} }
`;
}
