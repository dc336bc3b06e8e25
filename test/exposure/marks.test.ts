import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { respond } from "../../plugin/src/cli/plugin.js";
import { EXPOSURE_FILE } from "../../plugin/src/emit/report/exposure-list.js";

// What the owner of an internal file marks is never exposed: every road to it is tried, and each is one finding.

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "portico-marks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** By road, the declarations of a public file. */
type Roads = Readonly<Record<string, string>>;

const service = (options = "", method = "GetBox", response = "Box", request = "GetBoxRequest") => `
service Api {
  option (portico.v1.service) = {from: "vault.v1.Vault" allow: {authenticated: true} ${options}};
  rpc ${method}(${request}) returns (${response});
}`;
const GET = `${service()} message GetBoxRequest { string id = 1; }`;
const box = (fields: string) => `${GET} message Box { ${fields} }`;
const owners = (fields: string, join = "") => `${GET}
message Box {
  option (portico.v1.message).join = {
    name: "owner" method: "vault.v1.Vault/BatchGetOwners" key: "owner_id -> ids = owners.id" ${join}
  };
  ${fields}
}`;
const put = (fields: string, more = "") => `${service("", "PutBox", "Done", "PutBoxRequest")}
message Done { string id = 1; }
message PutBoxRequest { ${more} Box box = 1; }
message Box { ${fields} }`;

const READ: Roads = {
  "by the same name": box("string pin = 1;"),
  "by debug_redact": box("string token = 1;"),
  "by from": box('string x = 1 [(portico.v1.field).from = "pin"];'),
  "from the root `source`": box('string x = 1 [(portico.v1.field).from = "source.pin"];'),
  "the first of several from": box(
    'string x = 1 [(portico.v1.field).from = "pin", (portico.v1.field).from = "id"];',
  ),
  "the last of several from": box(
    'string x = 1 [(portico.v1.field).from = "id", (portico.v1.field).from = "pin"];',
  ),
  "through a marked message": box('string x = 1 [(portico.v1.field).from = "secret.color"];'),
  "inside a message": box('string x = 1 [(portico.v1.field).from = "inner.pin"];'),
  "a marked message as a whole": `${box("Inner secret = 1;")} message Inner { string color = 1; }`,
  "a message that holds it": `${box("Inner inner = 1;")} message Inner { string pin = 1; }`,
  "deep in messages of messages": `${box("Outer outer = 1;")}
    message Outer { Inner inner = 1; } message Inner { string pin = 1; }`,
  "a message of its own kind": box("string id = 1; Box next = 2; string pin = 3;"),
  "in a list": `${box("repeated Inner list = 1;")} message Inner { string pin = 1; }`,
  "a marked list": box("repeated string pins = 1;"),
  "a marked map": box("map<string, string> by_name = 1;"),
  "in the values of a map": `${box("map<string, Inner> inners = 1;")} message Inner { string pin = 1; }`,
  "a member of a oneof": box("oneof which { string code = 1; string id = 2; }"),
  "a wrapper": box("google.protobuf.StringValue wrapped = 1;"),
  "a wrapper, unwrapped": box("optional string wrapped = 1;"),
  "an enum": `${box("Kind kind = 1;")} enum Kind { KIND_A = 0; KIND_B = 1; }`,
  "in a group": `${box("Group group = 1;")} message Group { string pin = 1; }`,
  "in an Any": `${box('google.protobuf.Any any = 1 [(portico.v1.field).any = "PACKAGE.Inner"];')}
    message Inner { option (portico.v1.message).source = "vault.v1.Inner"; string pin = 1; }`,
  "a marked Any": `${box('google.protobuf.Any hidden = 1 [(portico.v1.field).any = "PACKAGE.Inner"];')}
    message Inner { option (portico.v1.message).source = "vault.v1.Inner"; string color = 1; }`,
  "of a joined row": owners('string x = 1 [(portico.v1.field).from = "owner.pin"];'),
  "in a joined row as a whole": `${owners("Owner owner = 1;")} message Owner { string pin = 1; }`,
  "a list of joined rows": `${owners("repeated Owner owner = 1;")} message Owner { string pin = 1; }`,
  "by the select of a join": owners(
    'string x = 1 [(portico.v1.field).from = "owner.color"];',
    'select: "hidden"',
  ),
  "by rows that are marked": `${GET}
    message Box {
      option (portico.v1.message).join = {
        name: "owner" method: "vault.v1.Vault/BatchGetOwners" key: "owner_id -> ids = hidden.id"
      };
      string x = 1 [(portico.v1.field).from = "owner.id"];
    }`,
  "by a load": `${box('Owner o = 1 [(portico.v1.field).key = "owner_id"];')}
    message Owner {
      option (portico.v1.message).load = {method: "vault.v1.Vault/BatchGetOwners" key: "ids = owners.id"};
      string pin = 1;
    }`,
  "by a list of keys": `${box('repeated Owner o = 1 [(portico.v1.field).key = "pins"];')}
    message Owner {
      option (portico.v1.message).load = {method: "vault.v1.Vault/BatchGetOwners" key: "ids = owners.id"};
      string id = 1;
    }`,
  "by the select of a load": `${box('Owner o = 1 [(portico.v1.field).key = "owner_id"];')}
    message Owner {
      option (portico.v1.message).load = {
        method: "vault.v1.Vault/BatchGetOwners" key: "ids = owners.id" select: "hidden"
      };
      string color = 1;
    }`,
  "by the select of the source": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method).call = {method: "GetBox" select: "secret"};
      }
    }
    message GetBoxRequest { string id = 1; } message Box { string color = 1; }`,
  "of a named call": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method).call = {name: "b" method: "GetBox"};
      }
    }
    message GetBoxRequest { string id = 1; }
    message Box { string x = 1 [(portico.v1.field).from = "b.pin"]; }`,
  "a named call as a whole": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Answer) {
        option (portico.v1.method).call = {name: "b" method: "GetBox"};
      }
    }
    message GetBoxRequest { string id = 1; } message Answer { Box b = 1; } message Box { string pin = 1; }`,
  "in a stream": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc WatchBox(GetBoxRequest) returns (stream Box);
    }
    message GetBoxRequest { string id = 1; } message Box { string pin = 1; }`,
  "in an answer to a write": `${service("", "PutBox", "Done", "PutBoxRequest")}
    message Done { string id = 1; string pin = 2; } message PutBoxRequest { Box box = 1; } message Box { string id = 1; }`,
};

