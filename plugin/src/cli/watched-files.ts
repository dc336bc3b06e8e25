import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseOptions } from "../source/request.js";
import { bufModules } from "../source/text.js";
import { UsageError } from "./usage-error.js";
import { openWorkspace, type WorkspaceOptions } from "./workspace.js";

/** What a check reads from disk. */
export interface WatchedFiles {
  /** Folders whose .proto files count, also those further in. */
  readonly trees: readonly string[];
  /** Single files. */
  readonly files: readonly string[];
}

/** The files that a workspace is checked from. */
export function watchedFiles(options: WorkspaceOptions): WatchedFiles {
  const { cwd } = options;
  const template = resolve(cwd, options.template ?? "buf.gen.yaml");
  const files = [template];
  let trees: readonly string[] = [cwd];
  try {
    const workspace = openWorkspace(options);
    const { images } = parseOptions(workspace.template.parameter);
    files.push(...images.map((image) => resolve(cwd, image)));
    if (workspace.image !== undefined) return { trees: [], files: [...files, resolve(cwd, workspace.image)] };
    const { folder } = workspace;
    files.push(...["buf.yaml", "buf.lock", "buf.work.yaml"].map((name) => join(folder, name)));
    const modules = bufModules(folder);
    trees = modules.length > 0 ? modules : [folder];
  } catch {
    // The check says what is wrong with the configuration; until it is mended, that is what is waited for.
  }
  return { trees, files };
}

const MAX_FOLDERS = 50_000;

/**
 * Watches folders one by one, since not every system watches what is in them. Editors replace files rather than write
 * them, so that files are watched by their folders too.
 */
export class FileWatcher {
  readonly #watchers = new Map<string, FSWatcher>();
  #files = new Set<string>();
  #trees = new Set<string>();

  constructor(readonly onChange: () => void) {}

  /** Watches these from now on, and nothing else. */
  watch({ trees, files }: WatchedFiles): void {
    this.#files = new Set(files);
    this.#trees = new Set();
    for (const tree of trees) this.#addTree(tree);
    const wanted = new Set([...this.#trees, ...files.map((file) => dirname(file))]);
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of wanted) this.#start(folder);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #addTree(folder: string): void {
    if (this.#trees.has(folder)) return;
    if (this.#trees.size >= MAX_FOLDERS)
      throw new UsageError(`--watch: more than ${MAX_FOLDERS} folders; name the modules in buf.yaml`);
    this.#trees.add(folder);
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true }))
        if (entry.isDirectory() && !isSkipped(entry.name)) this.#addTree(join(folder, entry.name));
    } catch {
      // Removed meanwhile.
    }
  }

  #start(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, (_, name) => {
        if (this.#counts(folder, name)) this.onChange();
      });
      // A folder that is removed: its parent tells.
      watcher.on("error", () => {
        watcher.close();
        this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT") throw new UsageError(`--watch: ${message}`);
    }
  }

  /** Whether a change of an entry may change what is checked. */
  #counts(folder: string, name: string | null): boolean {
    if (name === null) return true;
    const path = join(folder, name);
    if (this.#files.has(path)) return true;
    if (!this.#trees.has(folder) || isSkipped(basename(name))) return false;
    if (name.endsWith(".proto")) return true;
    // A folder that came, or one that was watched and went.
    return this.#trees.has(path) || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  }
}

/** Folders that hold no sources, and many files. */
function isSkipped(name: string): boolean {
  return name === "node_modules" || name.startsWith(".");
}
