import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "../../plugin/src/cli/main.js";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a command printed, and its exit code. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with internal .proto files, to be removed by `dispose`. */
export class ScaffoldWorkspace {
  readonly folder = mkdtempSync(join(tmpdir(), "portico-scaffold-"));
  readonly image = join(this.folder, "internal.binpb");

  constructor(internal: Readonly<Record<string, string>>, copied: readonly string[] = []) {
    for (const [name, text] of Object.entries(internal)) this.write(`internal/${name}`, text);
    for (const folder of copied)
      cpSync(join(root, folder), join(this.folder, "internal"), { recursive: true });
    cpSync(join(root, "proto"), join(this.folder, "proto"), { recursive: true });
    this.#modules("internal", "proto");
    this.buf("build", "-o", this.image);
    this.#modules("internal", "proto", "public");
  }

  async scaffold(...args: string[]): Promise<Printed> {
    let out = "";
    let err = "";
    const io = {
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        err += text;
      },
    };
    const code = await main(["scaffold", "--image", this.image, "--opt", "", ...args], io);
    return { code, out, err };
  }

  /** Scaffolds into public/, and gives the text. */
  async into(name: string, ...args: string[]): Promise<Printed> {
    const printed = await this.scaffold(...args);
    this.write(`public/${name}`, printed.out);
    return printed;
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.folder, name)), { recursive: true });
    writeFileSync(join(this.folder, name), text);
  }

  /** Runs buf; throws with what it printed. */
  buf(...args: string[]): string {
    return execFileSync(join(root, "node_modules/.bin/buf"), args, {
      cwd: this.folder,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #modules(...names: string[]): void {
    const lines = names.map((name) => `  - path: ${name}\n`).join("");
    this.write("buf.yaml", `version: v2\nmodules:\n${lines}lint:\n  ignore: [internal, proto]\n`);
  }
}
