import type { DescField, DescService } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type Path, parsePath, partOf, pathText } from "../expression/path.js";
import { splitAssignment } from "../expression/split.js";
import { type FieldRule, fieldRule, messageRule } from "../source/annotations.js";
import { type Field, type Message, messageOf } from "../source/model.js";
import { type Context, list, type Place } from "./context.js";
import { type ConversionScope, planConversion } from "./conversion.js";
import { planJoins, planKeyJoin } from "./joins.js";
import { suggestion } from "./names.js";
import type { CallPlan, Conversion, FieldPlan, Translator, Value } from "./types.js";
import { type Named, resolvePath, resolveValue, type Scope } from "./values.js";

/** What the translators of one public method share. */
export interface MethodScope {
  /** Says, for translators that are made once and used by many, which names were in scope. */
  readonly id: string;
  readonly request: Message;
  readonly calls: Named<CallPlan>;
  /** `set` of the public service: into every call and join whose request has the field. */
  readonly serviceSets: ReadonlyArray<{ readonly text: string; readonly place: Place }>;
}

/** Makes translators, one per pair of types and names in scope, and keeps account of what they use. */
export class Translators {
  readonly #made = new Map<string, Translator | undefined>();
  /** Every `from` that was looked at, and whether it fitted anywhere. */
  readonly #candidates = new Map<
    string,
    { place: Place; text: string; used: boolean; sources: Set<string> }
  >();
  /** Public request fields that something reads, as "method path". */
  readonly all: Array<{ translator: Translator; scope: MethodScope }> = [];

  constructor(readonly context: Context) {}

  /**
   * The translator of a public message. `source` is undefined where there is no call without a name, "broken" where
   * that call is wrong: then nothing is said of what should come from it.
   */
  response(
    target: Message,
    source: Message | undefined | "broken",
    scope: MethodScope,
    any: readonly string[] = [],
  ): Translator | undefined {
    const key = `response ${target.typeName} ${typeof source === "object" ? source.typeName : source} ${scope.id} ${any.join()}`;
    if (this.#made.has(key)) return this.#made.get(key);
    const known = typeof source === "object" ? source : undefined;
    const translator: Translator = { direction: "response", target, source: known, fields: [], joins: [] };
    this.#made.set(key, translator);
    this.all.push({ translator, scope });
    this.#checkSource(target, known);
    const joins = planJoins(this, target, source, scope);
    translator.joins.push(...[...joins.values()].filter((join) => join !== "broken"));
    const names: Scope = {
      source,
      sourceName: "source",
      request: scope.request,
      calls: scope.calls,
      joins,
      exposes: true,
    };
    for (const field of target.fields) {
      const plan = this.#responseField(field, names, translator, scope, any);
      if (plan !== undefined) translator.fields.push(plan);
    }
    return translator;
  }

  #responseField(
    field: Field,
    names: Scope,
    translator: Translator,
    scope: MethodScope,
    any: readonly string[],
  ): FieldPlan | undefined {
    const desc = field.desc!;
    const rule = fieldRule(desc);
    const at: Place = { element: desc };
    if (rule !== undefined && !this.#checkFieldRule(rule, desc)) return undefined;
    if (rule?.unset) return undefined;
    let value: Value | undefined;
    let place = at;
    if (rule !== undefined && rule.key !== "") {
      const join = planKeyJoin(this, field, rule, names, scope);
      if (join === undefined) return undefined;
      translator.joins.push(join);
      value = join.result;
      place = { element: desc, path: ["key"] };
    } else if (rule !== undefined && rule.from.length > 0) {
      const found = this.#firstOf(field, rule, names);
      if (found === undefined) return undefined;
      value = found.value;
      place = found.place;
    } else {
      value = this.#byName(field, names);
    }
    if (value === undefined) return undefined;
    const many = this.#useOf(value, field, place);
    if (many === undefined) return undefined;
    const conversion = this.#convert(
      value,
      field,
      many,
      translator,
      scope,
      place,
      rule?.any.length ? rule.any : any,
    );
    if (conversion === undefined) return undefined;
    return { target: [field], value, conversion };
  }

