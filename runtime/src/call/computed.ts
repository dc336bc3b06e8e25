import type { Caller } from "../auth/policy.js";
import { AbsentError, CelError } from "../cel/error.js";
import { CelMap } from "../cel/map.js";
import type { Value } from "../cel/value.js";
import { View, type ViewType } from "../cel/view.js";
import { type Written, writeValue } from "../cel/write.js";
import { Reader } from "../wire/reader.js";
import type { Key, Scalar } from "../wire/scalar.js";
import { keyAt } from "../wire/scalar.js";
import { Writer } from "../wire/writer.js";
import type { Call } from "./call.js";
import { Code, codeText, denialOf, PorticoError } from "./error.js";
import type { Rows } from "./join.js";
import { type ErrorContext, failureBy, type OnError, ruleOf } from "./on-error.js";

/**
 * The value of an expression in a response; undefined where something that it reads is not there. Any other failure is the
 * gateway's own: INTERNAL.
 */
export function computed<T>(evaluate: () => T): T | undefined {
  try {
    return evaluate();
  } catch (thrown) {
    if (thrown instanceof AbsentError) return undefined;
    throw thrown;
  }
}

/**
 * The value of an expression in a request; undefined where something that it reads is not there, but for what only the caller
 * has: without that the call is denied. Any other failure is the client's: INVALID_ARGUMENT.
 */
export function asked<T>(call: Call, evaluate: () => T): T | undefined {
  try {
    return evaluate();
  } catch (thrown) {
    if (thrown instanceof NoClaimError) throw denialOf(call.principal, thrown);
    if (thrown instanceof AbsentError) return undefined;
    if (!(thrown instanceof CelError)) throw thrown;
    throw new PorticoError(Code.INVALID_ARGUMENT, "invalid argument", { cause: thrown });
  }
}

/** A condition in a response: not where something that it reads is not there. */
export function holds(evaluate: () => boolean): boolean {
  return computed(evaluate) ?? false;
}

/** A condition on a request. */
export function holdsFor(call: Call, evaluate: () => boolean): boolean {
  try {
    return asked(call, evaluate) ?? false;
  } catch (thrown) {
    // Nobody asks for what only callers with a claim ask for.
    if (thrown instanceof PorticoError && thrown.cause instanceof NoClaimError) return false;
    throw thrown;
  }
}

/** A condition of who may: whatever goes wrong denies. */
export function permits(evaluate: () => boolean): boolean {
  try {
    return evaluate() === true;
  } catch (thrown) {
    if (thrown instanceof CelError) return false;
    throw thrown;
  }
}

/**
 * A condition on what was loaded. Where it does not hold, or what it reads is not there, the call is denied: by default with the
 * very NOT_FOUND that the upstream's own would be.
 */
export function ensure(
  evaluate: () => boolean,
  code: keyof typeof Code = "NOT_FOUND",
  message?: string,
): void {
  if (permits(evaluate)) return;
  throw new PorticoError(Code[code], message ?? codeText(Code[code]));
}

/**
 * As `ensure`, where a call says by `onError` how its errors are told: the denial is what its own NOT_FOUND would be, since a
 * client could tell from any other that there is something.
 */
export function ensureFound(
  call: ErrorContext,
  { onError }: { readonly onError?: OnError },
  evaluate: () => boolean,
): void {
  if (permits(evaluate)) return;
  const plain = new PorticoError(Code.NOT_FOUND, codeText(Code.NOT_FOUND));
  const rule = onError === undefined ? undefined : ruleOf(Code.NOT_FOUND, onError, call);
  throw rule?.outcome === "fail" ? failureBy(rule, plain, call) : plain;
}

/** A condition of who may call that reads the request: a caller for whom it does not hold is denied. */
export function permit(call: Call, evaluate: () => boolean): void {
  if (permits(evaluate)) return;
  throw denialOf(call.principal);
}

/** The caller, or a claim of the caller, is not there. */
class NoClaimError extends AbsentError {}

/** Who an expression sees as `auth`, and what the gateway was given for it. */
export type Surroundings = Caller;

/** `auth.subject` */
export function subjectOf({ principal }: Surroundings): string {
  return principal === undefined || principal.subject === "" ? noClaim("subject") : principal.subject;
}

