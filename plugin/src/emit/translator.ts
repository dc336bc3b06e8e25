import { entryFields } from "../plan/conversion.js";
import type { Conversion, FieldPlan, JoinPlan, Root, Translator } from "../plan/types.js";
import { translatorsIn } from "../plan/walk.js";
import type { Field } from "../source/model.js";
import {
  drops,
  fieldsOf,
  innerIndex,
  ownJoins,
  type Reads,
  readsOf,
  scannedFields,
  scanReadsOf,
  scanRows,
  walkJoins,
} from "./analysis.js";
import { type Code, quote } from "./code.js";
import { type FileScope, messageShort } from "./file-scope.js";
import { camel, type Names, pascal } from "./names.js";
import { Scan } from "./scan.js";
import { type Found, nonZero, ValueEmitter } from "./value.js";
import { EGROUP, isPackable, LEN, SGROUP, scalarOf, tagOf, wireOf } from "./wire.js";

/** What a function is for: to write a message, or to gather the keys of some joins in it. */
type Mode = { readonly kind: "write" } | { readonly kind: "scan"; readonly collect: readonly JoinPlan[] };

/** The function that writes a message (its name; printed when first asked for). */
export function writeFunction(file: FileScope, translator: Translator): string {
  const name = writeName(translator);
  return file.once(`write ${identity(file, translator)}`, name, file.translators, (fn, code) => {
    new TranslatorEmitter(file, translator, { kind: "write" }, code).emit(fn);
  });
}

function writeName(translator: Translator): string {
  return `${translator.direction === "response" ? "write" : "to"}${pascal(messageShort(translator.target))}`;
}

/** The function that writes the request of a call: methods that ask for the same in the same way share it. */
export function requestFunction(file: FileScope, translator: Translator): string {
  return file.onceByText(writeName(translator), file.translators, (fn, code) => {
    new TranslatorEmitter(file, translator, { kind: "write" }, code).emit(fn);
  });
}

/** Translators of the same types are one function, unless they read what only their method has. */
function identity(file: FileScope, translator: Translator): string {
  const reads = readsOf(translator);
  const isOwn = reads.calls.length > 0 || reads.request;
  const types = `${translator.direction} ${translator.target.typeName} ${translator.source?.typeName}`;
  return isOwn ? `${types} ${file.id(translator)}` : types;
}

/** The function that walks a message and gathers the keys of `collect`. */
export function scanFunction(file: FileScope, translator: Translator, collect: readonly JoinPlan[]): string {
  const key = `scan ${identity(file, translator)} ${joinNames(collect)}`;
  return file.once(key, `scan${pascal(messageShort(translator.target))}`, file.translators, (fn, code) => {
    new TranslatorEmitter(file, translator, { kind: "scan", collect }, code).emit(fn);
  });
}

/** The function that walks a found row, in a field that is made from it, and gathers the keys of `collect`. */
export function scanRowFunction(
  file: FileScope,
  translator: Translator,
  field: FieldPlan,
  collect: readonly JoinPlan[],
): string {
  const name = pascal(field.target[0]!.name);
  const key = `scan row ${identity(file, translator)} ${name} ${joinNames(collect)}`;
  const wanted = `scan${pascal(messageShort(translator.target))}${name}`;
  return file.once(key, wanted, file.translators, (fn, code) => {
    new TranslatorEmitter(file, translator, { kind: "scan", collect }, code, field).emit(fn);
  });
}

/** Names joins such that those of a message that is made from two types differ. */
function joinNames(joins: readonly JoinPlan[]): string {
  return joins.map(joinIdentity).join();
}

function joinIdentity(join: JoinPlan): string {
  const roots = join.key.map(({ root }) =>
    root.kind === "source"
      ? root.message.typeName
      : root.kind === "join"
        ? `(${joinIdentity(root.join)})`
        : root.kind,
  );
  return `${join.owner.typeName}.${join.name}<${join.lookup.method.output.typeName}<${roots.join("+")}`;
}

/** The arguments that a translator's functions take after the writer and the source, in order. */
export function argumentsOf(reads: Reads): string[] {
  return [
    ...reads.calls.map((call) => call.name),
    ...(reads.request ? ["request"] : []),
    ...(reads.auth ? ["call"] : []),
  ];
}