/** By an expression, of every shape in which a field can be reached. */
const from = (text: string) => box(`string x = 1 [(portico.v1.field).from = "${text}"];`);
const EXPRESSION: Roads = {
  "a part of a text": from("id + pin"),
  "that it is there": from("has(inner.pin) ? 'a' : 'b'"),
  "only compared": from("pin == '1' ? 'a' : 'b'"),
  "compared with the request": from("request.id == pin ? 'a' : 'b'"),
  "by a condition on messages": from("(id == '' ? inner : outer.inner).pin"),
  "by a list that is made": from("[inner][0].pin"),
  "by a map that is made": from("{'a': inner}['a'].pin"),
  "of an element": from("list[0].pin"),
  "of the first": from("list.first().pin"),
  "of the value of a map": from("inners['a'].pin"),
  "of the value of a map, by its name": from("inners.a.pin + ''"),
  "of the value of a map in a list": from("[inners][0]['a'].pin"),
  "of a list of lists": from("[[inner]][0][0].pin"),
  "of what is dynamic": from("string([inner, 1][0].pin)"),
  "of a map that is dynamic": from("string([inners, 1][0].a.pin)"),
  "of a whole message that is dynamic": from("string([source, 1][0].pin)"),
  "by dyn": from("string(dyn(source).pin)"),
  "by comparing what is dynamic": from("dyn(inner) == dyn(outer.inner) ? 'a' : 'b'"),
  "by comparing lists of lists of messages": from("[[inner]] == [list] ? 'a' : 'b'"),
  "by comparing messages": from("inner == outer.inner ? 'a' : 'b'"),
  "by comparing lists of messages": from("list == list ? 'a' : 'b'"),
  "by looking for a message": from("inner in list ? 'a' : 'b'"),
  "of each": from("list.map(i, i.pin).join(',')"),
  "of each, by two maps": from("list.map(i, i).map(j, j.pin).join(',')"),
  "of each, in lists of lists": from("list.map(i, [i]).map(j, j[0].pin).join(',')"),
  "of all, sorted": from("list.sort_by(i, i.color).map(i, i.pin).join(',')"),
  "that one of all has it": from("list.exists(i, i.pin == '1') ? 'a' : 'b'"),
  "of keys": from("inners.map(k, inners[k].pin).join(',')"),
  "a marked list": from("pins.join(',')"),
  "how many of them": from("string(size(pins))"),
  "a marked map": from("by_name['a']"),
  "an enum by its name": from("string(kind)"),
  "of the rows that are shown": `${box("repeated Inner i = 1 [(portico.v1.field).from = \"list.filter(i, i.pin == 'a')\"];")}
    message Inner { string color = 1; }`,
  "of the order of rows": `${box('repeated Inner i = 1 [(portico.v1.field).from = "list.sort_by(i, i.pin)"];')}
    message Inner { string color = 1; }`,
  "a list of rows that hold it": `${box('repeated Inner i = 1 [(portico.v1.field).from = "list.take(2)"];')}
    message Inner { string pin = 1; }`,
  "of the message around": `${box("Inner inner = 1;")}
    message Inner { string x = 1 [(portico.v1.field).from = "parent.pin + ''"]; }`,
  "of a joined row": owners("string x = 1 [(portico.v1.field).from = \"owner.pin + ''\"];"),
  "by a let": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method) = {
          call: {name: "b" method: "GetBox"} let: "l = b.pin + ''"
        };
      }
    }
    message GetBoxRequest { string id = 1; } message Box { string x = 1 [(portico.v1.field).from = "l"]; }`,
  "by a let of the same name": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method) = {
          call: {name: "b" method: "GetBox"} let: "l = b.pin + ''"
        };
      }
    }
    message GetBoxRequest { string id = 1; } message Box { string l = 1; }`,
  "by a let in an expression": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method) = {
          call: {name: "b" method: "GetBox"} let: "l = b.pin" let: "m = l + ''"
        };
      }
    }
    message GetBoxRequest { string id = 1; } message Box { string x = 1 [(portico.v1.field).from = "m + 'a'"]; }`,
  "by a let of a message": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method) = {
          call: {name: "b" method: "GetBox"} let: "l = b.secret"
        };
      }
    }
    message GetBoxRequest { string id = 1; } message Box { string x = 1 [(portico.v1.field).from = "l.color"]; }`,
  "whether a field is there": box('string id = 1 [(portico.v1.field).when = "pin == request.id"];'),
  "whether a row is joined": owners(
    'string x = 1 [(portico.v1.field).from = "owner.id"];',
    'when: "pin == request.id"',
  ),
};

