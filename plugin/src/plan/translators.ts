import type { DescService } from "@bufbuild/protobuf";
import { parsePath } from "../expression/path.js";
import { splitAssignment } from "../expression/split.js";
import { messageRule } from "../source/annotations.js";
import type { Field, Message } from "../source/model.js";
import { messageNames, planAny } from "./any-types.js";
import { assignment, followPath } from "./assignment.js";
import { type Context, list, type Place } from "./context.js";
import { type ConversionScope, planConversion } from "./conversion.js";
import { planJoins } from "./joins.js";
import { suggestion } from "./names.js";
import { RequestFields } from "./request-fields.js";
import { isReadable, requestPath } from "./request-side.js";
import { planResponseField } from "./response-fields.js";
import type { CallPlan, Conversion, Translator, Value } from "./types.js";
import type { Named, Scope } from "./values.js";

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
  readonly candidates = new Map<
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
      const plan = planResponseField(this, field, names, translator, scope, any);
      if (plan !== undefined) translator.fields.push(plan);
    }
    return translator;
  }

  convert(
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
      anyTypes: () => planAny(this, any, owner, target, scope, place),
      maskSubject: () => this.#maskSubject(owner, target),
    };
    return planConversion(this.context, value, target, conversionScope, place);
  }

  /** The types of which upstream services are made: set once all services are known. */
  isInternal: (message: Message) => boolean = () => false;

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
      if (!isReadable(field, scope)) continue;
      const path = requestPath(this.context, field, target, true);
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
    return this.convert(value, target, false, owner, scope, place, any);
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
    for (const { place, text, used, sources } of this.candidates.values()) {
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
