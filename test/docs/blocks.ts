import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A fenced block of a page. */
export interface Block {
  /** "docs/annotations.md" */
  readonly page: string;
  /** Of the opening fence, counted from 1. */
  readonly line: number;
  /** The first word after the fence. */
  readonly language: string;
  /** The others: `file=public/x.proto`, `serve`. Not shown to readers. */
  readonly info: Readonly<Record<string, string>>;
  readonly text: string;
  /** What stands in a comment `<!-- with … -->` right before the block: what a fragment needs to be complete. */
  readonly rest: string;
}

/** The pages whose blocks are tested. */
export function pages(): string[] {
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  // Each finding in it is the output of a case of test/diagnostics.
  const own = docs.filter((name) => name !== "diagnostics.md");
  return [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    ...own.map((name) => `docs/${name}`),
  ];
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  const blocks: Block[] = [];
  let rest: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === "<!-- with") {
      const end = lines.indexOf("-->", i);
      rest = lines.slice(i + 1, end);
      i = end;
      continue;
    }
    const fence = /^```(.*)$/.exec(lines[i]!);
    if (fence === null) {
      if (lines[i] !== "") rest = [];
      continue;
    }
    const end = lines.indexOf("```", i + 1);
    if (end < 0) throw new Error(`${page}:${i + 1}: a block that does not end`);
    const { language, info } = parseInfo(fence[1]!);
    const text = `${lines.slice(i + 1, end).join("\n")}\n`;
    blocks.push({ page, line: i + 1, language, info, text, rest: rest.join("\n") });
    rest = [];
    i = end;
  }
  return blocks;
}

function parseInfo(text: string): { language: string; info: Record<string, string> } {
  const [language = "", ...words] = text.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  const info: Record<string, string> = {};
  for (const word of words) {
    const [, key, value] = /^([^=]+)(?:="?([^"]*)"?)?$/.exec(word)!;
    info[key!] = value ?? "";
  }
  return { language, info };
}

/** "docs/annotations.md:12", to find a block by. */
export function placeOf(block: Block): string {
  return `${block.page}:${block.line}`;
}
