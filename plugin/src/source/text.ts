import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The texts of .proto files: a request to a plugin carries none, so they are looked up on disk. */
export interface SourceTexts {
  /** The text of a file as it is named in descriptors; undefined where it was not found. */
  text(file: string): string | undefined;
  /** Line `line`, counted from 1, without its line break. */
  line(file: string, line: number): string | undefined;
}

/**
 * Looks files up below `roots`, or, where none are given, below the modules of the buf.yaml in `cwd`, then below
 * `cwd` itself.
 */
export function sourceTexts(roots: readonly string[], cwd: string = process.cwd()): SourceTexts {
  const folders = roots.length > 0 ? roots.map((root) => resolve(cwd, root)) : [...bufModules(cwd), cwd];
  const texts = new Map<string, string | undefined>();
  const text = (file: string): string | undefined => {
    if (!texts.has(file)) texts.set(file, read(folders, file));
    return texts.get(file);
  };
  return { text, line: (file, line) => text(file)?.split("\n")[line - 1]?.replace(/\r$/, "") };
}

function read(folders: readonly string[], file: string): string | undefined {
  // Descriptors name files by relative, slash-separated paths; anything else is not looked up.
  if (file.startsWith("/") || file.split("/").includes("..")) return undefined;
  for (const folder of folders) {
    try {
      return readFileSync(join(folder, file), "utf8");
    } catch {
      // Not below this folder.
    }
  }
  return undefined;
}

/** The `path:` entries of buf.yaml; only these are needed, so no YAML parser is. */
function bufModules(cwd: string): string[] {
  const file = join(cwd, "buf.yaml");
  if (!existsSync(file)) return [];
  try {
    return [
      ...readFileSync(file, "utf8").matchAll(/^\s*(?:-\s+)?path:\s*["']?([^"'#\n]+?)["']?\s*(?:#.*)?$/gm),
    ].map((match) => resolve(cwd, match[1]!));
  } catch {
    return [];
  }
}
