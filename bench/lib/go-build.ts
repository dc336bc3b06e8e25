import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { repoDir } from "./paths.js";

/** A program, or why there is none. */
export type Built = { readonly program: string } | { readonly skipped: string };

const source = `${repoDir}bench/peers/go`;
const BUILD_TIMEOUT_MS = 600_000;

/** Builds the gateway in Go: its protobuf code, which is not checked in, and then the program. */
export function buildGoGateway(program: string): Built {
  if (spawnSync("go", ["version"]).status !== 0) return { skipped: "go is not installed" };
  if (!run("go", ["mod", "download"], source)) return { skipped: "go cannot get grpc-go" };
  const plugin = (name: string) => ({
    local: ["go", "-C", source, "tool", name],
    out: `${source}/gen`,
    opt: ["paths=source_relative"],
  });
  const prefix = { file_option: "go_package_prefix", value: "portico.bench/gateway/gen" };
  const template = {
    version: "v2",
    clean: true,
    managed: { enabled: true, override: [prefix] },
    plugins: [plugin("protoc-gen-go"), plugin("protoc-gen-go-grpc")],
  };
  const buf = fileURLToPath(import.meta.resolve("@bufbuild/buf/bin/buf"));
  if (!run(process.execPath, [buf, "generate", "--template", JSON.stringify(template)], repoDir)) {
    throw new Error("the Go gateway's protobuf code cannot be generated");
  }
  if (!run("go", ["build", "-trimpath", "-o", program, "."], source)) {
    throw new Error("the Go gateway cannot be built");
  }
  return { program };
}

function run(command: string, args: readonly string[], cwd: string): boolean {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: BUILD_TIMEOUT_MS });
  if (status !== 0 && stderr) console.error(stderr.trimEnd());
  return status === 0;
}
