import { fieldName } from "../source/model.js";
import type { JoinPlan, MethodPlan, Translator, UpstreamMethod, Value } from "./types.js";
import { methodOfRead, nameOfRead, type Read, valuesRead } from "./values-read.js";
import { neededJoins, translatorsIn } from "./walk.js";

/** One way on which a value gets from an internal field to a public one, or from a public field to an internal one. */
export interface Flow {
  /** "readable": clients see the internal field; "writable": what they send gets there. */
  readonly kind: "readable" | "writable";
  /** Full names of fields. */
  readonly public: string;
  readonly internal: string;
  /** The internal method that answers with the value, or that it is sent to. */
  readonly through: UpstreamMethod;
}

/** All ways on which a public method lets values in and out. */
export function flowsOf(method: MethodPlan): Flow[] {
  const walk = new FlowWalk();
  for (const call of method.calls) walk.writes(call.request, call.method, true);
  walk.reads(method.translator, method.calls.find((call) => call.unnamed)?.method);
  return walk.flows;
}

class FlowWalk {
  readonly flows: Flow[] = [];
  readonly #seen = new Map<Translator, Set<string>>();

  /** The fields of a message that clients get; `here` answered with the message that it is made from. */
  reads(translator: Translator, here: UpstreamMethod | undefined, around?: UpstreamMethod): void {
    if (!this.#isNew(translator, `${nameOf(here)} ${nameOf(around)}`)) return;
    for (const { target, value, conversion } of translator.fields) {
      for (const read of valuesRead(value)) {
        const through = methodOfRead(read, here, around);
        if (through !== undefined)
          this.#add("readable", fieldName(target.at(-1)!), nameOfRead(read), through);
      }
      for (const inner of translatorsIn(conversion))
        this.reads(inner, methodOfRead(rowOf(value), here, around), here);
    }
    for (const join of neededJoins(translator)) this.#asks(join);
  }

  /** What clients say in the requests of a join. */
  #asks({ key, lookup }: JoinPlan): void {
    key.forEach((value, index) => {
      const target = lookup.ask[index]?.at(-1);
      if (target === undefined) return;
      for (const read of valuesRead(value))
        if (read.root.kind === "request") this.#write(read, fieldName(target), lookup.method);
    });
    if (lookup.set !== undefined) this.writes(lookup.set, lookup.method, false);
  }

  /** The fields of a request to `to`; `isPublic`: the message that it is made from is the client's. */
  writes(translator: Translator, to: UpstreamMethod, isPublic: boolean): void {
    if (!this.#isNew(translator, `${nameOf(to)} ${isPublic}`)) return;
    const isClients = ({ root }: Read) => root.kind === "request" || (root.kind === "source" && isPublic);
    for (const { target, value, conversion } of translator.fields) {
      for (const read of valuesRead(value))
        if (isClients(read)) this.#write(read, fieldName(target.at(-1)!), to);
      for (const inner of translatorsIn(conversion)) this.writes(inner, to, isClients(value));
    }
  }

  #write(read: Read, internal: string, through: UpstreamMethod): void {
    this.#add("writable", nameOfRead(read), internal, through);
  }

  #add(kind: Flow["kind"], name: string, internal: string, through: UpstreamMethod): void {
    // The parts of a timestamp are what every timestamp has: the field that holds it says all. Not so of other shared
    // packages, whose messages get new fields.
    if (!/^google\.(?:protobuf|type|rpc)\./.test(internal))
      this.flows.push({ kind, public: name, internal, through });
  }

  #isNew(translator: Translator, how: string): boolean {
    const known = this.#seen.get(translator) ?? new Set();
    this.#seen.set(translator, known);
    const isNew = !known.has(how);
    known.add(how);
    return isNew;
  }
}

/** What the message that a value gives stands in: of an expression, the first that it reads. */
function rowOf(value: Value): Value {
  return value.root.kind === "expression" ? (value.root.expression.reads[0] ?? value) : value;
}

function nameOf(method: UpstreamMethod | undefined): string {
  return method === undefined ? "" : `${method.service}/${method.name}`;
}
