import type { Choices } from "./choices.js";

export type Kind = "int" | "uint" | "double" | "string" | "bool" | "ints" | "strings";

/** What an expression may name. */
export interface Names {
  /** The list of messages at hand, if there is one. */
  readonly rows: boolean;
  /** Whether the public request and who asks are. */
  readonly surroundings: boolean;
  /** Whether there is a message around it. */
  readonly parent?: boolean;
  /** Public fields of the message. */
  readonly finished?: readonly Finished[];
}

/** A public field that an expression makes. */
export interface Finished {
  readonly name: string;
  readonly kind: Kind;
  readonly hasPresence: boolean;
}

/** Names in scope, by what they are; `row`: a message with the fields that all rows have. */
interface Scope extends Names {
  readonly ints: readonly string[];
  readonly strings: readonly string[];
  /** Where the fields that all rows have are read. */
  readonly row: string;
}

/** Makes well-typed expressions over the fields that all messages of responses have: n1, s1, t1, d1, u1 and rs. */
export class ExpressionMaker {
  #count = 0;

  constructor(readonly choices: Choices) {}

  make(kind: Kind, names: Names, depth = 3): string {
    return this.#of(kind, { ...names, ints: [], strings: [], row: "" }, depth);
  }

  /** Some of the rows at hand. */
  rows(names: Names, depth = 2): string {
    return this.#rows({ ...names, ints: [], strings: [], row: "" }, depth);
  }

