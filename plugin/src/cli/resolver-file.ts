import type { Node, ObjectLiteralElementLike, ObjectLiteralExpression, SourceFile } from "ts-morph";
import { answersStream, takesStream } from "../plan/calls/stream-kind.js";
import type { ResolverUse } from "../plan/fields/resolver-uses.js";
import { UsageError } from "./usage-error.js";

/** What a file of resolvers is to become. */
export interface ResolverFile {
  /** The new text: what is there is left as it is, but for stubs that are added. */
  readonly text: string;
  /** The names of the stubs. */
  readonly added: readonly string[];
  /** Functions that no annotation names any more. */
  readonly stale: ReadonlyArray<{ readonly name: string; readonly line: number }>;
}

/** A file to start from; `module`: where the generated types are, as the file imports them. */
export function newResolverFile(module: string): string {
  return `import type { Resolvers } from "${module}";

/** The values that are written by hand. */
export const resolvers: Resolvers = {};
`;
}

/**
 * Compares a file with the functions that annotations name. `text` is what it holds; `path` says where it is, for what it
 * imports. Throws a UsageError where it is not understood: then nothing of it is touched.
 */
export async function editResolvers(
  path: string,
  text: string,
  uses: readonly ResolverUse[],
): Promise<ResolverFile> {
  // Loaded here alone: it brings a whole compiler along.
  const { Node: is, Project } = await import("ts-morph");
  const parse = (noResolve: boolean) =>
    new Project({
      skipAddingFilesFromTsConfig: true,
      // Only names are asked for: neither the library's types nor, mostly, what the file imports.
      compilerOptions: { allowJs: true, noLib: true, noResolve, types: [] },
    });
  const project = parse(true);
  const file = project.createSourceFile(path, text, { overwrite: true });
  const [broken] = project.getProgram().getSyntacticDiagnostics(file);
  if (broken !== undefined)
    throw new UsageError(`${path}:${broken.getLineNumber() ?? 1}: ${String(broken.getMessageText())}`);
  const object = objectOf(file, is);
  const members = object.getProperties();
  const own = new Map(members.flatMap((member) => namesOf(member, is).map((name) => [name, member])));
  // What is spread in has its names from elsewhere.
  const isSpread = members.some((member) => is.isSpreadAssignment(member));
  const spread = isSpread
    ? objectOf(parse(false).createSourceFile(path, text, { overwrite: true }), is)
        .getType()
        .getProperties()
        .map((property) => property.getName())
    : [];
  const known = new Set([...own.keys(), ...spread]);
  const wanted = new Set(uses.map(({ name }) => name));
  const missing = uses.filter(({ name }) => !known.has(name));
  const stale = [...known]
    .filter((name) => !wanted.has(name))
    .map((name) => ({ name, line: (own.get(name) ?? object).getStartLineNumber() }));
  return {
    text: missing.length === 0 ? text : insert(text, object, missing),
    added: missing.map(({ name }) => name),
    stale,
  };
}

type Is = typeof Node;

/** The one object of the type `Resolvers`. */
function objectOf(file: SourceFile, is: Is): ObjectLiteralExpression {
  const found: ObjectLiteralExpression[] = [];
  const isNamed = (type: Node | undefined) => /(?:^|\.)Resolvers$/.test(type?.getText() ?? "");
  file.forEachDescendant((node) => {
    if (is.isVariableDeclaration(node) && isNamed(node.getTypeNode())) {
      const value = node.getInitializer();
      if (value !== undefined && is.isObjectLiteralExpression(value)) found.push(value);
    }
    if (is.isSatisfiesExpression(node) && isNamed(node.getTypeNode())) {
      const value = node.getExpression();
      if (is.isObjectLiteralExpression(value)) found.push(value);
    }
  });
  const [object] = found;
  if (object !== undefined && found.length === 1) return object;
  const many = object === undefined ? "no object" : "several objects";
  throw new UsageError(
    `${file.getFilePath()} has ${many} of the type \`Resolvers\`; write one: \`export const resolvers: Resolvers = {…}\``,
  );
}

function namesOf(member: ObjectLiteralElementLike, is: Is): string[] {
  if (is.isSpreadAssignment(member)) return [];
  const name = member.getNameNode();
  if (is.isStringLiteral(name)) return [name.getLiteralValue()];
  return is.isComputedPropertyName(name) ? [] : [name.getText()];
}

/** Puts stubs at the object's end: text is inserted, and nothing is printed anew. */
function insert(text: string, object: ObjectLiteralExpression, missing: readonly ResolverUse[]): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const close = object.getEnd() - 1;
  const members = object.getProperties();
  const last = members.at(-1);
  const base = indentAt(text, object.getStart());
  const first = members[0];
  const isOnOwnLine = first !== undefined && first.getStartLineNumber() > object.getStartLineNumber();
  const indent = isOnOwnLine ? indentAt(text, first.getStart()) : base + (/^\t/m.test(text) ? "\t" : "  ");
  const unit = indent.slice(base.length) || "  ";
  const quote = /^import[^"'\n]*'/m.test(text) ? "'" : '"';
  const stubs = missing.map(
    (use) =>
      stub(use, unit, quote)
        .map((line) => indent + line)
        .join(eol) + eol,
  );
  const lineStart = text.lastIndexOf("\n", close - 1) + 1;
  const isCloseAlone = lineStart > object.getStart() && text.slice(lineStart, close).trim() === "";
  const at = isCloseAlone ? lineStart : close;
  const before = isCloseAlone ? "" : eol;
  const after = isCloseAlone ? "" : base;
  const added = `${before}${stubs.join("")}${after}`;
  // The last one may have no comma behind it; comments may follow.
  const hasComma = last === undefined || object.getProperties().length === 0 || endsWithComma(object);
  const end = last?.getEnd() ?? at;
  return hasComma
    ? text.slice(0, at) + added + text.slice(at)
    : `${text.slice(0, end)},${text.slice(end, at)}${added}${text.slice(at)}`;
}

function endsWithComma(object: ObjectLiteralExpression): boolean {
  return object.compilerNode.properties.hasTrailingComma === true;
}

/** The white space at the start of the line that a position is in. */
function indentAt(text: string, position: number): string {
  const line = text.lastIndexOf("\n", position - 1) + 1;
  return /^[ \t]*/.exec(text.slice(line))![0];
}

/** A function that is still to be written: its types are those of the object. */
function stub({ name, makes, resolver, methods }: ResolverUse, unit: string, quote: string): string[] {
  const { kind } = methods[0]!;
  const first = "field" in resolver ? "_reads" : takesStream(kind) ? "_requests" : "_request";
  const star = !("field" in resolver) && answersStream(kind) ? "*" : "";
  return [
    `/** ${makes.join(", ")} */`,
    `async ${star}${name}(${first}, _context) {`,
    `${unit}throw new Error(${quote}the resolver ${name} is not written yet${quote});`,
    "},",
  ];
}
