import type { Choices } from "./choices.js";
import { type FieldMaker, fitting, SCALARS } from "./fields.js";
import type { Additions } from "./messages.js";
import { EMPTYING, errors } from "./methods.js";
import type { Decl, Side } from "./side.js";

const KEYS = SCALARS.filter((type) => type !== "float" && type !== "double");

/** A message whose rows are joined, and one that joins find. */
export interface Joined {
  readonly name: string;
  readonly additions: { internal: Decl[]; pub: Decl[]; options: string[] } & Additions;
}

/** What is joined: its name, and how a path of it goes on from the found row. */
interface Said {
  readonly name: string;
  /** As in the annotation, without `name` and the row's part of the key. */
  readonly rest: readonly string[];
  readonly keys: ReadonlyArray<{ readonly type: string; readonly to: string }>;
}

/** Adds joins and loads to messages, with the internal methods that they read. */
export class JoinMaker {
  #count = 0;
  /** Conditions on what joins of the response find, which is always there. */
  readonly ensurable: string[] = [];

  constructor(
    readonly choices: Choices,
    readonly internal: Side,
    readonly fields: FieldMaker,
    readonly methods: string[],
  ) {}

  /** One join on `owner` that finds rows of `row`. */
  join(owner: Joined, row: Joined, { mayDrop }: { readonly mayDrop: boolean }): void {
    const { choices } = this;
    if (owner !== row && choices.chance(25)) {
      this.#load(owner, row);
      return;
    }
    const name = `j${this.#count}`;
    const said = this.#lookup(row, name);
    this.#use(owner, row, said, mayDrop);
    // The same calls once more, by another key.
    if (choices.chance(20)) this.#use(owner, row, { ...said, name: `${name}s` }, mayDrop);
  }

