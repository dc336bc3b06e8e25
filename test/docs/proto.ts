import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile, type Sources } from "../support/compile.js";
import { type Block, blocksOf, root } from "./blocks.js";

const example = {
  "smpl/users/v1/users.proto": "example/proto/internal/smpl/users/v1/users.proto",
  "smpl/orders/v1/orders.proto": "example/proto/internal/smpl/orders/v1/orders.proto",
  "smpl/items/v1/items.proto": "example/proto/internal/smpl/items/v1/items.proto",
};

const imports: ReadonlyArray<readonly [used: RegExp, file: string]> = [
  [/\(portico\.v1\./, "portico/v1/options.proto"],
  [/google\.protobuf\.Timestamp\b/, "google/protobuf/timestamp.proto"],
  [/google\.protobuf\.FieldMask\b/, "google/protobuf/field_mask.proto"],
  [/google\.protobuf\.Any\b/, "google/protobuf/any.proto"],
  [/google\.protobuf\.\w+Value\b/, "google/protobuf/wrappers.proto"],
];

/** What the plugin finds in a block, with all that it needs around it; undefined: nothing. */
export function errorOf(block: Block): string | undefined {
  return compile(sourcesOf(block)).error;
}

export function sourcesOf(block: Block): Sources {
  const { info } = block;
  if (info.insert !== undefined) return insertIntoExample(block);
  const files = pageFiles(block.page);
  if (info.in !== undefined) {
    const name = nameOf(info.in);
    const before = files[name];
    if (before?.includes(info.replace!) !== true) throw new Error(`"${info.replace}" is not in ${name}`);
    return { ...files, [name]: before.replace(info.replace!, block.text) };
  }
  if (info.file !== undefined && Object.keys(files).some((name) => name.includes("/api/"))) return files;
  // A page of fragments: the internal files, and the fragment as a public one; for an internal file, any.
  const fragment =
    info.file !== undefined
      ? `service S {
  option (portico.v1.service) = {from: "smpl.users.v1.UsersService", allow: {public: true}};
  rpc GetUser(Q) returns (A);
}
message Q { string id = 1; }
message A { string id = 1; }`
      : info.snippet !== undefined
        ? block.rest
        : `${block.text}\n${block.rest}`;
  return { ...exampleFiles(), ...files, "public.proto": complete(fragment, "docs.v1") };
}

/** The blocks of a page that are whole files, by their names in imports. */
export function pageFiles(page: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { language, info, text } of blocksOf(page)) {
    if (language !== "proto" || info.file === undefined) continue;
    const name = nameOf(info.file);
    files[name] = complete(text, name.split("/").slice(0, -1).join("."));
  }
  return files;
}

/** "internal/acme/users/v1/users.proto" as imports see it. */
function nameOf(file: string): string {
  return file.slice(file.indexOf("/") + 1);
}

/** Adds what a fragment of a file leaves out: syntax, package, imports. */
export function complete(text: string, packageName: string): string {
  if (/^syntax = /m.test(text)) return text;
  const own = [...text.matchAll(/^import "(.*)";$/gm)].map((match) => match[1]);
  const added = imports
    .filter(([used, file]) => used.test(text) && !own.includes(file))
    .map(([, file]) => `import "${file}";`);
  return ['syntax = "proto3";', `package ${packageName};`, ...added, text].join("\n");
}

export function exampleFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(example).map(([name, path]) => [name, readFileSync(join(root, path), "utf8")]),
  );
}

const PUBLIC_USERS = "smpl/api/users/v1/users.proto";

/** The example, with the block added to the message that it says. */
function insertIntoExample({ info, text }: Block): Sources {
  const users = readFileSync(join(root, "example/proto/public", PUBLIC_USERS), "utf8");
  const start = users.indexOf(`message ${info.insert} {`);
  const end = users.indexOf("\n}\n", start) + 1;
  return { ...exampleFiles(), [PUBLIC_USERS]: `${users.slice(0, end)}${text}${users.slice(end)}` };
}