const WRITE: Roads = {
  "by the same name": `${service()} message Box { string id = 1; } message GetBoxRequest { string pin = 1; }`,
  "by debug_redact": `${service()} message Box { string id = 1; } message GetBoxRequest { string token = 1; }`,
  "by to": `${service()} message Box { string id = 1; }
    message GetBoxRequest { string x = 1 [(portico.v1.field).to = "pin"]; }`,
  "to: through a marked message": `${service()} message Box { string id = 1; }
    message GetBoxRequest { string x = 1 [(portico.v1.field).to = "secret.color"]; }`,
  "to: inside a message": `${service()} message Box { string id = 1; }
    message GetBoxRequest { string x = 1 [(portico.v1.field).to = "inner.pin"]; }`,
  "in a message": put("string pin = 1;"),
  "by an inverted from": put('string x = 1 [(portico.v1.field).from = "inner.pin"];'),
  "in the values of a map": `${put("map<string, Inner> inners = 1;")} message Inner { string pin = 1; }`,
  "a marked map": put("map<string, string> by_name = 1;"),
  "in a list": `${put("repeated Inner list = 1;")} message Inner { string pin = 1; }`,
  "a marked message": `${put("Inner secret = 1;")} message Inner { string color = 1; }`,
  "a member of a oneof": put("oneof which { string code = 1; string id = 2; }"),
  "an Any": `${put('google.protobuf.Any any = 1 [(portico.v1.field).any = "PACKAGE.Inner"];')}
    message Inner { option (portico.v1.message).source = "vault.v1.Inner"; string pin = 1; }`,
  "by the set of a call": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method).call = {method: "GetBox" set: "pin = request.x"};
      }
    }
    message GetBoxRequest { string x = 1; } message Box { string id = 1; }`,
  "by a set of a whole message": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method).call = {method: "GetBox" set: "inner = request.x"};
      }
    }
    message GetBoxRequest { Inner x = 1; } message Inner { string pin = 1; } message Box { string id = 1; }`,
  "by a set into a mapped message": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc PutBox(PutBoxRequest) returns (Done) {
        option (portico.v1.method).call = {method: "PutBox" set: "box.pin = request.x"};
      }
    }
    message PutBoxRequest { string x = 1; Box box = 2; } message Box { string id = 1; } message Done { string id = 1; }`,
  "by the set of the service": `${service('set: "pin = request.x"')}
    message GetBoxRequest { string x = 1; } message Box { string id = 1; }`,
  "by the set of a message": put("string id = 1;").replace(
    "message Box {",
    'message Box { option (portico.v1.message).set = "pin = id";',
  ),
  "by the set of a join": owners(
    'string x = 1 [(portico.v1.field).from = "owner.id"];',
    'set: "pin = request.id"',
  ),
  "by the key of a join": `${GET}
    message Box {
      option (portico.v1.message).join = {
        name: "owner" method: "vault.v1.Vault/BatchGetOwners" key: "request.id -> pins = owners.id"
      };
      string x = 1 [(portico.v1.field).from = "owner.id"];
    }`,
  "by the key of a join, in an expression": `${GET}
    message Box {
      option (portico.v1.message).join = {
        name: "owner" method: "vault.v1.Vault/BatchGetOwners" key: "id + request.id -> pins = owners.id"
      };
      string x = 1 [(portico.v1.field).from = "owner.id"];
    }`,
  "by a set in an expression": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method).call = {method: "GetBox" set: "pin = 'a' + request.x"};
      }
    }
    message GetBoxRequest { string x = 1; } message Box { string id = 1; }`,
  "by a set of a let": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method) = {call: {method: "GetBox" set: "pin = l"} let: "l = 'a' + request.x"};
      }
    }
    message GetBoxRequest { string x = 1; } message Box { string id = 1; }`,
  "by the key of a load": `${box('Owner o = 1 [(portico.v1.field).key = "request.id"];')}
    message Owner {
      option (portico.v1.message).load = {method: "vault.v1.Vault/BatchGetOwners" key: "pins = owners.id"};
      string id = 1;
    }`,
};

/** Roads that are none: nothing of the field can be told from what clients see or send. */
const FINE: Roads = {
  "a key that is compared": `${GET}
    message Box {
      option (portico.v1.message).join = {
        name: "owner" method: "vault.v1.Vault/BatchGetOwners" key: "pin -> pins = owners.pin"
      };
      string x = 1 [(portico.v1.field).from = "owner.id"];
    }`,
  "set from the token": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {authenticated: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method).call = {method: "GetBox" set: "pin = auth.subject"};
      }
    }
    message GetBoxRequest { string id = 1; } message Box { string id = 1; }`,
  "from one internal service to another": `service Api {
      option (portico.v1.service) = {from: "vault.v1.Vault" allow: {public: true}};
      rpc GetBox(GetBoxRequest) returns (Box) {
        option (portico.v1.method) = {
          call: {name: "first" method: "GetBox" set: "id = request.id"}
          call: {method: "GetBox" set: "pin = first.pin"}
        };
      }
    }
    message GetBoxRequest { string id = 1; } message Box { string id = 1; }`,
  "a whole message without it": `${box("Inner inner = 1; map<string, Inner> inners = 2;")} message Inner { string color = 1; }`,
  "a mask beside a message": put("string id = 1;", "google.protobuf.FieldMask update_mask = 2;"),
};

