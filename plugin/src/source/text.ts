import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The texts of .proto files: a request to a plugin carries none, so they are looked up on disk. */
export interface SourceTexts {
  /** The text of a file as it is named in descriptors; undefined where it was not found. */
  text(file: string): string | undefined;
  /** Line `line`, counted from 1, without its line break. */
  line(file: string, line: number): string | undefined;
  /** Where it was found on disk, an absolute path. */
  path(file: string): string | undefined;
}

/**
 * Looks files up below `roots`, or, where none are given, below the modules of the buf.yaml in `cwd`, then below
 * `cwd` itself.
 */
export function sourceTexts(roots: readonly string[], cwd: string = process.cwd()): SourceTexts {
  const folders = roots.length > 0 ? roots.map((root) => resolve(cwd, root)) : [...bufModules(cwd), cwd];
  const files = new Map<string, FoundText | undefined>();
  const find = (file: string): FoundText | undefined => {
    if (!files.has(file)) files.set(file, read(folders, file));
    return files.get(file);
  };
  const text = (file: string) => find(file)?.text;
  return {
    text,
    line: (file, line) => text(file)?.split("\n")[line - 1]?.replace(/\r$/, ""),
    path: (file) => find(file)?.path,
  };
}

interface FoundText {
  readonly path: string;
  readonly text: string;
}

function read(folders: readonly string[], file: string): FoundText | undefined {
  // Descriptors name files by relative, slash-separated paths; anything else is not looked up.
  if (file.startsWith("/") || file.split("/").includes("..")) return undefined;
  for (const folder of folders) {
    const path = join(folder, file);
    try {
      return { path, text: readFileSync(path, "utf8") };
    } catch {
      // Not below this folder.
    }
  }
  return undefined;
}

/** The folders of the modules: the `path:` entries of buf.yaml. Only these are needed, so no YAML parser is. */
export function bufModules(cwd: string): string[] {
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

/**
 * A section of the buf.yaml in `cwd`, such as "lint", as it is written there; without what names paths, since these are of
 * that workspace. Undefined where there is none, or where it is not of version v2.
 */
export function bufSection(name: string, cwd: string = process.cwd()): string | undefined {
  let text: string;
  try {
    text = readFileSync(join(cwd, "buf.yaml"), "utf8");
  } catch {
    return undefined;
  }
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.startsWith(`${name}:`));
  if (start < 0 || !/^version:\s*["']?v2["']?\s*(?:#.*)?$/m.test(text)) return undefined;
  const kept = [`${name}:`];
  let skipped: number | undefined;
  for (const line of lines.slice(start + 1)) {
    if (/^[^\s#]/.test(line)) break;
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const indent = line.search(/\S/);
    // Elements of a list may stand as far left as its name.
    if (skipped !== undefined && (indent > skipped || (indent === skipped && line[indent] === "-"))) continue;
    skipped = /^\s*(?:ignore|ignore_only):/.test(line) ? indent : undefined;
    if (skipped === undefined) kept.push(line);
  }
  // What stands behind the name, as `lint: {use: [STANDARD]}`, is not taken apart.
  return kept.length > 1 ? kept.join("\n") : undefined;
}