  /** The field of the field's own name. */
  #byName(field: Field, names: Scope): Value | undefined {
    const { context } = this;
    const place: Place = { element: field.desc! };
    const { source } = names;
    const made = names.joins.has(field.name) || names.calls.has(field.name);
    if (!made) {
      if (source === "broken") return undefined;
      if (source === undefined || !source.byName.has(field.name)) {
        const candidates = [
          ...names.joins.keys(),
          ...names.calls.keys(),
          ...(source?.fields.map((f) => f.name) ?? []),
        ];
        const where =
          source === undefined
            ? "there is no call without a name"
            : `${source.typeName} has no field of that name`;
        context.report(
          "field-source",
          place,
          `the public field "${field.name}" has no source: ${where}`,
          suggestion(
            field.name,
            candidates,
            "say where it comes from with `from` or `key`, or that it stays empty with `unset: true`",
          ),
        );
        return undefined;
      }
    }
    const path: Path = [{ name: field.name, start: 0, end: 0 }];
    // The finding, if any, is about the field and not about a part of a string.
    return resolvePathAtField(context, path, names, field);
  }

  /** Of several `from`, the first that the source at hand has. */
  #firstOf(field: Field, rule: FieldRule, names: Scope): { value: Value; place: Place } | undefined {
    const { context } = this;
    const element = field.desc!;
    if (rule.from.length === 1) {
      const place: Place = { element, path: ["from", 0] };
      const value = resolveValue(context, { value: rule.from[0]!, offset: 0 }, names, place);
      return value === undefined ? undefined : { value, place };
    }
    let found: { value: Value; place: Place } | undefined;
    rule.from.forEach((text, index) => {
      const place: Place = { element, path: ["from", index] };
      const id = `${element.parent.typeName}.${element.name} ${index}`;
      let candidate = this.#candidates.get(id);
      if (candidate === undefined) {
        candidate = { place, text, used: false, sources: new Set() };
        this.#candidates.set(id, candidate);
      }
      if (names.source === "broken") candidate.used = true;
      else if (names.source !== undefined) candidate.sources.add(names.source.typeName);
      const path = parsePath({ value: text, offset: 0 });
      if (path === undefined) {
        // Says that it is not a path.
        resolveValue(context, { value: text, offset: 0 }, names, place);
        candidate.used = true;
        return;
      }
      const before = context.findings.length;
      const value = resolvePath(context, path, names, place);
      // Not found here is fine as long as it is found somewhere; any other trouble is not.
      const trouble = context.findings.splice(before);
      const real = trouble.filter(
        (finding) => finding.id !== "name-unknown" && finding.id !== "path-unknown",
      );
      context.findings.push(...real);
      if (value !== undefined || real.length > 0 || trouble.length === 0) candidate.used = true;
      if (value !== undefined) found ??= { value, place };
    });
    if (found === undefined && names.source !== "broken") {
      const where =
        names.source === undefined
          ? "there is no call without a name"
          : `${names.source.typeName} has none of them`;
      context.report(
        "field-source",
        { element },
        `no \`from\` of "${field.name}" fits: ${where}`,
        "add a `from` that fits here, or mark the field `unset` where it has no source",
      );
      for (const [id, candidate] of this.#candidates) {
        if (id.startsWith(`${element.parent.typeName}.${element.name} `)) candidate.used = true;
      }
    }
    return found;
  }

  /** Whether a value is used as a list of found rows; undefined, and reported, where uses differ. */
  #useOf(value: Value, field: Field, place: Place): boolean | undefined {
    if (value.root.kind !== "join") return false;
    const { join } = value.root;
    const whole = value.path === join.result.path;
    const isList = value.path.at(-1)?.cardinality === "repeated";
    const many = join.keyList || (whole && field.cardinality === "repeated" && !isList);
    const use = many ? "many" : "one";
    if (many && field.cardinality !== "repeated") {
      this.context.report(
        "join-use",
        place,
        `"${join.name}" gives many rows: its key is a list, and "${field.name}" holds one`,
        "make the field repeated, or the key a single value",
      );
      return undefined;
    }
    if (join.use !== undefined && join.use !== use) {
      this.context.report(
        "join-use",
        place,
        `"${join.name}" is used as ${use === "many" ? "a list here and as one row" : "one row here and as a list"} elsewhere`,
        "write a second join for the other use: the two share their calls",
      );
      return undefined;
    }
    join.use = use;
    return many;
  }

  #convert(
    value: Value,
    target: Field,
    many: boolean,
    owner: Translator,
    scope: MethodScope,
    place: Place,
    any: readonly string[],
  ): Conversion | undefined {
    const conversionScope: ConversionScope = {
      direction: owner.direction,
      many,
      translate: (to, from) => {
        if (owner.direction === "request") return this.request(to, from, scope, any);
        if (this.isInternal(to) && !this.context.isShared(to)) {
          this.context.report(
            "message-internal",
            { element: target.desc ?? owner.target.desc! },
            `"${target.name}" has the internal type ${to.typeName}`,
            "declare a public message of its own with the fields that clients may see",
          );
          return undefined;
        }
        return this.response(to, from, scope, any);
      },
      anyTypes: () => this.#anyTypes(any, owner, target, scope, place),
      maskSubject: () => this.#maskSubject(owner, target),
    };
    return planConversion(this.context, value, target, conversionScope, place);
  }

  /** The types of which upstream services are made: set once all services are known. */
  isInternal: (message: Message) => boolean = () => false;

  #anyTypes(
    any: readonly string[],
    owner: Translator,
    target: Field,
    scope: MethodScope,
    place: Place,
  ): readonly Translator[] | undefined {
    const { context } = this;
    if (any.length === 0) {
      context.report(
        "any-type",
        place,
        `"${target.name}" can hold a message of any type`,
        'list the public messages that it may hold: `any: "package.Message"`',
      );
      return undefined;
    }
    const types: Translator[] = [];
    any.forEach((name, index) => {
      const said: Place =
        target.desc === undefined || fieldRule(target.desc)?.any[index] !== name
          ? place
          : { element: target.desc, path: ["any", index] };
      const desc = context.registry.getMessage(name);
      if (desc === undefined) {
        context.report(
          "type-unknown",
          said,
          `no message "${name}" in the workspace`,
          suggestion(name, messageNames(context), "write its full name"),
        );
        return;
      }
      const message = messageOf(desc);
      const sourceName = messageRule(desc)?.source ?? "";
      const source =
        sourceName === ""
          ? context.isShared(message)
            ? desc
            : undefined
          : context.registry.getMessage(sourceName);
      if (source === undefined) {
        context.report(
          "any-type",
          said,
          `it is not said which internal message ${name} is made from`,
          'say it in the message: `option (portico.v1.message).source = "package.Message"`',
        );
        return;
      }
      const made =
        owner.direction === "response"
          ? this.response(message, messageOf(source), scope, any)
          : this.request(messageOf(source), message, scope, any);
      if (made !== undefined) types.push(made);
    });
    return types.length === any.length ? types : undefined;
  }

  /** AIP-134: the mask of an update is of the one message beside it. */
  #maskSubject(owner: Translator, target: Field): Translator | undefined {
    void target;
    if (owner.direction !== "request") return undefined;
    const subjects = owner.fields.filter(
      (field) =>
        field.conversion.kind === "message" && !this.context.isShared(field.conversion.translator.source!),
    );
    if (subjects.length !== 1) return undefined;
    const { conversion } = subjects[0]!;
    return conversion.kind === "message" ? conversion.translator : undefined;
  }

  /**
   * The translator of a message inside a request: every public field must find its place, by `to`, by an inverted
   * `from`, or by its name.
   */
  request(
    target: Message,
    source: Message,
    scope: MethodScope,
    any: readonly string[] = [],
  ): Translator | undefined {
    const key = `request ${target.typeName} ${source.typeName} ${scope.id} ${any.join()}`;
    if (this.#made.has(key)) return this.#made.get(key);
    const translator: Translator = { direction: "request", target, source, fields: [], joins: [] };
    this.#made.set(key, translator);
    this.all.push({ translator, scope });
    const builder = new RequestFields(this, translator, scope, any);
    for (const field of source.fields) {
      if (!this.isReadable(field, scope)) continue;
      const path = this.requestPath(field, target, true);
      if (path !== undefined) builder.map(field, path, { element: field.desc ?? target.desc! });
    }
    builder.sets(source, {
      source,
      sourceName: source.typeName,
      request: scope.request,
      calls: scope.calls,
      joins: new Map(),
      exposes: false,
    });
    builder.finish({ element: source.desc ?? target.desc! });
    return translator;
  }

  convertRequest(
    value: Value,
    target: Field,
    owner: Translator,
    scope: MethodScope,
    place: Place,
    any: readonly string[],
  ): Conversion | undefined {
    return this.#convert(value, target, false, owner, scope, place, any);
  }

  /** Whether a public field is one that requests set: not when it is fed by something else. */
  isReadable(field: Field, scope: MethodScope): boolean {
    const { desc } = field;
    if (desc === undefined) return true;
    const rule = fieldRule(desc);
    if (isOutputOnly(desc)) return false;
    const joins = messageRule(desc.parent)?.join.map((join) => join.name) ?? [];
    const made = (name: string) =>
      joins.includes(name) || scope.calls.has(name) || name === "auth" || name === "request";
    if (rule === undefined) return !made(field.name);
    if (rule.unset || rule.outputOnly || rule.key !== "" || rule.resolver !== "") return false;
    if (rule.to !== "") return true;
    if (rule.from.length === 0) return !made(field.name);
    const path = parsePath({ value: rule.from[0]!, offset: 0 });
    return path !== undefined && !made(path[0]!.name);
  }

  /** Whether an annotation says where a public field goes in requests. */
  isSaid(field: Field): boolean {
    const rule = field.desc === undefined ? undefined : fieldRule(field.desc);
    return rule !== undefined && (rule.to !== "" || rule.from.length > 0);
  }

  /** Where a public field goes in a request: undefined where it has no place there (reported if it `must`). */
  requestPath(field: Field, target: Message, must: boolean): { fields: Field[]; place: Place } | undefined {
    const desc = field.desc;
    const rule = desc === undefined ? undefined : fieldRule(desc);
    const said =
      rule === undefined
        ? undefined
        : rule.to !== ""
          ? (["to"] as const)
          : rule.from.length > 0
            ? (["from", 0] as const)
            : undefined;
    const element = desc ?? target.desc!;
    const texts = rule === undefined ? [] : rule.to !== "" ? [rule.to] : rule.from;
    const paths =
      texts.length > 0
        ? texts.map((value) => parsePath({ value, offset: 0 }))
        : [[{ name: field.name, start: 0, end: 0 }]];
    const place: Place = said === undefined ? { element } : { element, path: [...said] };
    for (const path of paths) {
      if (path === undefined) continue;
      const names = path[0]!.name === "source" && path.length > 1 ? path.slice(1) : path;
      const fields = followPath(target, names);
      if (fields !== undefined) return { fields, place };
    }
    if (must) {
      const wanted = paths[0] === undefined ? field.name : pathText(paths[0]);
      this.context.report(
        said === undefined ? "request-unused" : "path-unknown",
        place,
        `${target.typeName} has no field "${wanted}", so "${field.name}" goes nowhere in a request`,
        suggestion(
          wanted,
          target.fields.map((f) => f.name),
          "say where it goes with `to`, or that requests do not set it with `output_only: true`",
        ),
      );
    }
    return undefined;
  }

  #checkFieldRule(rule: FieldRule, desc: DescField): boolean {
    const { context } = this;
    const later: Array<[keyof FieldRule & string, boolean]> = [
      ["when", rule.when !== ""],
      ["allow", rule.allow !== undefined],
      ["resolver", rule.resolver !== ""],
      ["reads", rule.reads.length > 0],
      ["skip", rule.skip.length > 0],
    ];
    let fine = true;
    for (const [name, used] of later) {
      if (!used) continue;
      fine = false;
      context.report(
        "not-supported-yet",
        { element: desc, path: [name] },
        `the field option \`${name}\` is not supported yet`,
        "remove it",
      );
    }
    const conflicts: Array<[string, boolean]> = [
      ["unset", rule.unset && (rule.from.length > 0 || rule.key !== "")],
      ["key", rule.key !== "" && rule.from.length > 0],
      ["load", rule.load !== "" && rule.key === ""],
    ];
    for (const [name, wrong] of conflicts) {
      if (!wrong) continue;
      fine = false;
      const fix =
        name === "load"
          ? "add the `key` to load by, or remove `load`"
          : "keep one of `from`, `key` and `unset`";
      context.report(
        "field-conflict",
        { element: desc, path: [name] },
        `\`${name}\` does not go with the field's other options`,
        fix,
      );
    }
    if (rule.internal) {
      fine = false;
      context.report(
        "field-conflict",
        { element: desc, path: ["internal"] },
        "a public field is marked internal",
        "remove the field, or the mark",
      );
    }
    return fine;
  }

  #checkSource(target: Message, source: Message | undefined): void {
    const said = target.desc === undefined ? "" : (messageRule(target.desc)?.source ?? "");
    if (said === "" || source === undefined || said === source.typeName) return;
    const place: Place = { element: target.desc!, path: ["source"] };
    if (this.context.registry.getMessage(said) === undefined) {
      this.context.report(
        "type-unknown",
        place,
        `no message "${said}" in the workspace`,
        suggestion(said, messageNames(this.context), "write its full name"),
      );
      return;
    }
    this.context.report(
      "type-mismatch",
      place,
      `${target.typeName} says that it is made from ${said}, but here it is made from ${source.typeName}`,
      "remove `source`, or use the message only where its source is at hand",
    );
  }

  readonly #serviceSets = new Map<string, { place: Place; text: string; used: boolean }>();

  /** A `set` of the service holds for those requests that have its field; undefined for the others. */
  serviceSet(
    text: string,
    target: Message,
    names: Scope,
    place: Place,
  ): { target: Field[]; value: Value } | undefined {
    const id = `${text} ${JSON.stringify(place.path)} ${(place.element as DescService).typeName}`;
    let account = this.#serviceSets.get(id);
    if (account === undefined) {
      account = { place, text, used: false };
      this.#serviceSets.set(id, account);
    }
    const said = splitAssignment(text);
    const path = said === undefined ? undefined : parsePath(said.target);
    if (path !== undefined && followPath(target, path) === undefined) return undefined;
    account.used = true;
    return assignment(this.context, text, target, names, place);
  }

  /** Reports every `from` that fitted nowhere, and every `set` of a service that no request has a field for. */
  finish(): void {
    for (const { place, text, used } of this.#serviceSets.values()) {
      if (used) continue;
      this.context.report(
        "set-unknown",
        place,
        `no request of the service's calls and joins has the field of "${text}"`,
        "correct the name before `=`, or remove it",
      );
    }
    for (const { place, text, used, sources } of this.#candidates.values()) {
      if (used) continue;
      this.context.report(
        "from-unused",
        place,
        `"${text}" is in none of the message's sources: ${list([...sources])}`,
        "remove it, or correct its name",
      );
    }
  }
}