  #use(owner: Joined, row: Joined, said: Said, mayDrop: boolean): void {
    const { choices } = this;
    const isList = said.keys.length === 1 && choices.chance(25);
    const keys = said.keys.map(
      ({ type, to }, i) => `key: "${this.#key(owner, `${said.name}k${i}`, type, isList)}${to}"`,
    );
    const missing = mayDrop
      ? choices.pick(["", "", "on_missing: DROP", "on_missing: FAIL"])
      : choices.chance(10)
        ? "on_missing: FAIL"
        : "";
    // Of one key, NOT_FOUND is no error.
    const isEach = said.rest.includes("max_keys: 1000");
    const emptying = EMPTYING.filter((text) => !isEach || !text.includes("NOT_FOUND"));
    const fallen = errors(choices, 25, mayDrop ? [...emptying, "on_error: {then: DROP}"] : emptying);
    const when = choices.chance(12)
      ? `when: "${choices.pick(["n1 >= 0", "s1 != ''", "has(source.d1)"])}"`
      : "";
    const depth = owner === row ? `max_depth: ${1 + choices.below(2)}` : "";
    const text = [`name: "${said.name}"`, ...said.rest, ...keys, missing, fallen, when, depth]
      .filter((part) => part !== "")
      .join(" ");
    owner.additions.options.push(`(portico.v1.message).join = {${text}}`);
    const isMany = isList || choices.chance(25);
    if (owner.name === "R0" && missing !== "")
      this.ensurable.push(
        isMany ? `${said.name}.exists(r, r.n1 >= 0)` : `${said.name}.n1 >= 0`,
        isMany ? `${said.name}.all(r, r.s1 != 'a')` : `${said.name}.s1 != 'a'`,
      );
    const from = (path: string) => [`(portico.v1.field).from = "${said.name}${path}"`];
    const pub = (decl: Omit<Decl, "name">) => owner.additions.pub.push({ name: this.fields.name(), ...decl });
    const whole = isMany || owner === row || choices.chance(60);
    if (whole)
      pub({ kind: "message", type: row.name, card: isMany ? "repeated" : "implicit", options: from("") });
    if (!isMany || isList) {
      const type = choices.pick(SCALARS);
      const field: Decl = {
        name: `${said.name}s`,
        kind: "scalar",
        type,
        card: choices.chance(50) ? "explicit" : "implicit",
      };
      row.additions.internal.push(field);
      const card = isMany ? "repeated" : choices.chance(50) ? "explicit" : "implicit";
      pub({ kind: "scalar", type: fitting(choices, type, true), card, options: from(`.${field.name}`) });
    }
  }

  /** The row's part of a key: a field of the source, deep in it, or of what a join before has found. */
  #key(owner: Joined, name: string, type: string, isList: boolean): string {
    const { choices } = this;
    const card = isList ? "repeated" : choices.chance(50) ? "explicit" : "implicit";
    const field: Decl = { name, kind: "scalar", type, card };
    if (choices.chance(15)) {
      this.internal.message(`K${name}`, [field]);
      owner.additions.internal.push({
        name: `in${name}`,
        kind: "message",
        type: `K${name}`,
        card: "implicit",
      });
      return `in${name}.${name}`;
    }
    owner.additions.internal.push(field);
    return name;
  }

  #load(owner: Joined, row: Joined): void {
    const { choices } = this;
    const name = `l${this.#count}`;
    const said = this.#batch(row, name, false);
    const { type, to } = said.keys[0]!;
    row.additions.options.push(
      `(portico.v1.message).load = {name: "${name}" ${said.rest.join(" ")} key: "${to.replace(" -> ", "")}"}`,
    );
    const isList = choices.chance(40);
    const key = this.#key(owner, `${name}k`, type, isList);
    owner.additions.pub.push({
      name: this.fields.name(),
      kind: "message",
      type: row.name,
      card: isList || choices.chance(30) ? "repeated" : "implicit",
      options: [`(portico.v1.field).key = "${key}"`, `(portico.v1.field).load = "${name}"`],
    });
  }

  #lookup(row: Joined, name: string): Said {
    switch (this.choices.below(6)) {
      case 1:
        return this.#each(row, name);
      case 2:
        return this.#inMemory(row, name);
      case 3:
        return this.#tuple(row, name);
      case 4:
        return this.#map(row, name);
      default:
        return this.#batch(row, name, true);
    }
  }

  /** Types of the three parts of a key: in the row, in the request, in the reply. */
  #types(): readonly [string, string, string] {
    const { choices } = this;
    const row = choices.pick(KEYS);
    const request = choices.chance(30) ? fitting(choices, row, true) : row;
    return [row, request, choices.chance(30) ? fitting(choices, request, true) : request];
  }

  #method(name: string, request: readonly Decl[], reply: readonly Decl[]): string {
    this.#count++;
    const set: Decl[] = this.choices.chance(15) ? [scalar("who", "string")] : [];
    this.internal.message(`${typeOf(name)}Request`, [...request, ...set]);
    this.internal.message(`${typeOf(name)}Reply`, reply);
    this.methods.push(`rpc BatchGet${typeOf(name)}(${typeOf(name)}Request) returns (${typeOf(name)}Reply);`);
    const said = set.length > 0 ? ' set: "who = auth.subject"' : "";
    return `method: "${this.internal.pkg}.S/BatchGet${typeOf(name)}"${said}`;
  }

  #options(): string[] {
    return this.choices.chance(40) ? [`batch_size: ${1 + this.choices.below(3)}`] : [];
  }

  /** The rows of a reply: a list, or lists of lists; its path. */
  #rows(row: string, name: string): { readonly reply: readonly Decl[]; readonly path: string } {
    const rows = list("rows", row, this.choices);
    switch (this.choices.below(4)) {
      case 2:
        this.internal.message(`${typeOf(name)}Inner`, [rows]);
        return { reply: [message("inner", `${typeOf(name)}Inner`)], path: "inner.rows" };
      case 3:
        this.internal.message(`${typeOf(name)}Group`, [rows]);
        return { reply: [list("groups", `${typeOf(name)}Group`, this.choices)], path: "groups.rows" };
      default:
        return { reply: [rows], path: "rows" };
    }
  }

  /** The key in a row; its path. */
  #id(row: Joined, name: string, type: string): string {
    const { choices } = this;
    const field = {
      ...scalar(`id${name}`, type),
      card: choices.chance(40) ? "explicit" : "implicit",
    } as const;
    if (choices.chance(20)) {
      this.internal.message(`${typeOf(name)}Meta`, [field]);
      row.additions.internal.push(message(`meta${name}`, `${typeOf(name)}Meta`));
      return `meta${name}.${field.name}`;
    }
    row.additions.internal.push(field);
    return field.name;
  }

  #batch(row: Joined, name: string, maySelect: boolean): Said {
    const [type, asked, answered] = this.#types();
    const isSelected = maySelect && this.choices.chance(20);
    let id = `id${name}`;
    if (isSelected)
      this.internal.message(`${typeOf(name)}Row`, [scalar(id, answered), message("value", row.name)]);
    else id = this.#id(row, name, answered);
    const { reply, path } = this.#rows(isSelected ? `${typeOf(name)}Row` : row.name, name);
    const method = this.#method(name, [{ ...scalar("ids", asked), card: "repeated" }], reply);
    const rest = [method, ...this.#options(), ...(isSelected ? ['select: "value"'] : [])];
    return { name, rest, keys: [{ type, to: ` -> ids = ${path}.${id}` }] };
  }

  #each(row: Joined, name: string): Said {
    const [type, asked, answered] = this.#types();
    if (this.choices.chance(50)) {
      const method = this.#method(name, [scalar("id", asked)], [message("value", row.name)]);
      return { name, rest: [method, "max_keys: 1000", 'select: "value"'], keys: [{ type, to: " -> id" }] };
    }
    const id = this.#id(row, name, answered);
    const { reply, path } = this.#rows(row.name, name);
    const method = this.#method(name, [scalar("id", asked)], reply);
    return { name, rest: [method, "max_keys: 1000"], keys: [{ type, to: ` -> id = ${path}.${id}` }] };
  }

  #inMemory(row: Joined, name: string): Said {
    const [type, , answered] = this.#types();
    // Keys compare in the type of the reply: that of the row has to fit it.
    const id = this.#id(row, name, fitting(this.choices, type, true) === type ? type : answered);
    const { reply, path } = this.#rows(row.name, name);
    return { name, rest: [this.#method(name, [], reply)], keys: [{ type, to: ` = ${path}.${id}` }] };
  }

  #tuple(row: Joined, name: string): Said {
    const parts = [this.#types(), this.#types()] as const;
    const ids = parts.map(([, , answered], i) => this.#id(row, `${name}p${i}`, answered));
    const { reply, path } = this.#rows(row.name, name);
    const keys = (ask: readonly [string, string]) =>
      parts.map(([type], i) => ({ type, to: ` -> ${ask[i]} = ${path}.${ids[i]}` }));
    if (this.choices.chance(40)) {
      const request: Decl[] = [
        scalar("one", parts[0][1]),
        { ...scalar("ids", parts[1][1]), card: "repeated" },
      ];
      const method = this.#method(name, request, reply);
      return { name, rest: [method, ...this.#options()], keys: keys(["one", "ids"]) };
    }
    this.internal.message(`${typeOf(name)}Key`, [scalar("a", parts[0][1]), scalar("b", parts[1][1])]);
    const method = this.#method(name, [list("keys", `${typeOf(name)}Key`, this.choices)], reply);
    return { name, rest: [method, ...this.#options()], keys: keys(["keys.a", "keys.b"]) };
  }

  #map(row: Joined, name: string): Said {
    const [type, asked, answered] = this.#types();
    const [, key] = [answered, answered === "bytes" ? "" : answered];
    if (key === "") return this.#batch(row, name, true);
    const reply: Decl = { name: "by", kind: "message", type: row.name, card: "map", key };
    const method = this.#method(name, [{ ...scalar("ids", asked), card: "repeated" }], [reply]);
    const rest = [method, ...this.#options(), 'select: "value"'];
    return { name, rest, keys: [{ type, to: " -> ids = by.key" }] };
  }
}

function scalar(name: string, type: string): Decl {
  return { name, kind: "scalar", type, card: "implicit" };
}

function message(name: string, type: string): Decl {
  return { name, kind: "message", type, card: "implicit" };
}

function list(name: string, type: string, _: Choices): Decl {
  return { name, kind: "message", type, card: "repeated" };
}

function typeOf(name: string): string {
  return name.toUpperCase();
}
