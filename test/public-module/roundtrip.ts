import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, type SourceCodeInfo } from "@bufbuild/protobuf/wkt";
import { printProto } from "../../plugin/src/emit/public-proto/file.js";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs buf in a folder; throws with what it printed. */
export function buf(cwd: string, ...args: string[]): Buffer {
  return execFileSync(join(root, "node_modules/.bin/buf"), args, {
    cwd,
    maxBuffer: 1 << 29,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** A folder of .proto files, by name; removed after `use`. */
export function withFiles<T>(
  files: Iterable<readonly [name: string, text: string]>,
  use: (folder: string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), "portico-public-"));
  try {
    writeFileSync(join(folder, "buf.yaml"), "version: v2\n");
    for (const [name, text] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Image {
  readonly registry: FileRegistry;
  /** Each file as JSON with sorted keys, without places, by name. */
  readonly descriptors: ReadonlyMap<string, string>;
  /** Each comment by file, path and kind. */
  readonly comments: ReadonlyMap<string, string>;
}

/** What buf makes of a folder. buf writes the JSON, so that nothing of ours decides what is equal. */
export function imageOf(folder: string): Image {
  const set = fromBinary(FileDescriptorSetSchema, buf(folder, "build", "-o", "-#format=binpb"));
  const descriptors = descriptorsOf(buf(folder, "build", "--exclude-source-info", "-o", "-#format=json"));
  const comments = new Map(
    set.file.flatMap((file) =>
      [...commentsOf(file.sourceCodeInfo)].map(([key, text]) => [`${file.name} ${key}`, text] as const),
    ),
  );
  return { registry: createFileRegistry(set), descriptors, comments };
}

/** The files of an image in JSON, with sorted keys. */
export function descriptorsOf(image: Buffer): Map<string, string> {
  const json = JSON.parse(String(image)) as { file: Array<Record<string, unknown> & { name: string }> };
  return new Map(
    json.file.map(
      ({ bufExtension: _, ...file }) => [file.name, JSON.stringify(sorted(file), null, 1)] as const,
    ),
  );
}

function* commentsOf(info: SourceCodeInfo | undefined): Iterable<[string, string]> {
  for (const location of info?.location ?? []) {
    const path = location.path.join(".");
    const texts = {
      leading: [location.leadingComments],
      trailing: [location.trailingComments],
      detached: location.leadingDetachedComments,
    };
    for (const [kind, parts] of Object.entries(texts)) {
      const text = parts
        .map(trimmed)
        .filter((part) => part !== "")
        .join("\n\n");
      if (text !== "") yield [`${path} ${kind}`, text];
    }
  }
}

/** A comment's lines without spaces at their ends, and without empty lines around them. */
function trimmed(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/^\n+|\n+$/g, "");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

/** Prints all files of a registry whole. */
export function printAll(registry: FileRegistry): Map<string, string> {
  const printed = new Map<string, string>();
  for (const file of registry.files) {
    const names = new Set([...file.proto.dependency, ...file.proto.optionDependency]);
    const imports = new Set([...registry.files].filter((other) => names.has(other.proto.name)));
    const kept = { imports, keeps: () => true, keepsOption: () => true };
    printed.set(file.proto.name, printProto(file, registry, kept));
  }
  return printed;
}