/** `auth.roles` */
export function rolesOf({ principal }: Surroundings): readonly string[] {
  return principal?.roles ?? noClaim("roles");
}

/** `auth.scopes` */
export function scopesOf({ principal }: Surroundings): readonly string[] {
  return principal?.scopes ?? noClaim("scopes");
}

/** `auth.claims` */
export function claimsOf({ principal }: Surroundings): CelMap<string, Value> {
  const said = principal?.claims;
  if (!said) return noClaims;
  // Expressions ask for each row, and the claims stay what they are.
  let claims = claimsMade.get(said);
  if (claims === undefined) {
    claims = jsonObject(said);
    claimsMade.set(said, claims);
  }
  return claims;
}

const claimsMade = new WeakMap<object, CelMap<string, Value>>();

/** `metadata` */
export function metadataOf({ metadata }: Surroundings): CelMap<string, string> {
  return new Headers(metadata, "last");
}

/** What a client leaves out is absent, and no fault. */
class Headers extends CelMap<string, string> {
  override missing(key: Value): never {
    throw new AbsentError(`there is no header ${String(key)}`);
  }
}

/** `config` */
export function configOf({ config }: Surroundings): CelMap<string, Value> {
  return new CelMap(Object.entries(config));
}

/** A claim that is not there denies. */
class Claims extends CelMap<string, Value> {
  override find(key: Value): Value | undefined {
    const found = super.find(key);
    return found === undefined || found === null || found === "" ? noClaim(String(key)) : found;
  }
}

const noClaims = new Claims([]);

function jsonObject(value: object): CelMap<string, Value> {
  return new Claims(Object.entries(value).map(([key, each]) => [key, jsonValue(each)] as const));
}

function noClaim(name: string): never {
  throw new NoClaimError(`the caller has no ${name}`);
}

function jsonValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value === "object" && value !== null) return jsonObject(value);
  return value === undefined ? null : (value as Value);
}

/** A found row of a join as an expression sees it; null where none was found. */
export function rowView(rows: Rows, entry: number, type: ViewType): View | null {
  if (entry < 0) return null;
  const reader = rows.open(entry);
  return new View(type, reader, reader.pos, reader.end, () => rows.open(entry));
}

/** All found rows of a row. */
export function rowViews(rows: Rows, row: number, type: ViewType): readonly View[] {
  return rows.entries(row).map((entry) => rowView(rows, entry, type)!);
}

/** As `rowViews`; null where a call for them failed, which `on_error` lets pass: nobody knows which there are. */
export function knownRowViews(rows: Rows, row: number, type: ViewType): readonly View[] | null {
  return rows.isUnknown(row) ? null : rowViews(rows, row, type);
}

/** What was written since `start`: the finished public fields of a message. */
export function written(w: Writer, start: number, type: ViewType): View {
  const bytes = w.since(start);
  return new View(type, new Reader(bytes, "the response"), 0, bytes.length);
}

/**
 * What some fields of a message will be, for a walk that looks for keys and decides by them: they are written aside. The
 * `rows` that this reads are back where they were.
 */
export function aside(type: ViewType, write: (w: Writer) => void, rows: readonly Rows[] = []): View {
  const w = new Writer(MAX_ASIDE_BYTES);
  const marks = rows.map((one) => one.mark());
  write(w);
  rows.forEach((one, i) => {
    one.backTo(marks[i]!);
  });
  const bytes = w.finish();
  return new View(type, new Reader(bytes, "the response"), 0, bytes.length);
}

// As a response, of which it is a part.
const MAX_ASIDE_BYTES = 16 * 1024 * 1024;

/**
 * A computed value as a key; undefined for null and for an empty text, which ask for nothing: a request without its key
 * would ask for everything.
 */
export function keyOf(value: Value | undefined, as: Scalar & Written): Key | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (value instanceof Uint8Array && value.length === 0) return undefined;
  const w = new Writer(MAX_KEY_BYTES);
  writeValue(w, 0, as, value);
  const bytes = w.finish();
  return keyAt(new Reader(bytes, "a key"), 0, as);
}

const MAX_KEY_BYTES = 1024 * 1024;

/** A list of computed values as keys. */
export function keysOf(values: readonly Value[] | null | undefined, as: Scalar & Written): Key[] {
  const keys: Key[] = [];
  for (const value of values ?? []) {
    const key = keyOf(value, as);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}
