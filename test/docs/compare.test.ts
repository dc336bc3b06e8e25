import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buf, withFiles } from "../public-module/roundtrip.js";
import { compile, load } from "../support/compile.js";
import { FakeUpstream, invoke } from "../support/invoke.js";
import { blocksOf, root } from "./blocks.js";

// docs/compare.md: its lines are counted, and its examples called.

const PAGE = "docs/compare.md";
const files = Object.fromEntries(
  blocksOf(PAGE).flatMap(({ info, text }) =>
    info.file === undefined ? [] : [[info.file.replace(/^\w+\//, ""), text]],
  ),
);
const compiled = compile(files, "public_protos=plain");
const api = await load(compiled);

const EXAMPLES = ["federation/api/v1/federation.proto", "federation/api/v1/posts.proto"];

test("the files are as buf format leaves them", () => {
  const annotated = [...EXAMPLES.map((name) => [name, files[name]!] as const), optionsProto()];
  withFiles(annotated, (folder) => {
    for (const name of EXAMPLES) expect(String(buf(folder, "format", "-d", "--path", name))).toBe("");
  });
});

function optionsProto(): readonly [string, string] {
  const name = "portico/v1/options.proto";
  return [name, readFileSync(join(root, "proto", name), "utf8")];
}

test.each(EXAMPLES)("%s has at most 1.4 times the lines of its plain schema, as the page says", (name) => {
  const lines = (text: string) => text.trimEnd().split("\n").length;
  const plain = lines(compiled.files.get(`plain/${name}`)!);
  const annotated = lines(files[name]!);
  expect(annotated / plain).toBeLessThanOrEqual(1.4);
  const page = readFileSync(join(root, PAGE), "utf8");
  expect(page).toContain(`| ${plain} | ${annotated} | ${(annotated / plain).toFixed(2)} |`);
});

test("a post with its user", async () => {
  const upstream = new FakeUpstream(compiled.registry, {
    "post.PostService/GetPost": () => ({ post: { id: "p1", title: "T", content: "C", userId: "u1" } }),
    "user.UserService/GetUser": () => ({ user: { id: "u1", name: "Ann", age: "30" } }),
  });
  const { response } = await invoke(api, upstream, "federation.FederationService/GetPost", { id: "p1" });
  expect(response).toEqual({
    post: { id: "p1", title: "T", content: "C", user: { id: "u1", name: "Ann", age: "30" } },
  });
  expect(upstream.calls.map(({ method, request }) => [method, request])).toEqual([
    ["post.PostService/GetPost", { postId: "p1" }],
    ["user.UserService/GetUser", { userId: "u1" }],
  ]);
});

test("posts with their users, in two calls", async () => {
  const posts = ["p1", "p2", "p3"].map((id, i) => ({
    id,
    title: `T${i}`,
    content: `C${i}`,
    userId: `u${i % 2}`,
  }));
  const upstream = new FakeUpstream(compiled.registry, {
    "posts.PostService/GetPosts": () => ({ posts }),
    "posts.UserService/GetUsers": () => ({
      users: [
        { id: "u1", name: "Bob" },
        { id: "u0", name: "Ann" },
      ],
    }),
  });
  const ids = { ids: ["p1", "p2", "p3"] };
  const { response } = await invoke(api, upstream, "org.federation.FederationService/GetPosts", ids);
  const [ann, bob] = [
    { id: "u0", name: "Ann" },
    { id: "u1", name: "Bob" },
  ];
  expect(response).toEqual({
    posts: {
      ids: ["p1", "p2", "p3"],
      titles: ["T0", "T1", "T2"],
      contents: ["C0", "C1", "C2"],
      users: [ann, bob, ann],
      items: [{ name: "item_p1" }, { name: "item_p2" }, { name: "item_p3" }],
    },
  });
  expect(upstream.calls.map(({ request }) => request)).toEqual([ids, { ids: ["u0", "u1"] }]);
});
