import type { DescService } from "@bufbuild/protobuf";
import { type Path, parsePath, partOf } from "../../expression/path.js";
import { splitAssignment } from "../../expression/split.js";
import { fieldRule, messageRule } from "../../source/annotations.js";
import type { Field, Message } from "../../source/model.js";
import { type Context, list, type Place } from "../context.js";
import { isBounded, scopeBelow } from "../joins/depth.js";
import { planJoins } from "../joins/joins.js";
import type { MethodScope } from "../method-scope.js";
import { suggestion } from "../names.js";
import type { Exposure } from "../public/exposure.js";
import type { Conversion, JoinPlan, Translator, Value } from "../types.js";
import { type Assignment, assignment, followPath } from "../values/assignment.js";
import { mentionsParent } from "../values/mentions.js";
import { namesIn, type Scope } from "../values/scope.js";
import { messageNames, planAny } from "./any-types.js";
import { planConversion } from "./conversion.js";
import type { ConversionScope } from "./conversion-scope.js";
import { RequestFields } from "./request-fields.js";
import { isReadable, reportNowhere, requestPath } from "./request-side.js";
import { planResponseField } from "./response-fields.js";
import type { Candidate, Translators } from "./translators.js";

/** Makes translators, one per pair of types and names in scope, and keeps account of what they use. */
export class TranslatorPlanner implements Translators {
  readonly #made = new Map<string, Translator | undefined>();
  /** Every `from` that was looked at, and whether it fitted anywhere. */
  readonly candidates = new Map<string, Candidate>();
  /** The joins that were left out at the last level of their `max_depth`. */
  readonly cut = new Set<string>();
  /** How many translators there are of a message because of the depths of joins. */
  readonly unrolled = new Map<string, number>();
  /** All translators of messages, in the order in which they were made. */
  readonly all: Array<{ translator: Translator; scope: MethodScope }> = [];

  constructor(
    readonly context: Context,
    readonly exposure: Exposure,
  ) {}