/** Collects the fields of a request, and sees that no field gets two values. */
export class RequestFields {
  readonly #taken = new Map<string, "set" | "mapped">();
  readonly #later: Array<() => void> = [];

  constructor(
    readonly translators: Translators,
    readonly translator: Translator,
    readonly scope: MethodScope,
    readonly any: readonly string[] = [],
  ) {}

  /** Maps a public field to a path of the target. */
  map(field: Field, to: { fields: Field[]; place: Place }, at: Place): void {
    const value: Value = { root: { kind: "source", message: field.parent }, path: [field] };
    this.#add(to.fields, value, to.place ?? at, "mapped", field);
  }

  /** Adds what an assignment says. */
  assign(target: Field[], value: Value, place: Place): void {
    this.#add(target, value, place, "set", undefined);
  }

  /** The `set` of a public message that is read. */
  sets(source: Message, names: Scope): void {
    const rule = source.desc === undefined ? undefined : messageRule(source.desc);
    rule?.set.forEach((text, index) => {
      const place: Place = { element: source.desc!, path: ["set", index] };
      const said = assignment(this.translators.context, text, this.translator.target, names, place);
      if (said !== undefined) this.assign(said.target, said.value, place);
    });
  }

  isSet(path: readonly Field[]): boolean {
    return this.#taken.get(key(path)) === "set";
  }

