const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false " +
    "finally for function if implements import in instanceof interface let new null package private protected public " +
    "return static super switch this throw true try typeof undefined var void while with yield"
  ).split(" "),
);

/** Names in one scope of the generated code: each is given once. */
export class Names {
  readonly #taken: Set<string>;

  readonly #isFree: (name: string) => boolean;

  constructor(
    taken: Iterable<string> = [],
    /** Whether a name is free further out. */
    isFree: (name: string) => boolean = () => true,
  ) {
    this.#taken = new Set(taken);
    this.#isFree = isFree;
  }

  /** `wanted`, or with a number behind it where that is taken. */
  unique(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.#taken.has(name) || RESERVED.has(name) || !this.#isFree(name); n++)
      name = `${wanted}${n}`;
    this.#taken.add(name);
    return name;
  }

  take(name: string): void {
    this.#taken.add(name);
  }

  has(name: string): boolean {
    return this.#taken.has(name);
  }

  /** Names that are in use here and further in. */
  inner(): Names {
    return new Names(this.#taken, this.#isFree);
  }
}

/** user_email -> userEmail; names of .proto files have only letters, digits and `_`. */
export function camel(name: string): string {
  const text = name.replace(/_+([A-Za-z0-9])/g, (_, c: string) => c.toUpperCase()).replace(/_/g, "");
  return text === "" ? "x" : text[0]!.toLowerCase() + text.slice(1);
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
  return local
    .split(".")
    .map((part) => part[0]!.toUpperCase() + part.slice(1))
    .join("")
    .replace(/_/g, "");
}
