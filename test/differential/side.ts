import type { Choices } from "./choices.js";

export const SYNTAXES = ["proto3", "proto2", "2023", "2024"] as const;
export type Syntax = (typeof SYNTAXES)[number];

/** A field as one side declares it. */
export interface Decl {
  readonly name: string;
  readonly type: string;
  readonly kind: "scalar" | "enum" | "message";
  readonly card: "implicit" | "explicit" | "required" | "repeated" | "map" | "oneof";
  /** Of a map, its key type. */
  readonly key?: string;
  /** Name of the oneof. */
  readonly oneof?: string;
  readonly options?: readonly string[];
  readonly isClosed?: boolean;
}

/** One side of a schema, internal or public: a package in one file. */
export class Side {
  readonly #enums: string[] = [];
  readonly #messages: string[] = [];
  readonly #services: string[] = [];

  constructor(
    readonly choices: Choices,
    readonly pkg: string,
    readonly syntax: Syntax,
    readonly imports: readonly string[],
  ) {}

  get isEdition(): boolean {
    return this.syntax === "2023" || this.syntax === "2024";
  }

  enum(name: string, isClosed: boolean, values: ReadonlyArray<readonly [string, number, string?]>): void {
    const lines = values.map(
      ([value, number, option]) => `${value} = ${number}${option ? ` [${option}]` : ""};`,
    );
    const closed = this.isEdition && isClosed ? "option features.enum_type = CLOSED; " : "";
    const isAlias = new Set(values.map(([, number]) => number)).size < values.length;
    this.#enums.push(
      `enum ${name} { ${closed}${isAlias ? "option allow_alias = true; " : ""}${lines.join(" ")} }`,
    );
  }

  message(name: string, decls: readonly Decl[], options: readonly string[] = []): void {
    const numbers = this.#numbers(decls.length);
    const lines = options.map((option) => `  option ${option};`);
    const done = new Set<string>();
    decls.forEach((decl, i) => {
      if (decl.oneof === undefined) lines.push(`  ${this.#field(decl, numbers[i]!)}`);
      else if (!done.has(decl.oneof)) {
        done.add(decl.oneof);
        const members = decls.flatMap((other, at) =>
          other.oneof === decl.oneof ? [`    ${this.#field(other, numbers[at]!)}`] : [],
        );
        lines.push(`  oneof ${decl.oneof} {`, ...members, "  }");
      }
    });
    this.#messages.push(`message ${name} {\n${lines.join("\n")}\n}`);
  }

  service(text: string): void {
    this.#services.push(text);
  }

  get text(): string {
    const first = this.isEdition ? `edition = "${this.syntax}";` : `syntax = "${this.syntax}";`;
    return [
      first,
      `package ${this.pkg};`,
      ...this.imports.map((name) => `import "${name}";`),
      ...this.#services,
      ...this.#enums,
      ...this.#messages,
      "",
    ].join("\n");
  }

  /** Numbers of one to three bytes, in any order. */
  #numbers(count: number): number[] {
    const { choices } = this;
    const start = choices.pick([1, 12, 2040, 30_000]);
    const numbers = Array.from({ length: count }, (_, i) => start + i);
    for (let i = count - 1; i > 0; i--) {
      const j = i - choices.below(i + 1);
      [numbers[i], numbers[j]] = [numbers[j]!, numbers[i]!];
    }
    return numbers;
  }

  #field(decl: Decl, number: number): string {
    const options = [...(decl.options ?? []), ...this.#features(decl)];
    const said = options.length > 0 ? ` [${options.join(", ")}]` : "";
    const type = decl.card === "map" ? `map<${decl.key}, ${decl.type}>` : decl.type;
    return `${this.#label(decl)}${type} ${decl.name} = ${number}${said};`;
  }

  #label({ card, kind }: Decl): string {
    if (card === "repeated") return "repeated ";
    if (card === "oneof" || card === "map") return "";
    if (this.syntax === "proto2") return card === "required" ? "required " : "optional ";
    return this.syntax === "proto3" && card === "explicit" && kind !== "message" ? "optional " : "";
  }

  #features({ card, kind, type, isClosed }: Decl): string[] {
    const { choices } = this;
    const isPackable = card === "repeated" && kind !== "message" && type !== "string" && type !== "bytes";
    const other = choices.chance(15);
    if (!this.isEdition) {
      if (!isPackable || !other) return [];
      return [this.syntax === "proto2" ? "packed = true" : "packed = false"];
    }
    const features: string[] = [];
    if (card === "implicit" && kind !== "message" && !isClosed)
      features.push("features.field_presence = IMPLICIT");
    if (card === "required" && kind !== "message") features.push("features.field_presence = LEGACY_REQUIRED");
    if (other && isPackable) features.push("features.repeated_field_encoding = EXPANDED");
    if (other && kind === "message" && card !== "map") features.push("features.message_encoding = DELIMITED");
    if (other && type === "string" && card !== "map") features.push("features.utf8_validation = NONE");
    return features;
  }
}
