import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Block, blocksOf, pages, placeOf, root } from "./blocks.js";
import { commandsOf, followed, isRun } from "./commands.js";
import { errorOf } from "./proto.js";
import { typeErrors } from "./typescript.js";

const blocks = pages().flatMap(blocksOf);
const of = (language: string) => blocks.filter((block) => block.language === language);
const named = (list: Block[]) => list.map((block) => [placeOf(block), block] as const);

test("every block is of a kind that a test uses", () => {
  const used = (block: Block): boolean => {
    switch (block.language) {
      case "proto":
      case "ts":
      case "sh":
        return true;
      case "yaml":
      case "json":
        return (
          (followed.includes(block.page) && block.info.file !== undefined) || block.info.exposes !== undefined
        );
      case "text":
        return block.info.finding !== undefined || block.info.explains !== undefined;
      default:
        return false;
    }
  };
  expect(blocks.filter((block) => !used(block)).map(placeOf)).toEqual([]);
});

describe("proto: builds without findings, or with the one that the page says", () => {
  const excerpts = of("proto").filter((block) => block.info.excerpt !== undefined);
  test.each(named(excerpts))("%s stands in the example", (_, { info, text }) => {
    // A first line with the file's name is for readers.
    const excerpt = text.replace(/^\/\/ \S+\.proto\n/, "");
    expect(readFileSync(join(root, info.excerpt!), "utf8")).toContain(excerpt);
  });

  test.each(named(of("proto").filter((block) => !excerpts.includes(block))))("%s", (_, block) => {
    const error = errorOf(block);
    if (block.info.fails === undefined) expect(error).toBeUndefined();
    else {
      expect(error).toMatch(/^1 finding,/);
      expect(error).toContain(`: ${block.info.fails}: `);
    }
  });

  test.each(named(of("proto").filter((block) => block.info.snippet !== undefined)))(
    "%s is part of what is built",
    (_, { text, rest }) => expect(rest).toContain(text),
  );
});

test.each(named(of("text").filter((block) => block.info.finding !== undefined)))(
  "%s is what the plugin prints of the block before it",
  (_, block) => {
    const before = blocks[blocks.indexOf(block) - 1]!;
    const printed = errorOf(before)!.split("\n\n")[1]!;
    expect(withoutPlace(block.text.trim())).toBe(withoutPlace(printed));
  },
);

/** Pages leave out the lines above a fragment, so that line numbers differ. */
function withoutPlace(finding: string): string {
  return finding.replace(/^\S+?:\d+:(\d+): /, "FILE:LINE:$1: ").replace(/^ +\d* \|/gm, "|");
}

test("ts: type-checks", () => {
  expect(typeErrors(of("ts"))).toBe("");
});

test.each(named(of("sh")))("%s is run by a test", (_, { page, text }) => {
  expect(commandsOf(text).filter((command) => !isRun(page, command))).toEqual([]);
});

test.each(pages())("links of %s lead somewhere", (page) => {
  const text = readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  const dead = [...text.matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)].filter(([, path, anchor]) => {
    if (/^https?:/.test(path!)) return false;
    const file = path === "" ? join(root, page) : join(root, dirname(page), path!);
    if (!existsSync(file)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(file, "utf8")).includes(anchor);
  });
  expect(dead.map(([link]) => link)).toEqual([]);
});

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