  /**
   * The translator of a public message. `source` is undefined where there is no call without a name, "broken" where
   * that call is wrong: then nothing is said of what should come from it.
   */
  response(
    target: Message,
    source: Message | undefined | "broken",
    scope: MethodScope,
    any: readonly string[] = [],
    /** The source of the message around it. */
    around?: Message,
  ): Translator | undefined {
    const parent = mentionsParent(target) ? around : undefined;
    const key = `response ${target.typeName} ${typeof source === "object" ? source.typeName : source} ${scope.id} ${any.join()} ${parent?.typeName}`;
    if (this.#made.has(key)) return this.#made.get(key);
    const known = typeof source === "object" ? source : undefined;
    const translator: Translator = { direction: "response", target, source: known, fields: [], joins: [] };
    this.#made.set(key, translator);
    this.all.push({ translator, scope });
    const isFine = this.#checkSource(target, known) && isBounded(this, target, known?.typeName, scope);
    if (!isFine) {
      this.#made.set(key, undefined);
      this.excuse(target);
      return undefined;
    }
    if (source === "broken") this.excuse(target);
    const joins = planJoins(this, target, source, scope, parent);
    for (const join of joins.plans.values()) {
      if (join !== "broken") translator.joins.push(join);
    }
    const names: Scope = {
      source,
      request: scope.request,
      calls: scope.calls,
      joins: joins.plans,
      exposes: true,
      incomplete: joins.incomplete || scope.incomplete,
      lets: scope.lets,
      parent,
      target,
    };
    for (const field of target.fields) {
      const before = this.context.findings.length;
      const plan = planResponseField(this, field, names, translator, scope, any);
      // Below a join that is not run here there is nothing wrong.
      const isCut = joins.cut && this.context.findings.length === before;
      if (plan !== undefined) translator.fields.push(plan);
      else if (field.type.kind === "message" && !fieldRule(field.desc!)?.unset && !isCut)
        this.excuse(field.type.message);
    }
    return translator;
  }

  /** How a value becomes a field of a message that `owner` writes; reports where it cannot. */
  convert(
    value: Value,
    target: Field,
    many: boolean,
    owner: Translator,
    scope: MethodScope,
    place: Place,
    any: readonly string[],
  ): Conversion | undefined {
    const inside = owner.direction === "request" ? scope : scopeBelow(this.context, scope, value, target);
    const conversionScope: ConversionScope = {
      direction: owner.direction,
      many,
      translate: (to, from) => {
        return owner.direction === "request"
          ? this.request(to, from, scope, any)
          : this.response(to, from, inside, any, owner.source);
      },
      anyTypes: () => planAny(this, any, owner, target, inside, place),
      maskSubject: () => this.#maskSubject(owner),
    };
    return planConversion(this.context, value, target, conversionScope, place);
  }

  /** Has a join of a response run for a condition of the method. */
  ensure(translator: Translator, join: JoinPlan): void {
    const open = translator as { ensured?: Set<JoinPlan> };
    open.ensured ??= new Set();
    open.ensured.add(join);
  }

  /** Requests of which a message could not be mapped: what a mask beside it would be of is then not said. */
  readonly broken = new Set<Translator>();

  /** AIP-134: the mask of an update is of the one message beside it. */
  #maskSubject(owner: Translator): Translator | undefined | "broken" {
    if (owner.direction !== "request") return undefined;
    const subjects = owner.fields.filter(
      (field) =>
        field.conversion.kind === "message" &&
        !this.context.isShared(field.conversion.translator.source!.file),
    );
    if (subjects.length !== 1) return this.broken.has(owner) ? "broken" : undefined;
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
      const path = requestPath(field, target);
      if (path !== undefined) builder.map(field, path);
      else if (!this.exposure.isInternal(field)) reportNowhere(this.context, field, target);
    }
    builder.sets(source, {
      source,
      request: scope.request,
      calls: scope.calls,
      joins: new Map(),
      exposes: false,
      incomplete: scope.incomplete,
      lets: scope.lets,
    });
    builder.finish({ element: source.desc ?? target.desc! });
    return translator;
  }

  #checkSource(target: Message, source: Message | undefined): boolean {
    const said = target.desc === undefined ? "" : (messageRule(target.desc)?.source ?? "");
    if (said === "" || source === undefined || said === source.typeName) return true;
    const place: Place = { element: target.desc!, path: ["source"] };
    if (this.context.registry.getMessage(said) === undefined) {
      this.context.report(
        "type-unknown",
        place,
        `no message "${said}" in the workspace`,
        suggestion(said, messageNames(this.context), "write its full name"),
      );
      return true;
    }
    this.context.report(
      "type-mismatch",
      place,
      `${target.typeName} says that it is made from ${said}, but here it is made from ${source.typeName}`,
      "remove `source`, or use the message only where its source is at hand",
    );
    return false;
  }

  /** Messages of which not all places were looked at, since something around them is wrong. */
  readonly #excused = new Set<Message>();

  /** Some place of a message, and of all inside it, is not looked at: a `from` may be meant for that place. */
  excuse(message: Message): void {
    if (this.#excused.has(message)) return;
    this.#excused.add(message);
    for (const field of message.fields) if (field.type.kind === "message") this.excuse(field.type.message);
  }

  readonly #serviceSets = new Map<string, ServiceSet>();

  /** A `set` of the service holds for those requests that have its field; undefined for the others. */
  serviceSet(text: string, target: Message, names: Scope, place: Place): Assignment | undefined {
    const account = this.#setOf(text, place);
    const said = splitAssignment(text);
    const path = said === undefined ? undefined : parsePath(said.target);
    if (path !== undefined && followPath(target, path) === undefined) {
      for (const name of namesAlong(target, path)) account.candidates.add(name);
      return undefined;
    }
    account.used = true;
    return assignment(this.context, text, target, names, place);
  }

  /** Some request is not looked at: a `set` of the service may be meant for it. */
  excuseSets(scope: MethodScope): void {
    for (const { text, place } of scope.serviceSets) this.#setOf(text, place).used = true;
  }

  #setOf(text: string, place: Place): ServiceSet {
    const id = `${(place.element as DescService).typeName} ${place.path!.join(".")}`;
    let account = this.#serviceSets.get(id);
    if (account === undefined) {
      account = { place, text, used: false, candidates: new Set() };
      this.#serviceSets.set(id, account);
    }
    return account;
  }

  /** Reports every `from` that fitted nowhere, and every `set` of a service that no request has a field for. */
  finish(): void {
    for (const { place, text, used, candidates } of this.#serviceSets.values()) {
      if (used) continue;
      const target = splitAssignment(text)!.target;
      this.context.report(
        "set-unknown",
        { ...place, part: partOf(target) },
        `no request of the service's calls and joins has a field "${target.value.trim()}"`,
        suggestion(target.value.trim(), candidates, "correct the name, or remove the `set`"),
      );
    }
    for (const { place, text, used, sources, message, trouble } of this.candidates.values()) {
      if (used || this.#excused.has(message)) continue;
      const said = `"${text}" is in none of the message's sources: ${list([...sources])}`;
      if (sources.size === 1 && trouble !== undefined) {
        // Then it is clear which name is not found.
        this.context.findings.push({ ...trouble, id: "from-unused", message: said });
      } else this.context.report("from-unused", place, said, "remove it, or correct its name");
    }
  }
}

/** The paths that may be meant by one that leads nowhere: they part from it where it is wrong. */
function namesAlong(target: Message, path: Path): string[] {
  const known = path.findIndex((_, i) => followPath(target, path.slice(0, i + 1)) === undefined);
  const last = known > 0 ? followPath(target, path.slice(0, known))!.at(-1)! : undefined;
  if (last === undefined) return namesIn(target);
  if (last.type.kind !== "message" || last.cardinality !== "singular") return [];
  const before = path.slice(0, known).map(({ name }) => `${name}.`);
  return namesIn(last.type.message).map((name) => before.join("") + name);
}

/** A `set` of a service, and whether a request has its field. */
interface ServiceSet {
  readonly place: Place;
  readonly text: string;
  used: boolean;
  /** The fields of the requests that do not have it. */
  readonly candidates: Set<string>;
}