  #add(target: Field[], value: Value, place: Place, kind: "set" | "mapped", from: Field | undefined): void {
    const { context } = this.translators;
    const before = this.#taken.get(key(target));
    if (before !== undefined) {
      const name = target.map((f) => f.name).join(".");
      context.report(
        "set-conflict",
        place,
        `"${name}" of ${this.translator.target.typeName} gets two values: it is ${before === "set" ? "set" : "mapped from a public field"} already`,
        "keep one of them",
      );
      return;
    }
    this.#taken.set(key(target), kind);
    const rule = from?.desc === undefined ? undefined : fieldRule(from.desc);
    const finish = () => {
      const any = rule?.any.length ? rule.any : this.any;
      const conversion = this.translators.convertRequest(
        value,
        target.at(-1)!,
        this.translator,
        this.scope,
        place,
        any,
      );
      if (conversion !== undefined) this.translator.fields.push({ target, value, conversion });
    };
    // A mask is of the message beside it, which has to be there first.
    const last = target.at(-1)!;
    if (last.type.kind === "message" && last.type.message.typeName === "google.protobuf.FieldMask")
      this.#later.push(finish);
    else finish();
  }

  /** Ends the message: required fields must be there. */
  finish(place: Place): void {
    for (const later of this.#later) later();
    const { target } = this.translator;
    for (const field of target.fields) {
      if (
        field.presence !== "required" ||
        [...this.#taken.keys()].some(
          (path) => path === String(field.number) || path.startsWith(`${field.number}.`),
        )
      )
        continue;
      this.translators.context.report(
        "request-required",
        place,
        `${target.typeName} requires "${field.name}", and nothing gives it`,
        "add a public field of that name, or a `set`",
      );
    }
    const order = (plan: FieldPlan) => plan.target.map((f) => f.number);
    this.translator.fields.sort((a, b) => compare(order(a), order(b)));
  }
}

