import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { GatewayApi } from "@portico/runtime";
import { respond } from "../../plugin/src/cli/plugin.js";

/** .proto files by name. */
export type Sources = Readonly<Record<string, string>>;

/** What the plugin makes of some .proto files. */
export interface Compiled {
  /** Generated files by name; empty where there is an error. */
  readonly files: ReadonlyMap<string, string>;
  /** The text that buf prints, with findings; undefined where there are none. */
  readonly error: string | undefined;
  readonly registry: FileRegistry;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Compiles .proto files with buf and runs the plugin on them, in this process. */
export function compile(sources: Sources, parameter = ""): Compiled {
  const folder = mkdtempSync(join(tmpdir(), "portico-compile-"));
  try {
    for (const [name, text] of Object.entries(sources)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    cpSync(join(root, "proto"), folder, { recursive: true });
    const image = execFileSync(join(root, "node_modules/.bin/buf"), ["build", "-o", "-#format=binpb"], {
      cwd: folder,
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const set = fromBinary(FileDescriptorSetSchema, image);
    const request = create(CodeGeneratorRequestSchema, {
      fileToGenerate: Object.keys(sources),
      protoFile: set.file,
      sourceFileDescriptors: set.file,
      parameter: [`root=${folder}`, parameter].filter((part) => part !== "").join(","),
    });
    const response = respond(request);
    return {
      files: new Map(response.file.map((file) => [file.name, file.content])),
      error: response.error === "" ? undefined : response.error,
      registry: createFileRegistry(set),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Loads what was generated; throws where there was an error. The files stand below test/out, for a look. */
export async function load(compiled: Compiled): Promise<GatewayApi> {
  if (compiled.error !== undefined) throw new Error(compiled.error);
  const hash = createHash("sha256");
  for (const [name, content] of compiled.files) hash.update(name).update(content);
  const folder = join(root, "test/out", hash.digest("hex").slice(0, 16));
  for (const [name, content] of compiled.files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content.replace(/(from "\.[^"]*)\.js"/g, '$1.ts"'));
  }
  const module = (await import(/* @vite-ignore */ join(folder, "gateway.ts"))) as { api: GatewayApi };
  return module.api;
}