  #rows(scope: Scope, depth: number): string {
    const { choices } = this;
    if (depth <= 0) return "rs";
    const inner = () => this.#rows(scope, depth - 1);
    switch (choices.below(5)) {
      case 1:
        return this.#macro("filter", inner(), (row) => this.#of("bool", inRow(scope, row), depth));
      case 2:
        return this.#macro("sort_by", inner(), (row) =>
          this.#of(choices.pick(["int", "string"]), inRow(scope, row), 1),
        );
      case 3:
        return `${inner()}.take(${1 + choices.below(3)})`;
      case 4:
        return `(${this.#of("bool", scope, 1)} ? ${inner()} : ${inner()})`;
      default:
        return "rs";
    }
  }

  #macro(name: string, range: string, body: (local: string) => string): string {
    const local = `v${this.#count++}`;
    return `${range}.${name}(${local}, ${body(local)})`;
  }

  #of(kind: Kind, scope: Scope, depth: number): string {
    const { choices } = this;
    if (depth <= 0) return this.#leaf(kind, scope);
    if (choices.chance(12))
      return `(${this.#of("bool", scope, depth - 1)} ? ${this.#of(kind, scope, depth - 1)} : ${this.#of(kind, scope, depth - 1)})`;
    switch (kind) {
      case "int":
        return this.#int(scope, depth);
      case "uint":
        return this.#uint(scope, depth);
      case "double":
        return this.#double(scope, depth);
      case "string":
        return this.#string(scope, depth);
      case "bool":
        return this.#bool(scope, depth);
      case "ints":
        return this.#ints(scope, depth);
      default:
        return this.#strings(scope, depth);
    }
  }

  /** A field or a literal. */
  #leaf(kind: Kind, { row, ints, strings, surroundings, parent, finished = [] }: Scope): string {
    const { choices } = this;
    const mine = finished.filter((field) => field.kind === kind).map(({ name }) => `this.${name}`);
    if (mine.length > 0 && choices.chance(40)) return choices.pick(mine);
    const asked = finished.filter(({ hasPresence }) => hasPresence);
    if (kind === "bool" && asked.length > 0 && choices.chance(30))
      return `has(this.${choices.pick(asked).name})`;
    if (parent && choices.chance(15)) {
      if (kind === "int") return "parent.n1";
      if (kind === "string") return "parent.s1";
      if (kind === "bool") return "has(parent.d1)";
    }
    switch (kind) {
      case "int":
        return choices.pick([`${row}n1`, ...ints, "0", "1", "-1", "5", "100"]);
      case "uint":
        return choices.pick([`${row}u1`, "1u", "0u", "7u"]);
      case "double":
        return choices.pick([row === "" ? "source.d1" : `${row}d1`, "0.0", "1.5", "-2.0"]);
      case "string":
        return choices.pick([
          `${row}s1`,
          ...strings,
          ...(surroundings ? ["request.c1"] : []),
          "'a'",
          "''",
          "'é𝄞'",
        ]);
      case "bool":
        return choices.pick([`${row}n1 > 0`, "true", "false", `${row}s1 == 'a'`, this.#has(row)]);
      case "ints":
        return choices.pick([`${row}t1`, "[1, 2]", `${row}t1`]);
      default:
        return choices.pick([`[${row}s1, 'a']`, "['b']"]);
    }
  }

  #has(row: string): string {
    return row === "" ? "has(source.d1)" : `has(${row}d1)`;
  }

  #int(scope: Scope, depth: number): string {
    const { choices } = this;
    const of = (kind: Kind) => this.#of(kind, scope, depth - 1);
    switch (choices.below(11)) {
      case 1:
        return `(${of("int")} ${choices.pick(["+", "-", "*"])} ${of("int")})`;
      case 2:
        return `(${of("int")} ${choices.pick(["%", "/"])} ${choices.pick(["7", "2", `(0 + ${of("int")})`])})`;
      case 3:
        return `size(${of("string")})`;
      case 4:
        return `${of("ints")}.size()`;
      case 5:
        return `${of("strings")}.size()`;
      case 6:
        return `${of("string")}.indexOf(${of("string")})`;
      case 7:
        return `(${of("ints")} + [3]).${choices.pick(["min()", "max()", "first()", "last()"])}`;
      case 8:
        return `${of("ints")}.sum()`;
      case 9:
        return `(${of("ints")} + [4])[${choices.pick(["0", of("int")])}]`;
      case 10:
        return scope.rows && scope.row === "" ? `${this.#rows(scope, 1)}.size()` : this.#leaf("int", scope);
      default:
        return this.#leaf("int", scope);
    }
  }

  #uint(scope: Scope, depth: number): string {
    const of = (kind: Kind) => this.#of(kind, scope, depth - 1);
    switch (this.choices.below(4)) {
      case 1:
        // What can only fail, since all of it is written out, does not build.
        return `(${of("uint")} ${this.choices.pick(["+", "-", "*", "%"])} (0u + ${of("uint")}))`;
      case 2:
        return `uint(0 + ${of("int")})`;
      default:
        return this.#leaf("uint", scope);
    }
  }

  #double(scope: Scope, depth: number): string {
    const of = (kind: Kind) => this.#of(kind, scope, depth - 1);
    switch (this.choices.below(5)) {
      case 1:
        return `(${of("double")} ${this.choices.pick(["+", "-", "*", "/"])} ${of("double")})`;
      case 2:
        return `double(${of("int")})`;
      case 3:
        return `(${of("ints")} + [1]).avg()`;
      default:
        return this.#leaf("double", scope);
    }
  }

  #string(scope: Scope, depth: number): string {
    const { choices } = this;
    const of = (kind: Kind) => this.#of(kind, scope, depth - 1);
    switch (choices.below(9)) {
      case 1:
        return `(${of("string")} + ${of("string")})`;
      case 2:
        return `${of("string")}.${choices.pick(["lowerAscii", "upperAscii", "trim", "reverse"])}()`;
      case 3:
        return `string(${of(choices.pick(["int", "uint", "bool"]))})`;
      case 4:
        return `${of("string")}.replace(${choices.pick(["'a'", "'x'"])}, ${of("string")})`;
      case 5:
        return `${of("strings")}.join(',')`;
      case 6:
        return `${of("string")}.substring(${choices.pick(["0", "1", of("int")])})`;
      case 7:
        return scope.surroundings ? "auth.subject" : this.#leaf("string", scope);
      default:
        return this.#leaf("string", scope);
    }
  }

  #bool(scope: Scope, depth: number): string {
    const { choices } = this;
    const of = (kind: Kind) => this.#of(kind, scope, depth - 1);
    switch (choices.below(11)) {
      case 1:
      case 2: {
        const kind = choices.pick(["int", "string", "double", "uint"] as const);
        return `(${of(kind)} ${choices.pick(["<", "<=", ">", ">=", "==", "!="])} ${of(kind)})`;
      }
      case 3:
        return `(${of("bool")} && ${of("bool")})`;
      case 4:
        return `(${of("bool")} || ${of("bool")})`;
      case 5:
        return `!(${of("bool")})`;
      case 6:
        return `(${of("int")} in ${of("ints")})`;
      case 7:
        return `${of("string")}.${choices.pick(["startsWith", "endsWith", "contains"])}(${of("string")})`;
      case 8: {
        const macro = choices.pick(["exists", "all", "exists_one"]);
        return this.#macro(macro, of("ints"), (local) => this.#of("bool", withInt(scope, local), depth - 1));
      }
      case 9: {
        if (!scope.rows || scope.row !== "")
          return scope.surroundings ? "('support' in auth.roles)" : of("bool");
        const macro = choices.pick(["exists", "all", "exists_one"]);
        return this.#macro(macro, this.#rows(scope, 1), (row) =>
          this.#of("bool", inRow(scope, row), depth - 1),
        );
      }
      case 10:
        return this.#has(scope.row);
      default:
        return this.#leaf("bool", scope);
    }
  }

  #ints(scope: Scope, depth: number): string {
    const { choices } = this;
    const of = (kind: Kind) => this.#of(kind, scope, depth - 1);
    const inside = (kind: Kind) => (local: string) => this.#of(kind, withInt(scope, local), depth - 1);
    switch (choices.below(9)) {
      case 1:
        return this.#macro("filter", of("ints"), inside("bool"));
      case 2:
        return this.#macro("map", of("ints"), inside("int"));
      case 3:
        return this.#macro("sort_by", of("ints"), inside("int"));
      case 4:
        return `(${of("ints")} + ${of("ints")})`;
      case 5:
        return `${of("ints")}.${choices.pick(["distinct()", "take(2)", "take(0)"])}`;
      case 6:
        return `[${of("int")}, ${of("int")}]`;
      case 7:
        if (!scope.rows || scope.row !== "") return of("ints");
        return this.#macro("map", this.#rows(scope, 1), (row) => this.#of("int", inRow(scope, row), 1));
      default:
        return this.#leaf("ints", scope);
    }
  }

  #strings(scope: Scope, depth: number): string {
    const { choices } = this;
    const of = (kind: Kind) => this.#of(kind, scope, depth - 1);
    switch (choices.below(5)) {
      case 1:
        return `${of("string")}.split(${choices.pick(["'a'", "','"])})`;
      case 2:
        return `[${of("string")}, ${of("string")}]`;
      case 3:
        return this.#macro("map", of("ints"), (local) =>
          this.#of("string", withInt(scope, local), depth - 1),
        );
      case 4:
        if (!scope.rows || scope.row !== "") return of("strings");
        return this.#macro("map", this.#rows(scope, 1), (row) => this.#of("string", inRow(scope, row), 1));
      default:
        return this.#leaf("strings", scope);
    }
  }
}

function withInt(scope: Scope, local: string): Scope {
  return { ...scope, ints: [...scope.ints, local] };
}

function inRow(scope: Scope, row: string): Scope {
  return { ...scope, row: `${row}.` };
}
