import type { DescEnum } from "@bufbuild/protobuf";
import { isMarkedInternal } from "../plan/context.js";
import type { EnumPlan, LookupPlan, Translator, UpstreamMethod } from "../plan/types.js";
import { Code } from "./code.js";
import { camel, LOCALS, Names, pascal, typeShort } from "./names.js";
import { SameTranslators } from "./same.js";
import { ViewTypes } from "./view-types.js";

// What generated code uses of the language, and what it imports: nothing in a file has such a name.
const GLOBALS = (
  "AsyncGenerator Map Number Object Promise ReadonlyMap Uint8Array undefined " +
  "AnyType Call CallOptions FieldPolicy GatewayApi GuardedPaths Lookup MapEntries MaskTable Method MethodResolver OnError Paths Reader Replies Route Rows Shape Writer " +
  "asked cel check checkFields claimsOf computed configOf convert ensure ensureFound holds keyAt keyOf keysOf knownRowViews messageKey metadataOf partOf permit permits readMask " +
  "requireClaims resolveMethod resolveStream resolverLookup rolesOf rowView rowViews scanAny scopesOf subjectOf translateAny translateMask unwrap writeClaim writeKey " +
  "unresolved writeMessageKey written"
).split(" ");

/** What one generated file holds: each thing is made when it is first asked for, and has one name. */
export class FileScope {
  readonly names = new Names([...GLOBALS, ...LOCALS]);
  /** What is imported from the runtime; a name that starts with "type " is a type. */
  readonly imports = new Map<string, boolean>();
  readonly upstreams: Code[] = [];
  readonly lookups: Code[] = [];
  readonly translators: Code[] = [];
  /** Whether joins may not run that fields are computed from: some method has a read mask. */
  prunes = false;
  /** The names of `config` that have to be there. */
  readonly config = new Set<string>();
  readonly #made = new Map<string, string>();
  readonly #ids = new Map<object, number>();
  readonly #same = new SameTranslators();
  /** What expressions read of messages. */
  readonly views = new ViewTypes(this);
  /** What resolvers are given of internal messages: nothing that is marked internal. */
  readonly given = new ViewTypes(this, {
    suffix: "given",
    about: "What resolvers are given of",
    omits: isMarkedInternal,
  });
  /** Messages as hand-written code gives them, and public requests. */
  readonly shapes = new ViewTypes(this, { suffix: "fields", about: "The fields of", isWritten: true });

  /** Names something of the runtime in the code. */
  use(name: string, isType = false): string {
    this.imports.set(name, (this.imports.get(name) ?? true) && isType);
    return name;
  }

  /** The name of what `key` stands for; `make` prints it the first time, after the name is known. */
  once(key: string, wanted: string, section: Code[], make: (name: string, code: Code) => void): string {
    let name = this.#made.get(key);
    if (name === undefined) {
      name = this.names.unique(wanted);
      this.#made.set(key, name);
      const code = new Code();
      // In the order of first use, also where making one thing makes others.
      section.push(code);
      make(name, code);
    }
    return name;
  }

  /** As `once`, for things that are equal only if they print the same text. */
  onceByText(wanted: string, section: Code[], text: (name: string, code: Code) => void): string {
    const probe = new Code();
    text("\u0000", probe);
    return this.once(probe.toString(), wanted, section, text);
  }

  /** Names for a function: none that the file has, and the file gets none of them later, so that none hides another. */
  local(): Names {
    return new Names(LOCALS, this.names);
  }

  /** Keeps a value that expressions use, and is made once. */
  constant(text: string): string {
    return this.once(`constant ${text}`, "pattern", this.lookups, (name, code) =>
      code.line(`const ${name} = ${text};`),
    );
  }

  /** A number for an object, for keys. */
  id(object: object): number {
    let id = this.#ids.get(object);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(object, id);
    }
    return id;
  }

  /** A number for a translator: the same for those that print the same. */
  translatorId(translator: Translator): number {
    return this.id(this.#same.firstLike(translator));
  }

  /** The constant for an upstream method. */
  method(method: UpstreamMethod): string {
    const key = `method ${method.service}/${method.name}`;
    // A public method of the same name has its handler of that name.
    const wanted = this.names.has(camel(method.name)) ? camel(`upstream_${method.name}`) : camel(method.name);
    return this.once(key, wanted, this.upstreams, (name, code) => {
      this.use("Method", true);
      code.block(`const ${name}: Method = {`, () => {
        code.line(`service: ${JSON.stringify(method.service)},`);
        code.line(`name: ${JSON.stringify(method.name)},`);
        code.line(`path: ${JSON.stringify(`/${method.service}/${method.name}`)},`);
        code.line(`kind: "${method.kind}",`);
      }, "};"); // biome-ignore format: a table
    });
  }

  /** The function that says whether a closed enum has a number; undefined for open ones, which have all. */
  knows(desc: DescEnum): string | undefined {
    if (desc.open) return undefined;
    return this.once(`knows ${desc.typeName}`, `is${typeShort(desc)}`, this.translators, (name, code) => {
      code.line(
        `/** Whether the number is one of ${desc.typeName}: a closed enum, which ignores all others. */`,
      );
      code.block(`function ${name}(value: number): boolean {`, () => {
        const numbers = [...new Set(desc.values.map((value) => value.number))];
        code.line(`return [${numbers.join(", ")}].includes(value);`);
      });
    });
  }

  /** The function for an enum map. */
  enumMap(map: EnumPlan, direction: "response" | "request"): string {
    const key = `enum ${map.from.typeName} ${map.to.typeName} ${direction}`;
    return this.once(key, `to${typeShort(map.to)}`, this.translators, (name, code) => {
      const result = map.otherwise === "ignore" ? "number | undefined" : "number";
      code.line(`/** ${map.to.typeName} <- ${map.from.typeName} */`);
      const invalid = map.otherwise === "invalid";
      if (invalid) this.use("Reader", true);
      code.block(`function ${name}(${invalid ? "r: Reader, " : ""}value: number): ${result} {`, () => {
        code.block("switch (value) {", () => {
          for (const [from, to] of map.numbers) {
            code.line(`case ${from}: // ${map.from.values.find((v) => v.number === from)!.name}`);
            code.line(`  return ${to};`);
          }
          code.line("default:");
          if (invalid)
            code.line(`  return r.refuse(\`\${value} is no value of ${map.from.typeName} that is taken\`);`);
          else code.line(`  return ${map.otherwise === "ignore" ? "undefined" : map.otherwise};`);
        });
      });
    });
  }
}

/** A text that is equal for lookups that fetch the same way. */
export function lookupName(lookup: LookupPlan): string {
  const fields = lookup.ask.length > 0 ? lookup.ask : (lookup.match ?? []);
  return `${camel(lookup.method.name)}By${fields.map((path) => pascal(path.at(-1)?.name ?? "")).join("And")}`;
}
