import type { Choices } from "./choices.js";
import type { ExpressionMaker } from "./expressions.js";
import { guarded, READ_MASK } from "./policies.js";
import type { Decl, Side } from "./side.js";

/** By the fields of the message that the response is made from. */
const OF_ROWS = [
  "n1 >= 0",
  "s1 != 'a'",
  "s1 == request.c1 || n1 < 5",
  "has(source.d1) || size(t1) < 3",
  "source.d1 > 0.0 || u1 < 100u",
  "'support' in auth.roles || n1 != 1",
  "!t1.exists(t, t > 1000)",
];
const OF_REQUESTS = ["request.c1 != 'b'", "auth.subject == 'someone' || request.c1 == ''"];
const CODES = ["", "", ' code: "PERMISSION_DENIED"', ' code: "FAILED_PRECONDITION" message: "no"'];
/** Of calls and joins: with these it fails all the same. */
const FAILING = [
  'on_error: {code: "UNAVAILABLE" as: "ABORTED"}',
  `on_error: {as: "OUT_OF_RANGE" message: "'no ' + request.c1"}`,
  `on_error: {code: "PERMISSION_DENIED" when: "request.c1 == ''" as: "NOT_FOUND"}`,
];
export const EMPTYING = [
  "on_error: {then: EMPTY}",
  'on_error: {code: "UNAVAILABLE" then: EMPTY} on_error: {as: "ABORTED"}',
  `on_error: {code: "NOT_FOUND" when: "request.c1 != 'a'" then: EMPTY}`,
];

/** What becomes of errors of a call or a join. */
export function errors(choices: Choices, percent: number, more: readonly string[] = EMPTYING): string {
  return choices.chance(percent) ? choices.pick([...more, ...FAILING]) : "";
}

/** Makes methods of both sides. */
export class MethodMaker {
  readonly internalLines: string[] = [];
  readonly publicLines: string[] = [];

  constructor(
    readonly choices: Choices,
    readonly number: number,
    readonly internal: Side,
    readonly pub: Side,
    readonly expressions: ExpressionMaker,
  ) {}

  /** A method that calls its namesake; `kind`: what the response is made of. */
  rpc(name: string, request: string, reply: string, kind: "rows" | "write", joined: readonly string[]): void {
    const { choices } = this;
    const text = `rpc ${name}(${request}) returns (${reply})`;
    this.internalLines.push(`${text};`);
    if (!choices.chance(40)) {
      this.publicLines.push(`${text};`);
      return;
    }
    const isRead = kind === "rows";
    const isStream = reply.startsWith("stream ");
    const said = isRead && !isStream ? errors(choices, 40) : errors(choices, 20, []);
    const when = isRead && !isStream && choices.chance(15) ? ` when: "request.c1 != 'b'"` : "";
    const mayBeAbsent = said.includes("EMPTY") || when !== "";
    const parts = [`call: {method: "i${this.number}.S/${name}" ${said}${when}}`];
    const texts = [...OF_REQUESTS, ...(isRead && !mayBeAbsent ? OF_ROWS : [])];
    if (!isRead) {
      const set = 'set: "id = request.c1"';
      parts.unshift(`call: {name: "viewer" method: "i${this.number}.S/GetExtra" ${set}}`);
      texts.push("viewer.e == auth.subject || size(viewer.e) > 1", "viewer.e != ''");
    }
    // As often as the others, something else.
    if (isRead && !mayBeAbsent)
      for (let n = texts.length; n > 0; n--)
        texts.push(this.expressions.make("bool", { rows: false, surroundings: true }, 2));
    for (let n = choices.below(3); n > 0; n--)
      parts.push(this.#ensure([...texts, ...(mayBeAbsent ? [] : joined)]));
    this.publicLines.push(
      `${text} {\n    option (portico.v1.method) = {\n      ${parts.join("\n      ")}\n    };\n  }`,
    );
  }

  #ensure(texts: readonly string[]): string {
    return `ensure: {that: "${this.choices.pick(texts)}"${this.choices.pick(CODES)}}`;
  }

  /** A method of several calls. */
  two(c1: Decl): void {
    const { number, choices, internal, pub } = this;
    const text = (name: string, ...options: string[]): Decl => ({
      name,
      kind: "scalar",
      type: "string",
      card: "implicit",
      options,
    });
    const b0: Decl = { name: "b0", kind: "message", type: "B0", card: "implicit" };
    const r0: Decl = { ...b0, name: "r0", type: "R0" };
    internal.message("TwoRequest", [text("id"), text("who"), text("ref"), c1]);
    internal.message("ExtraRequest", [text("id"), { ...b0, name: "inner" }]);
    internal.message("TwoReply", [text("a"), b0, r0]);
    internal.message("ExtraReply", [text("e"), { ...b0, name: "found" }]);
    pub.message("TwoRequest", [
      text("id"),
      text("deep", '(portico.v1.field).to = "ref"'),
      c1,
      ...(choices.chance(20) ? [READ_MASK] : []),
    ]);
    const note: Decl[] = choices.chance(30) ? [text("note", '(portico.v1.field).from = "note.e"')] : [];
    pub.message("TwoReply", [
      text("a"),
      b0,
      r0,
      text("e", '(portico.v1.field).from = "extra.e"'),
      text("r", '(portico.v1.field).from = "request.id"'),
      text("s", '(portico.v1.field).from = "auth.subject"'),
      text("c", `(portico.v1.field).from = "extra.e + '!'"`),
      guarded(choices, { ...b0, name: "x", options: ['(portico.v1.field).from = "extra.found"'] }),
      ...note,
    ]);
    this.internalLines.push(
      "rpc GetTwo(TwoRequest) returns (TwoReply);",
      "rpc GetExtra(ExtraRequest) returns (ExtraReply);",
      "rpc CreateNote(ExtraRequest) returns (ExtraReply);",
    );
    const set = choices.chance(50)
      ? ' set: "who = extra.e"'
      : choices.chance(30)
        ? ' set: "who = auth.subject"'
        : "";
    const own = errors(choices, 15);
    const extra = errors(choices, 30);
    const when = choices.chance(20) ? ` when: "request.c1 != 'b'"` : "";
    const isSure = !extra.includes("EMPTY") && when === "";
    const parts = [
      `call: {method: "i${number}.S/GetTwo"${set} ${own}}`,
      `call: {name: "extra" method: "i${number}.S/GetExtra" set: "id = request.id" ${extra}${when}}`,
    ];
    if (note.length > 0) {
      const from = isSure ? choices.pick(["request.id", "extra.e", "request.id + extra.e"]) : "request.id";
      parts.push(`call: {name: "note" method: "i${number}.S/CreateNote" set: "id = ${from}"}`);
    }
    const texts = [
      ...OF_REQUESTS,
      ...(isSure ? ["extra.e != ''", "extra.e == request.id || size(extra.e) < 2"] : []),
      ...(own.includes("EMPTY") ? [] : ["a != 'b'", "source.r0.n1 >= 0"]),
    ];
    if (choices.chance(40)) parts.push(this.#ensure(texts));
    this.publicLines.push(
      `rpc Two(TwoRequest) returns (TwoReply) {\n    option (portico.v1.method) = {\n      ${parts.join("\n      ")}\n    };\n  }`,
    );
  }
}
