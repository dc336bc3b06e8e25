import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { respond } from "../../plugin/src/cli/plugin.js";

/** A public file with mistakes, and what the plugin is to say of it. See README.md for the form of case files. */
export interface Case {
  readonly name: string;
  /** The declarations as they are written, without header and defaults. */
  readonly body: string;
  readonly expected: string;
  /** More files: by name, their texts. */
  readonly files: ReadonlyMap<string, string>;
  /** The plugin's options. */
  readonly parameter: string;
  /** Runs without the text of the files at hand. */
  readonly noText: boolean;
}

/** Where a case says nothing of them, these declarations stand at its end. */
const DEFAULTS: ReadonlyArray<readonly [declaration: string, text: string]> = [
  [
    "service",
    `service Shop {
  option (portico.v1.service) = {from: "orders.v1.Orders" allow: {public: true}};
  rpc GetOrder(GetOrderRequest) returns (Order);
}`,
  ],
  ["message GetOrderRequest", "message GetOrderRequest { string id = 1; }"],
  ["message Order", "message Order { string id = 1; }"],
];

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));

/** The text of a case's public file. */
function publicFile(body: string): string {
  const mask = body.includes("google.protobuf.FieldMask")
    ? ' import "google/protobuf/field_mask.proto";'
    : "";
  const header = `syntax = "proto3"; package shop; import "portico/v1/options.proto";${mask}`;
  const rest = DEFAULTS.filter(([declaration]) => !new RegExp(`^${declaration}\\b`, "m").test(body));
  return `${[header, body, ...rest.map(([, text]) => text)].join("\n")}\n`;
}

/** The files of a case by name, as its findings name them. */
function filesOf(test: Case): Map<string, string> {
  const files = new Map<string, string>();
  if (test.body.trim() !== "") files.set("shop/shop.proto", publicFile(test.body));
  for (const [name, text] of test.files) files.set(`shop/${name}`, text);
  return files;
}

/**
 * Runs the plugin on every case. buf is run once for all of them, since that costs more than the plugin does: each case
 * gets a package of its own, as long a name as "shop", which takes its place again in the descriptors.
 */
export function runAll(cases: readonly Case[]): CodeGeneratorResponse[] {
  const folder = mkdtempSync(join(tmpdir(), "portico-diagnostics-"));
  try {
    cpSync(join(root, "proto"), join(folder, "build"), { recursive: true });
    cpSync(join(here, "internal"), join(folder, "build/internal"), { recursive: true });
    const alias = (index: number) => `c${String(index).padStart(3, "0")}`;
    cases.forEach((test, index) => {
      for (const [name, text] of filesOf(test)) {
        write(join(folder, "build", name.replace("shop", alias(index))), rename(text, "shop", alias(index)));
        if (!test.noText) write(join(folder, `text${index}`, name), text);
      }
    });
    const image = execFileSync(join(root, "node_modules/.bin/buf"), ["build", "-o", "-#format=binpb"], {
      cwd: join(folder, "build"),
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const all = fromBinary(FileDescriptorSetSchema, image).file;
    const byFolder = new Map<string, typeof all>();
    for (const file of all) {
      const of = /^c\d\d\d(?=\/)/.exec(file.name)?.[0] ?? "";
      byFolder.set(of, [...(byFolder.get(of) ?? []), file]);
    }
    return cases.map((test, index) => {
      const own = create(FileDescriptorSetSchema, { file: byFolder.get(alias(index)) ?? [] });
      const bytes = Buffer.from(toBinary(FileDescriptorSetSchema, own)).toString("latin1");
      const renamed = Buffer.from(bytes.replaceAll(alias(index), "shop"), "latin1");
      const files = [...byFolder.get("")!, ...fromBinary(FileDescriptorSetSchema, renamed).file];
      const text = test.noText ? "nowhere" : `text${index}`;
      return respond(
        create(CodeGeneratorRequestSchema, {
          fileToGenerate: files.map((file) => file.name).filter((name) => !name.startsWith("google/")),
          protoFile: files,
          sourceFileDescriptors: files,
          parameter: [`root=${join(folder, text)}`, test.parameter].filter((part) => part !== "").join(","),
        }),
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rename(text: string, from: string, to: string): string {
  return text.replace(new RegExp(`\\b${from}\\b`, "g"), to);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Reads a file of cases. */
export function readCases(path: string): Case[] {
  const [intro, ...texts] = readFileSync(path, "utf8").split(/^=== /m);
  if (intro!.trim() !== "" && !intro!.startsWith("#")) throw new Error(`${path} does not begin with a case`);
  return texts.map((text) => {
    const newline = text.indexOf("\n");
    const [input = "", ...expected] = text.slice(newline + 1).split(/^---$\n?/m);
    const [body = "", ...sections] = input.split(/^@ /m);
    const files = new Map<string, string>();
    let parameter = "";
    let noText = false;
    for (const section of sections) {
      const [head = "", ...rest] = section.split("\n");
      const [word, ...value] = head.split(" ");
      if (word === "file") files.set(value.join(" "), rest.join("\n"));
      else if (word === "parameter") parameter = value.join(" ");
      else if (word === "no-text") noText = true;
      else throw new Error(`${path}: unknown section "@ ${head}"`);
    }
    return {
      name: text.slice(0, newline),
      body: unmark(body.replace(/\n+$/, "")),
      expected: expected.join("---\n").trim(),
      files,
      parameter,
      noText,
    };
  });
}

/** So that editors leave them alone, tabs and carriage returns are written as ⇥ and ␍. */
function unmark(text: string): string {
  return text.replaceAll("⇥", "\t").replaceAll("␍", "\r");
}

/** Writes what was said into a file of cases, in place of what is expected there. */
export function updateCases(path: string, said: readonly string[]): void {
  const [intro, ...texts] = readFileSync(path, "utf8").split(/^=== /m);
  const out = texts.map((text, index) => {
    const [input = ""] = text.split(/^---$/m);
    return `=== ${input.trimEnd()}\n---\n${said[index]}\n\n`;
  });
  writeFileSync(path, `${intro}${out.join("")}`.replace(/\n+$/, "\n"));
}