const SHARED: Roads = { "in a message that both share": box("common.v1.Card card = 1;") };

const kinds = { READ, EXPRESSION, WRITE, FINE, SHARED };
const cases = Object.entries(kinds).flatMap(([kind, roads]) =>
  Object.entries(roads).map(([road, body]) => ({ kind, road, body })),
);
const packageOf = (index: number) => `road${index}`;
let answers: ReturnType<typeof respond>[];

beforeAll(() => {
  cpSync(join(root, "proto"), folder, { recursive: true });
  cpSync(new URL("internal", import.meta.url), folder, { recursive: true });
  cases.forEach(({ body }, index) => {
    const name = packageOf(index);
    const imports = ["any", "field_mask", "wrappers"].map(
      (file) => `import "google/protobuf/${file}.proto";`,
    );
    const head = `syntax = "proto3"; package ${name}; import "portico/v1/options.proto"; import "common/v1/card.proto";`;
    mkdirSync(join(folder, name));
    writeFileSync(
      join(folder, name, "api.proto"),
      `${head} ${imports.join(" ")}\n${body.replaceAll("PACKAGE", name)}`,
    );
  });
  const image = execFileSync(join(root, "node_modules/.bin/buf"), ["build", "-o", "-#format=binpb"], {
    cwd: folder,
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const all = fromBinary(FileDescriptorSetSchema, image).file;
  answers = cases.map((_, index) => {
    const own = `${packageOf(index)}/api.proto`;
    const files = all.filter(({ name }) => name === own || !/^road\d/.test(name));
    return respond(
      create(CodeGeneratorRequestSchema, {
        fileToGenerate: [own],
        protoFile: files,
        sourceFileDescriptors: files,
        parameter: `root=${folder},shared=common.v1`,
      }),
    );
  });
});

const of = (wanted: string) =>
  cases.flatMap(({ kind, road }, index) => (kind === wanted ? [[road, index] as const] : []));

test("the internal file marks what the roads lead to", () => {
  const text = readFileSync(join(folder, "vault/v1/vault.proto"), "utf8");
  expect(text.match(/\.internal = true/g)!.length).toBeGreaterThan(10);
});

describe.each([
  ["READ", /must never be exposed/],
  ["EXPRESSION", /must never be exposed/],
  ["WRITE", /clients must not write it/],
])("%s", (kind, words) => {
  test.each(of(kind))("%s", (_, index) => {
    const { error, file } = answers[index]!;
    expect(file).toEqual([]);
    expect(error).toMatch(/^1 finding, [\s\S]*: field-internal: /);
    expect(error).toMatch(words);
  });
});

test("a message that both sides share has no marked field", () => {
  const { error, file } = answers[cases.findIndex(({ kind }) => kind === "SHARED")]!;
  expect(file).toEqual([]);
  expect(error).toMatch(
    /^1 finding, [\s\S]*\ncommon\/v1\/card\.proto:9:\d+: field-conflict: a public field is marked internal\n/,
  );
});

describe("what is fine", () => {
  test.each(of("FINE"))("%s", (_, index) => {
    const { error, file } = answers[index]!;
    expect(error).toBe("");
    const list = file.find(({ name }) => name === EXPOSURE_FILE)!.content;
    expect(list).not.toMatch(/"internal": "[^"]*\.(?:pins?|token|secret|hidden|code)"/);
  });
});
