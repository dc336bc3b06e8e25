import type { DescEnum } from "@bufbuild/protobuf";
import type { Message } from "../source/model.js";

const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false " +
    "finally for function if implements import in instanceof interface let new null package private protected public " +
    "return static super switch this throw true try typeof undefined var void while with yield"
  ).split(" "),
);

// Longer names only make lines that no formatter can break: the start says what it is of, the end what it holds.
const MAX_LENGTH = 64;
const MAX_LOCAL_LENGTH = 32;
const TAIL_LENGTH = 12;

/** What generated functions call their parameters and variables, whatever they are of. */
export const LOCALS: readonly string[] = (
  "w r call request requests input tag at stop start end after element message value wrapper inner packed entry key keys content " +
  "mark entryMark i keep replies row rows path claims caller parent"
).split(" ");

/** Names in one scope of the generated code: each is given once. */
export class Names {
  readonly #taken: Set<string>;
  /** Names in the functions of a file, which its own later names must not be: they would be hidden there. */
  readonly #local = new Set<string>();

  constructor(
    taken: Iterable<string> = [],
    /** The scope around this one, whose names stay visible here. */
    readonly outer?: Names,
  ) {
    this.#taken = new Set(taken);
  }

  /** `wanted`, or with a number behind it where that is taken. */
  unique(wanted: string): string {
    const max = this.outer === undefined ? MAX_LENGTH : MAX_LOCAL_LENGTH;
    const base =
      wanted.length <= max ? wanted : wanted.slice(0, max - TAIL_LENGTH) + wanted.slice(-TAIL_LENGTH);
    let name = base;
    for (let n = 2; this.has(name); n++) name = `${base}${n}`;
    this.#taken.add(name);
    for (let { outer } = this; outer !== undefined; outer = outer.outer) outer.#local.add(name);
    return name;
  }

  has(name: string): boolean {
    return RESERVED.has(name) || this.#taken.has(name) || this.#local.has(name) || this.#isOuter(name);
  }

  #isOuter(name: string): boolean {
    for (let { outer } = this; outer !== undefined; outer = outer.outer)
      if (outer.#taken.has(name)) return true;
    return false;
  }

  /** Names that are in use here and further in. */
  inner(): Names {
    return new Names([...this.#taken, ...this.#local], this.outer);
  }
}

/** user_email -> userEmail; names of .proto files have only letters, digits and `_`. */
export function camel(name: string): string {
  const text = name.replace(/_+([A-Za-z0-9])/g, (_, c: string) => c.toUpperCase()).replace(/_/g, "");
  if (text === "") return "x";
  return /^\d/.test(text) ? `x${text}` : text[0]!.toLowerCase() + text.slice(1);
}

export function pascal(name: string): string {
  const text = camel(name);
  return text[0]!.toUpperCase() + text.slice(1);
}

/** The name of a type without its package: Outer.Inner -> OuterInner. */
export function shortName(typeName: string, packageName: string): string {
  const local =
    packageName !== "" && typeName.startsWith(`${packageName}.`)
      ? typeName.slice(packageName.length + 1)
      : typeName;
  const text = local
    .split(".")
    .map((part) => part[0]!.toUpperCase() + part.slice(1))
    .join("")
    .replace(/_/g, "");
  return /^[A-Za-z]/.test(text) ? text : `X${text}`;
}

/** The name of an enum without its package. */
export function typeShort(type: DescEnum): string {
  return pascal(shortName(type.typeName, type.file.proto.package));
}

/** The name of a message without its package. */
export function messageShort(message: Message): string {
  return shortName(message.typeName, message.file.proto.package);
}