/** Prints statements; those of a single line are given, to be put behind their condition. */
type Print = (() => void) | readonly string[];

// What the printed statements themselves declare.
const LOCALS = [
  "w",
  "r",
  "call",
  "tag",
  "at",
  "stop",
  "start",
  "after",
  "element",
  "message",
  "value",
  "wrapper",
];

/** Prints one function. */
export class TranslatorEmitter {
  readonly direction: "response" | "request";
  readonly #names: Names;
  readonly #values: ValueEmitter;
  readonly #calls = new Map<object, string>();
  readonly #rows = new Map<JoinPlan, string>();
  /** Of joins that are used as lists: the variable that holds the number of the message's row. */
  readonly #manyRows = new Map<JoinPlan, string>();
  #request = "";
  readonly #readers = new Map<string, Scope>();

  constructor(
    readonly file: FileScope,
    readonly translator: Translator,
    readonly mode: Mode,
    readonly code: Code,
    /** Set for a scan of found rows: the field that is made from them. */
    readonly site?: FieldPlan,
  ) {
    this.direction = translator.direction;
    this.#names = file.scope(LOCALS);
    this.#values = new ValueEmitter(file, this);
  }

  emit(name: string): void {
    const { translator, mode, code, file } = this;
    const reads = this.#reads();
    const parameters: string[] = [];
    if (mode.kind === "write") parameters.push(`w: ${file.use("Writer", true)}`);
    if (translator.source !== undefined || this.site !== undefined)
      parameters.push(`r: ${file.use("Reader", true)}`);
    for (const call of reads.calls) {
      const variable = this.#names.unique(camel(call.name));
      this.#calls.set(call, variable);
      parameters.push(`${variable}: ${file.use("Reader", true)}`);
    }
    if (reads.request) {
      this.#request = this.#names.unique("request");
      parameters.push(`${this.#request}: ${file.use("Reader", true)}`);
    }
    if (reads.auth) parameters.push(`call: ${file.use("Call", true)}`);
    for (const join of this.#joinParameters()) {
      const variable = this.#names.unique(camel(join.name));
      this.#rows.set(join, variable);
      parameters.push(`${variable}: ${file.use("Rows", true)}`);
    }
    const isDropping = mode.kind === "write" && drops(translator);
    code.doc(this.#doc());
    const open = `function ${name}(${parameters.join(", ")}): ${isDropping ? "boolean" : "void"} {`;
    const body = () => this.#body(isDropping);
    if (open.length <= 110) code.block(open, body);
    else {
      code.block(`function ${name}(`, () => { for (const parameter of parameters) code.line(`${parameter},`); }, `): ${isDropping ? "boolean" : "void"} {`); // biome-ignore format: short
      code.block("", body);
    }
  }

  #reads(): Reads {
    const { mode, translator, site } = this;
    if (mode.kind === "write") return readsOf(translator);
    return scanReadsOf(site === undefined ? translator : translatorsIn(site.conversion), mode.collect);
  }

