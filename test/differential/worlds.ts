import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { GatewayApi } from "@portico/runtime";
import * as generated from "@portico/runtime/generated";
import { transformSync } from "rolldown/utils";
import { emit } from "../../plugin/src/emit/emit.js";
import { makePlan } from "../../plugin/src/plan/plan.js";
import type { MethodPlan } from "../../plugin/src/plan/types.js";
import { formatFinding } from "../../plugin/src/source/finding.js";
import type { Sources } from "../support/compile.js";

/** A schema of its own: what the plugin makes of its files, loaded. */
export interface World {
  readonly sources: Sources;
  readonly registry: FileRegistry;
  readonly methods: readonly MethodPlan[];
  readonly files: ReadonlyMap<string, string>;
  readonly api: GatewayApi;
}

/** A schema that the plugin refuses. */
export interface Refused {
  readonly sources: Sources;
  readonly findings: readonly string[];
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Compiles many schemas in one run of buf. Their files must have different names; those of a schema import only each
 * other and the well-known ones.
 */
export function worlds(schemas: readonly Sources[]): Array<World | Refused> {
  const files = new Map(build(Object.assign({}, ...schemas)).map((file) => [file.name, file]));
  return schemas.map((sources) => world(sources, files));
}

function build(sources: Sources): FileDescriptorProto[] {
  const folder = mkdtempSync(join(tmpdir(), "portico-random-"));
  try {
    for (const [name, text] of Object.entries(sources)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    cpSync(join(root, "proto"), folder, { recursive: true });
    const buf = join(root, "node_modules/.bin/buf");
    const image = execFileSync(buf, ["build", "--exclude-source-info", "-o", "-#format=binpb"], {
      cwd: folder,
      maxBuffer: 1 << 30,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return fromBinary(FileDescriptorSetSchema, image).file;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function world(sources: Sources, all: ReadonlyMap<string, FileDescriptorProto>): World | Refused {
  const set = create(FileDescriptorSetSchema);
  const add = (name: string): void => {
    const file = all.get(name);
    if (file === undefined || set.file.includes(file)) return;
    file.dependency.forEach(add);
    set.file.push(file);
  };
  Object.keys(sources).forEach(add);
  const registry = createFileRegistry(set);
  const texts = { text: (name: string) => sources[name], line: () => undefined, path: () => undefined };
  const { plan, findings } = makePlan({
    registry,
    targets: Object.keys(sources),
    texts,
    sharedPackages: ["google.protobuf", "google.type", "google.rpc"],
  });
  if (findings.length > 0)
    return { sources, findings: findings.map((finding) => formatFinding(finding, texts.line)) };
  const files = new Map(emit(plan, { importExtension: ".js" }).map((file) => [file.name, file.content]));
  const api = evaluate(files, "gateway.ts").api as GatewayApi;
  return { sources, registry, methods: plan.files.flatMap((file) => file.methods), files, api };
}

/** Runs a generated module without writing it: thousands of them would be slow as files. */
function evaluate(files: ReadonlyMap<string, string>, name: string): Record<string, unknown> {
  const text = files.get(name);
  if (text === undefined) throw new Error(`no generated file ${name}`);
  const { code, errors } = transformSync(name, text);
  if (errors.length > 0) throw new Error(`${name}: ${errors[0]!.message}`);
  const body = code
    .replace(
      /^import \{([^}]*)\} from ("[^"]*");/gm,
      (_, names: string, from: string) => `const {${names.replace(/ as /g, ": ")}} = load(${from});`,
    )
    .replace(/^export const (\w+)/gm, "const $1 = exports.$1");
  const exports: Record<string, unknown> = {};
  const load = (from: string): unknown =>
    from === "@portico/runtime/generated"
      ? generated
      : evaluate(files, join(dirname(name), from).replace(/\.js$/, ".ts"));
  new Function("load", "exports", body)(load, exports);
  return exports;
}