function compare(a: number[], b: number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function key(path: readonly Field[]): string {
  return path.map((field) => field.number).join(".");
}

/** Reads "request.path = value". `target` undefined in the result of `quiet` means that this request has no such field. */
export function assignment(
  context: Context,
  text: string,
  target: Message,
  names: Scope,
  place: Place,
): { target: Field[]; value: Value } | undefined {
  const said = splitAssignment(text);
  if (said === undefined) {
    context.report(
      "syntax",
      place,
      `"${text}" is not of the form "request.path = value"`,
      'write it as "tenant_id = auth.claims.tenant"',
    );
    return undefined;
  }
  const path = parsePath(said.target);
  if (path === undefined) {
    context.report(
      "syntax",
      { ...place, part: partOf(said.target) },
      `"${said.target.value.trim()}" is not a path`,
      "write the path of a field of the request",
    );
    return undefined;
  }
  const fields = followPath(target, path, (segment, message) => {
    context.report(
      "path-unknown",
      { ...place, part: segment },
      `${message.typeName} has no field "${segment.name}"`,
      suggestion(
        segment.name,
        message.fields.map((f) => f.name),
        `its fields: ${list(message.fields.map((f) => f.name))}`,
      ),
    );
  });
  if (fields === undefined) return undefined;
  const value = resolveValue(context, said.value, names, place);
  return value === undefined ? undefined : { target: fields, value };
}

/** Follows a path through singular messages; calls `unknown` where a name is not found. */
export function followPath(
  message: Message,
  path: Path,
  unknown?: (segment: Path[number], message: Message) => void,
): Field[] | undefined {
  const fields: Field[] = [];
  let at: Message | undefined = message;
  for (const segment of path) {
    const field: Field | undefined = at?.byName.get(segment.name);
    if (field === undefined) {
      unknown?.(segment, at ?? message);
      return undefined;
    }
    fields.push(field);
    at = field.cardinality === "singular" && field.type.kind === "message" ? field.type.message : undefined;
  }
  return fields;
}

function resolvePathAtField(context: Context, path: Path, names: Scope, field: Field): Value | undefined {
  const before = context.findings.length;
  const value = resolvePath(context, path, names, { element: field.desc! });
  // Places inside a string make no sense here: the name of the field is the place.
  for (const finding of context.findings.splice(before)) {
    context.report(finding.id, { element: field.desc! }, finding.message, finding.fix);
  }
  return value;
}

const FIELD_BEHAVIOR = 1052;
const OUTPUT_ONLY = 3;

/** google.api.field_behavior = OUTPUT_ONLY, read without its descriptor: it need not be in the workspace. */
function isOutputOnly(desc: DescField): boolean {
  for (const unknown of desc.proto.options?.$unknown ?? []) {
    if (unknown.no !== FIELD_BEHAVIOR) continue;
    // Packed values come after their length; all values take one byte.
    const values = unknown.wireType === WireType.LengthDelimited ? unknown.data.slice(1) : unknown.data;
    if (values.includes(OUTPUT_ONLY)) return true;
  }
  return false;
}

function messageNames(context: Context): string[] {
  const names: string[] = [];
  for (const type of context.registry) if (type.kind === "message") names.push(type.typeName);
  return names;
}