  #joinParameters(): readonly JoinPlan[] {
    const { mode, translator, site } = this;
    if (mode.kind === "write") return walkJoins(translator);
    return scanRows(site === undefined ? translator : translatorsIn(site.conversion), mode.collect);
  }

  #doc(): string[] {
    const { target, source } = this.translator;
    if (this.mode.kind === "write")
      return [source === undefined ? target.typeName : `${target.typeName} <- ${source.typeName}`];
    const keys = this.mode.collect.map((join) => join.name).join(", ");
    const where =
      this.site === undefined
        ? target.typeName
        : `the rows that make ${this.site.target[0]!.name} of ${target.typeName}`;
    return [`Gathers the keys of ${keys} in ${where}`];
  }

  #body(isDropping: boolean): void {
    const { code, translator, mode, site } = this;
    const joins =
      mode.kind === "write"
        ? ownJoins(translator)
        : site === undefined
          ? ownJoins(translator).filter(
              (join) => mode.collect.includes(join) || mode.collect.some((c) => c.after.includes(join)),
            )
          : [];
    const fields = mode.kind === "write" ? translator.fields : this.#fieldsWithJoins();
    const statements = this.#plan(fields, joins);
    if (site !== undefined) {
      // The reader stands on the found row itself.
      this.#scope(site.value.root).emit(code);
    } else {
      if (translator.source !== undefined)
        this.#scope({ kind: "source", message: translator.source }).emit(code);
      // In the same order in all functions of the message: rows are counted as they come by.
      for (const call of this.#calls.keys()) this.#readers.get(`call ${this.file.id(call)}`)?.emit(code);
      this.#readers.get("request")?.emit(code);
    }
    if (isDropping) code.line("let keep = true;");
    statements(isDropping);
    if (translator.source !== undefined || site !== undefined) code.line("r.leave(end);");
    if (isDropping) code.line("return keep;");
  }

  /** In a scan: the fields in whose messages there are keys to gather. */
  #fieldsWithJoins(): readonly FieldPlan[] {
    const { translator, mode, site } = this;
    if (mode.kind !== "scan") return [];
    return site === undefined ? scannedFields(translator, mode.collect) : [site];
  }

  /** Asks the walks for what fields and keys need; gives what prints the statements after them. */
  #plan(fields: readonly FieldPlan[], joins: readonly JoinPlan[]): (isDropping: boolean) => void {
    const before: Array<(isDropping: boolean) => void> = [];
    for (const join of joins) before.push(this.#join(join));
    const body = this.#fields(fields);
    return (isDropping) => {
      for (const print of before) print(isDropping);
      body();
    };
  }

  /** What is done with one join of the message: its row is opened and walked, or its key is gathered. */
  #join(join: JoinPlan): (isDropping: boolean) => void {
    const { code, mode } = this;
    const rows = this.#rows.get(join)!;
    if (mode.kind === "scan" && mode.collect.includes(join)) return this.#key(join, rows);
    const drop = (isDropping: boolean) => {
      if (isDropping && join.onMissing === "drop") code.line(`if (${rows}.dropped) keep = false;`);
    };
    if (mode.kind === "write" && join.use === "many") {
      const row = this.#names.unique(`${camel(join.name)}At`);
      this.#manyRows.set(join, row);
      return (isDropping) => {
        code.line(`const ${row} = ${rows}.row();`);
        drop(isDropping);
      };
    }
    const scope = this.#scope({ kind: "join", join });
    return (isDropping) => {
      if (mode.kind === "write" && fieldsOf(this.translator, join).length === 0) code.line(`${rows}.take();`);
      else if (scope.keepEntry) {
        code.line(`const ${scope.entry} = ${rows}.take();`);
        if (!scope.scan.isEmpty) code.line(`const ${scope.reader} = ${rows}.open(${scope.entry});`);
      } else code.line(`const ${scope.reader} = ${rows}.one();`);
      drop(isDropping);
      if (!scope.scan.isEmpty) scope.emit(code);
    };
  }

  #key(join: JoinPlan, rows: string): () => void {
    const { code, file } = this;
    const parts = join.key.map((value, index) => {
      const field = value.path.at(-1)!;
      const scope = this.#scope(value.root);
      const type = scalarOf(field);
      if (join.keyList) {
        const variable = this.#names.unique(`${camel(join.name)}Keys`);
        file.use("Key", true);
        file.use("keyAt");
        scope.before.push(`const ${variable}: Key[] = [];`);
        scope.scan.each(value.path, {
          value: (c, reader, at) => c.line(`${variable}.push(keyAt(${reader}, ${at}, ${quote(type)}));`),
        });
        return { list: variable, there: "", key: "" };
      }
      void index;
      const at = scope.scan.slot(value.path, this.#names);
      const { reader } = scope;
      file.use("keyAt");
      const there =
        field.presence === "implicit" ? `${at} !== 0 && ${nonZero(field, reader, at)}` : `${at} !== 0`;
      return { list: "", there, key: `keyAt(${reader}, ${at}, ${quote(type)})` };
    });
    return () => {
      const list = parts[0]!.list;
      if (list !== "") {
        code.line(`${rows}.addList(${list});`);
        return;
      }
      const guards = parts.map((part) => part.there);
      const key = parts.length === 1 ? parts[0]!.key : `[${parts.map((part) => part.key).join(", ")}]`;
      code.line(`if (${guards.join(" && ")}) ${rows}.add(${key});`);
      code.line(`else ${rows}.add(undefined);`);
    };
  }

  /** Asks the walks for the values of fields; gives what prints the statements that write them. */
  #fields(fields: readonly FieldPlan[]): () => void {
    const printers: Array<{ plan: FieldPlan; print: Print; condition: string | undefined }> = [];
    for (const plan of fields) {
      const printer = this.#field(plan);
      if (printer !== undefined) printers.push({ plan, ...printer });
    }
    return () => this.#print(printers, 0);
  }

  /** Prints the fields of a target, those of messages inside it in their frames. */
  #print(
    printers: ReadonlyArray<{ plan: FieldPlan; print: Print; condition: string | undefined }>,
    depth: number,
  ): void {
    const { code } = this;
    let previous: Field | undefined;
    for (let i = 0; i < printers.length; i++) {
      const { plan, print, condition } = printers[i]!;
      const field = plan.target[depth]!;
      if (plan.target.length > depth + 1 || this.#sharesFrame(printers, i, depth)) {
        // Fields of a message inside the target: one frame for all of them.
        const group = printers.filter((printer) => printer.plan.target[depth] === field);
        if (group[0] !== printers[i]) continue;
        this.#frame(field, group, depth);
        previous = undefined;
        continue;
      }
      // Of a oneof whose members come from different places, the first that is there.
      const isNext =
        previous !== undefined &&
        field.oneof !== undefined &&
        previous.oneof === field.oneof &&
        condition !== undefined;
      if (condition === undefined) {
        this.#printAll(print);
        previous = undefined;
        continue;
      }
      if (isNext) code.block(`else if (${condition}) {`, () => this.#printAll(print));
      else if (typeof print !== "function" && print.length === 1) code.when(condition, print[0]!);
      else code.block(`if (${condition}) {`, () => this.#printAll(print));
      previous = field;
    }
  }

  #printAll(print: Print): void {
    if (typeof print === "function") print();
    else for (const line of print) this.code.line(line);
  }

  #sharesFrame(printers: ReadonlyArray<{ plan: FieldPlan }>, index: number, depth: number): boolean {
    const field = printers[index]!.plan.target[depth]!;
    return printers.some(
      (other) => other.plan.target[depth] === field && other.plan.target.length > depth + 1,
    );
  }

  #frame(
    field: Field,
    group: ReadonlyArray<{ plan: FieldPlan; print: Print; condition: string | undefined }>,
    depth: number,
  ): void {
    const { code } = this;
    // Written only if there is something in it: an empty message is not an absent one.
    const conditions = group.map((printer) => printer.condition);
    const always = conditions.includes(undefined);
    const body = () => {
      const frame = this.#names.unique(camel(field.name));
      const grouped = wireOf(field) === SGROUP;
      if (grouped) code.line(`w.tag(${tagOf(field, SGROUP)});`);
      else code.line(`const ${frame} = w.open(${tagOf(field)}, 32);`);
      const whole = group.filter((printer) => printer.plan.target.length === depth + 1);
      for (const printer of whole) this.#printInline(printer);
      this.#print(
        group.filter((printer) => printer.plan.target.length > depth + 1),
        depth + 1,
      );
      if (grouped) code.line(`w.tag(${tagOf(field, EGROUP)});`);
      else code.line(`w.close(${frame});`);
    };
    if (always) code.block("{", body);
    else
      code.block(
        `if (${[...new Set(conditions)].map((c) => (c!.includes("&&") ? `(${c})` : c)).join(" || ")}) {`,
        body,
      );
  }

  /** A message that is mapped as a whole into a frame that also gets single fields: its content, without its tag. */
  #printInline({ plan, condition }: { plan: FieldPlan; condition: string | undefined }): void {
    const { conversion, value } = plan;
    if (conversion.kind !== "message") return;
    const found = this.#found(value.root, value.path);
    this.code.when(
      condition ?? `${found.at} !== 0`,
      `${this.call(conversion.translator, `${found.reader}.enter(${found.at})`)};`,
    );
  }

  #found(root: Root, path: readonly Field[]): Found {
    const scope = this.#scope(root);
    return { reader: scope.reader, at: scope.scan.slot(path, this.#names), field: path.at(-1) };
  }

  /** The field that is being printed: says which of the rows inside found rows are meant. */
  #current: FieldPlan | undefined;

  #in<T>(plan: FieldPlan, print: () => T): T {
    const before = this.#current;
    this.#current = plan;
    const result = print();
    this.#current = before;
    return result;
  }

  /** One field: asks for its value; undefined where all is done during the walk. */
  #field(plan: FieldPlan): { print: Print; condition: string | undefined } | undefined {
    const printer = this.#printer(plan);
    if (printer === undefined || typeof printer.print !== "function") return printer;
    const { print } = printer;
    return { ...printer, print: () => this.#in(plan, print) };
  }

  #printer(plan: FieldPlan): { print: Print; condition: string | undefined } | undefined {
    const { value, conversion } = plan;
    const target = plan.target.at(-1)!;
    const isWrite = this.mode.kind === "write";
    if (conversion.kind === "auth") {
      const path = value.root.kind === "auth" ? value.root.claim : [];
      const required = this.direction === "request";
      this.file.use("writeClaim");
      return {
        condition: undefined,
        print: [`writeClaim(w, ${tagOf(target)}, call, [${path.map(quote).join(", ")}], ${required});`],
      };
    }
    if (value.root.kind === "join" && this.site === undefined && value.root.join.use === "many")
      return this.#many(plan, value.root.join);
    const last = value.path.at(-1);
    if (last === undefined) return this.#whole(plan, conversion);
    const scope = this.#scope(value.root);
    if (last.cardinality === "repeated") {
      if (plan.target.length > 1) return this.#nestedList(plan, scope);
      this.#list(plan, scope);
      return undefined;
    }
    const at = scope.scan.slot(value.path, this.#names);
    const again = this.#again(plan, scope);
    if (last.cardinality === "map") return this.#map(plan, scope, at, again);
    const found: Found = { reader: scope.reader, at, field: last };
    if (conversion.kind === "message") {
      return {
        condition: `${at} !== 0`,
        print: () =>
          this.#writeMessage(target, scope.reader, `${again ?? scope.reader}.enter(${at})`, conversion),
      };
    }
    const lost = isWrite && target.oneof === undefined ? this.#values.lostDefault(last, target) : undefined;
    const condition = this.#values.condition(found, target, conversion);
    if (lost !== undefined) {
      return {
        condition: undefined,
        print: () => {
          this.code.when(
            `${at} !== 0`,
            this.#values.statements(String(tagOf(target)), found, target, conversion)[0]!,
          );
          this.code.line(`else ${lost}`);
        },
      };
    }
    return {
      condition,
      print: isWrite ? this.#values.statements(String(tagOf(target)), found, target, conversion) : [],
    };
  }

  #writeMessage(
    target: Field,
    reader: string,
    open: string,
    conversion: Conversion & { kind: "message" },
  ): void {
    const { code } = this;
    if (this.mode.kind === "write") this.#values.message(code, target, reader, open, conversion, this.#names);
    else if (scanRows(conversion.translator, this.mode.collect).length > 0)
      code.line(`${this.call(conversion.translator, open)};`);
  }

  /** A field that is the root itself. */
  #whole(plan: FieldPlan, conversion: Conversion): { print: Print; condition: string | undefined } {
    const { root } = plan.value;
    const target = plan.target.at(-1)!;
    const scope = this.#scope(root);
    if (conversion.kind !== "message") {
      // A mask or an Any that is a row itself: its own walk is all there is.
      throw new Error("a root that is no message of its own");
    }
    if (root.kind === "join" && this.site === undefined) {
      // Opened where it is written: until then the message may have moved on to rows of messages inside it.
      scope.keepEntry = true;
      const rows = this.#rows.get(root.join)!;
      return {
        condition: `${scope.entry} >= 0`,
        print: () => this.#writeMessage(target, "", `${rows}.open(${scope.entry})`, conversion),
      };
    }
    scope.keepRange = true;
    scope.wholeUses++;
    return {
      condition: undefined,
      print: () => {
        // Where the message is used for nothing else, its reader still stands at its beginning.
        const isOnly =
          scope.wholeUses === 1 && scope.scan.isEmpty && scope.make === "" && scope.reader !== "r";
        const open = isOnly ? scope.reader : `${scope.reader}.again(${scope.start}, ${scope.end})`;
        this.#writeMessage(target, isOnly ? scope.reader : "", open, conversion);
      },
    };
  }

  /** Where there are joins inside a found row: what opens it once more, with the joins inside it at their rows. */
  #again(plan: FieldPlan, scope: Scope): string | undefined {
    const { root } = plan.value;
    if (root.kind !== "join" || this.mode.kind !== "write") return undefined;
    if (walkJoins(translatorsIn(plan.conversion)).length === 0) return undefined;
    scope.keepEntry = true;
    return `${this.#rows.get(root.join)!}.open(${scope.entry})`;
  }

  /** The elements of a list, written as they come by. */
  #list(plan: FieldPlan, scope: Scope): void {
    const { value, conversion } = plan;
    const target = plan.target.at(-1)!;
    scope.scan.each(value.path, this.#elements(plan, target, value.path.at(-1)!, conversion));
  }

  /** A list that goes into a message inside the target: its walk is done once more where that is written. */
  #nestedList(plan: FieldPlan, scope: Scope): { print: Print; condition: string | undefined } {
    const { code } = this;
    scope.keepRange = true;
    const scan = new Scan("");
    scan.each(
      plan.value.path,
      this.#elements(plan, plan.target.at(-1)!, plan.value.path.at(-1)!, plan.conversion),
    );
    const there = this.#names.unique(`has${pascal(plan.value.path.at(-1)!.name)}`);
    scope.before.push(`let ${there} = false;`);
    scope.scan.each(plan.value.path, {
      value: (c) => c.line(`${there} = true;`),
      message: (c, reader, open) => {
        c.line(`const skipped = ${open}.end;`);
        c.line(`${reader}.leave(skipped);`);
        c.line(`${there} = true;`);
      },
    });
    return {
      condition: there,
      print: () => {
        code.block("{", () => {
          const inner = this.#names.inner();
          code.line(`${scope.reader}.again(${scope.start}, ${scope.end});`);
          scan.emit(code, scope.reader, inner);
          code.line(`${scope.reader}.leave(${scope.end});`);
        });
      },
    };
  }

  #elements(plan: FieldPlan, target: Field, field: Field, conversion: Conversion) {
    const values = this.#values;
    const found = (reader: string, at: string): Found => ({ reader, at, field: undefined });
    if (field.type.kind === "message") {
      return {
        message: (code: Code, reader: string, open: string) => {
          if (conversion.kind === "message") {
            this.#in(plan, () => this.#writeMessage(target, "", open, conversion));
            return;
          }
          code.line(`const at = ${reader}.message(0);`);
          values.write(code, String(tagOf(target)), found(reader, "at"), target, conversion);
        },
      };
    }
    const stays = isPackable(target) && conversion.kind !== "wrap";
    return {
      value: (code: Code, reader: string, at: string, packed: boolean) =>
        values.write(
          code,
          packed && stays ? "0" : String(tagOf(target)),
          found(reader, at),
          target,
          conversion,
        ),
      ...(stays && {
        packed: {
          before: (code: Code, reader: string) =>
            code.line(`const packed = w.open(${tagOf(target, LEN)}, stop - ${reader}.pos);`),
          after: (code: Code) => code.line("w.close(packed);"),
        },
      }),
    };
  }

  #map(
    plan: FieldPlan,
    scope: Scope,
    entries: string,
    again: string | undefined,
  ): { print: Print; condition: string | undefined } {
    const { code } = this;
    const { conversion } = plan;
    const target = plan.target.at(-1)!;
    this.file.use("MapEntries");
    if (conversion.kind !== "map") throw new Error("a map that is not mapped as one");
    const { reader } = scope;
    const [, valueTo] = entryFields(target);
    return {
      condition: undefined,
      print: () => {
        if (again !== undefined) code.line(`${again};`);
        code.block(`for (let i = 0; i < ${entries}.size; i++) {`, () => {
          code.line(`const value = ${entries}.values[i]!;`);
          if (this.mode.kind === "scan") {
            if (conversion.value.kind === "message")
              this.#writeMessage(valueTo, reader, `${reader}.enter(value)`, conversion.value);
            return;
          }
          this.#mapEntry(target, reader, entries, conversion, valueTo);
        });
      },
    };
  }

  #mapEntry(
    target: Field,
    reader: string,
    entries: string,
    conversion: Conversion & { kind: "map" },
    valueTo: Field,
  ): void {
    const { code } = this;
    const { keyFrom, keyTo, value } = conversion;
    const drop = value.kind === "message" && drops(value.translator);
    code.line(`const key = ${entries}.keys[i]!;`);
    if (drop) code.line("const entryMark = w.pos;");
    code.line(`const entry = w.open(${tagOf(target)}, 32);`);
    const keyConversion: Conversion = {
      kind: "scalar",
      from: scalarOf(keyFrom) as never,
      to: scalarOf(keyTo) as never,
    };
    const keys = this.#values.statements(
      String(tagOf(keyTo)),
      { reader, at: "key", field: undefined },
      keyTo,
      keyConversion,
    );
    code.when("key !== 0", keys[0]!);
    if (value.kind === "message") {
      // A value that is not there is an empty message, with rows like any other.
      const call = this.call(value.translator, "content");
      code.line(`const content = ${reader}.enter(value);`);
      code.line(`const message = w.open(${tagOf(valueTo, LEN)}, content.size);`);
      if (drop) {
        code.block(`if (${call}) {`, () => {
          code.line("w.close(message);");
          code.line("w.close(entry);");
        }, "} else w.rewind(entryMark);"); // biome-ignore format: short
        return;
      }
      code.line(`${call};`);
      code.line("w.close(message);");
    } else {
      code.block("if (value !== 0) {", () => {
        this.#values.write(
          code,
          String(tagOf(valueTo)),
          { reader, at: "value", field: undefined },
          valueTo,
          value,
        );
      });
    }
    code.line("w.close(entry);");
  }

  /** All found rows of a join. */
  #many(plan: FieldPlan, join: JoinPlan): { print: Print; condition: string | undefined } | undefined {
    const { code } = this;
    const rows = this.#rows.get(join);
    if (rows === undefined) return undefined;
    const target = plan.target.at(-1)!;
    return {
      condition: undefined,
      print: () => {
        const row = this.#names.unique(`${camel(join.name)}Row`);
        code.block(
          `for (let ${row} = ${rows}.first(${this.#manyRows.get(join)!}); ${row} !== undefined; ${row} = ${rows}.next()) {`,
          () => {
            const { path } = plan.value;
            const last = path.at(-1);
            if (last === undefined) {
              if (plan.conversion.kind === "message") this.#writeMessage(target, row, row, plan.conversion);
              return;
            }
            const names = this.#names.inner();
            const scan = new Scan(join.name);
            if (last.cardinality === "repeated") {
              scan.each(path, this.#elements(plan, target, last, plan.conversion));
              scan.emit(code, row, names);
              return;
            }
            const at = scan.slot(path, names);
            scan.emit(code, row, names);
            const found: Found = { reader: row, at, field: last };
            code.block(`if (${this.#values.condition(found, target, plan.conversion)}) {`, () => {
              if (plan.conversion.kind === "message")
                this.#writeMessage(target, row, `${row}.enter(${at})`, plan.conversion);
              else this.#values.write(code, String(tagOf(target)), found, target, plan.conversion);
            });
          },
        );
      },
    };
  }

  /** The walk over what a root stands for. */
  #scope(root: Root): Scope {
    if (root.kind === "auth") throw new Error("credentials are not walked");
    const key =
      root.kind === "source"
        ? "source"
        : root.kind === "request"
          ? "request"
          : root.kind === "call"
            ? `call ${this.file.id(root.call)}`
            : `join ${this.file.id(root.join)}`;
    let scope = this.#readers.get(key);
    if (scope !== undefined) return scope;
    if (root.kind === "source") scope = new Scope("r", "", "", this.#names);
    else if (root.kind === "join") {
      if (this.site !== undefined) scope = new Scope("r", "", "", this.#names);
      else
        scope = new Scope(this.#names.unique(`${camel(root.join.name)}Row`), root.join.name, "", this.#names);
    } else {
      const from = root.kind === "call" ? this.#calls.get(root.call)! : this.#request;
      const name = root.kind === "call" ? root.call.name : "request";
      scope = new Scope(this.#names.unique(`${camel(name)}Reader`), name, `${from}.fork()`, this.#names);
    }
    this.#readers.set(key, scope);
    return scope;
  }

  /** A call of a translator's function, from where its message is opened. */
  call(translator: Translator, source: string): string {
    const { mode, file } = this;
    const reads = mode.kind === "write" ? readsOf(translator) : scanReadsOf(translator, mode.collect);
    const joins = mode.kind === "write" ? walkJoins(translator) : scanRows(translator, mode.collect);
    const name =
      mode.kind === "write" ? writeFunction(file, translator) : scanFunction(file, translator, mode.collect);
    const all = [
      ...(mode.kind === "write" ? ["w"] : []),
      ...(translator.source === undefined ? [] : [source]),
      ...reads.calls.map((call) => this.#calls.get(call)!),
      ...(reads.request ? [this.#request] : []),
      ...(reads.auth ? ["call"] : []),
      ...joins.map((join) => this.#rowsOf(join)),
    ];
    return `${name}(${all.join(", ")})`;
  }

  /** Rows of this walk, or of the rows that a join of this message has found. */
  #rowsOf(join: JoinPlan): string {
    const own = this.#rows.get(join);
    if (own !== undefined) return own;
    const root = this.#current?.value.root;
    if (root?.kind === "join") {
      const index = innerIndex(this.translator, root.join, this.#current!, join);
      if (index >= 0) return `${this.#rows.get(root.join)!}.inner[${index}]!`;
    }
    throw new Error(`no rows for ${join.name}`);
  }

  drops(translator: Translator): boolean {
    return drops(translator);
  }

  /** The table of the types that an Any may hold. */
  anyTypes(types: readonly Translator[]): string {
    const { file } = this;
    file.use("AnyType", true);
    const key = `any ${types.map((type) => file.id(type)).join()}`;
    return file.once(key, "anyTypes", file.lookups, (name, code) => {
      code.block(`const ${name}: readonly AnyType[] = [`, () => {
        for (const type of types) {
          code.line(`{ from: ${quote(type.source!.typeName)}, to: ${quote(type.target.typeName)}, write: ${writeFunction(file, type)} },`);
        }
      }, "];"); // biome-ignore format: short
    });
  }
}

/** A reader in the printed function, and what is looked for with it. */
class Scope {
  readonly scan: Scan;
  /** Declarations that come before the walk. */
  readonly before: string[] = [];
  /** Whether the message is opened again after the walk. */
  keepRange = false;
  /** How many fields are the message itself. */
  wholeUses = 0;
  #range: { start: string; end: string } | undefined;
  #done = false;

  constructor(
    readonly reader: string,
    prefix: string,
    /** The expression that makes the reader; "" where there is one. */
    readonly make: string,
    readonly names: Names,
  ) {
    this.scan = new Scan(prefix);
  }

  get start(): string {
    return this.#ranges().start;
  }

  get end(): string {
    return this.#ranges().end;
  }

  /** Of a found row: whether it is opened again where it is written, and its number, or -1. */
  keepEntry = false;
  get entry(): string {
    this.#entry ??= this.names.unique(this.reader.replace(/Row(\d*)$/, "Entry$1"));
    return this.#entry;
  }
  #entry: string | undefined;

  #ranges(): { start: string; end: string } {
    this.#range ??= {
      start: this.names.unique(`${this.reader}Start`),
      end: this.names.unique(`${this.reader}Stop`),
    };
    return this.#range;
  }

  emit(code: Code): void {
    if (this.#done) return;
    this.#done = true;
    if (this.make !== "") code.line(`const ${this.reader} = ${this.make};`);
    if (this.scan.isEmpty && this.reader !== "r" && this.make === "" && this.wholeUses === 1) return;
    if (this.keepRange) {
      code.line(`const ${this.start} = ${this.reader}.pos;`);
      code.line(`const ${this.end} = ${this.reader}.end;`);
    }
    for (const line of this.before) code.line(line);
    if (this.make !== "" && this.scan.isEmpty) return;
    this.scan.emit(code, this.reader, this.names);
  }
}
