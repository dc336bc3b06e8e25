import { type FileHandle, mkdir, open, readFile, rm, writeFile } from "node:fs/promises";

/** The folder `example/out`, as seen from where this file is compiled to. */
const folder = new URL("../../../out/", import.meta.url);

/** Writes a file of `example/out`, readable by its owner only: one of them is a token. */
export async function writeOut(name: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(name, folder), text, { mode: 0o600 });
}

/** Opens a file of `example/out` for another process to write to, empty. */
export async function openOut(name: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true });
  return open(new URL(name, folder), "w", 0o600);
}

export function readOut(name: string): Promise<string> {
  return readFile(new URL(name, folder), "utf8");
}

/** Removes a file of `example/out`; it need not be there. */
export function removeOut(name: string): Promise<void> {
  return rm(new URL(name, folder), { force: true });
}
