import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { outDir, repoDir } from "../lib/paths.js";

/** How many upstreams one public request asks at the same time. */
export const UPSTREAMS = 10;
/** Where the generated gateway is. */
export const generatedFile: string = join(outDir, "fan-out/dist/gateway.js");
/** The internal methods, and the public one. */
export const upstreamService = (i: number): string => `fan.v1.Part${i}Service`;
export const upstreamPath = (i: number): string => `/${upstreamService(i)}/GetPart`;
export const publicPath = "/fan.api.v1.WholeService/GetWhole";

const dir = join(outDir, "fan-out");
const parts = Array.from({ length: UPSTREAMS }, (_, i) => i);

const internal = `syntax = "proto3";

package fan.v1;

${parts.map((i) => `service Part${i}Service {\n  rpc GetPart(GetPartRequest) returns (Part);\n}`).join("\n")}

message GetPartRequest {
  string id = 1;
}

message Part {
  string text = 1;
}
`;

const publicFile = `syntax = "proto3";

package fan.api.v1;

import "portico/v1/options.proto";

service WholeService {
  option (portico.v1.service).allow = {public: true};
  rpc GetWhole(GetWholeRequest) returns (Whole) {
    option (portico.v1.method) = {
${parts.map((i) => `      call: {name: "part${i}" method: "${upstreamService(i)}/GetPart" set: "id = request.id"}`).join("\n")}
    };
  }
}

message GetWholeRequest {
  string id = 1;
}

message Whole {
${parts.map((i) => `  string part${i} = ${i + 1} [(portico.v1.field).from = "part${i}.text"];`).join("\n")}
}
`;

/** Makes a gateway of a method that asks all of the upstreams. */
export function generateFanOut(): void {
  rmSync(dir, { recursive: true, force: true });
  write("buf.yaml", "version: v2\nmodules:\n  - path: proto\n  - path: internal\n  - path: public\n");
  cpSync(join(repoDir, "proto/portico"), join(dir, "proto/portico"), { recursive: true });
  write("internal/fan/v1/part.proto", internal);
  write("public/fan/api/v1/whole.proto", publicFile);
  const template = { version: "v2", plugins: [{ local: "protoc-gen-portico", out: "gen", strategy: "all" }] };
  run("buf", ["generate", `--template=${JSON.stringify(template)}`]);
  const options = {
    module: "nodenext",
    target: "es2023",
    rootDir: "gen",
    outDir: "dist",
    skipLibCheck: true,
  };
  write("tsconfig.json", JSON.stringify({ compilerOptions: options, include: ["gen"] }));
  write("package.json", JSON.stringify({ type: "module" }));
  run("tsc", ["-p", "."]);
}

function write(path: string, text: string): void {
  const file = join(dir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function run(command: string, args: readonly string[]): void {
  const bin = join(repoDir, "node_modules/.bin");
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
  const { status, stdout, stderr } = spawnSync(join(bin, command), args, { cwd: dir, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: exit code ${status}\n${stdout}${stderr}`);
}
