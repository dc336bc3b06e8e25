import type { KeyObject } from "node:crypto";
import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from "jose";
import { Code, PorticoError } from "../call/error.js";
import { ConfigurationError } from "../configuration-error.js";
import type { Authenticator, Headers } from "./authenticator.js";
import { jwksKeys, KeysUnavailableError } from "./jwks.js";
import { algorithmProblems, type JwtAlgorithm, type JwtKey, keyProblem, readJwtKey } from "./jwt-key.js";
import type { Principal } from "./principal.js";
import { TokenCache } from "./token-cache.js";

export interface JwtAuthenticatorOptions {
  /** What `iss` must be, exactly. */
  readonly issuer: string;
  /** What `aud` must be or contain; of several, any one. */
  readonly audience: string | readonly string[];
  /** The signature algorithms that this issuer uses; all others are refused. */
  readonly algorithms: readonly JwtAlgorithm[];
  /** The one key that tokens are verified with; or else `jwksUrl`. */
  readonly key?: JwtKey;
  /** Where the issuer publishes its keys: https, or http on the loopback interface. */
  readonly jwksUrl?: string | URL;
  /** How far the clocks of issuer and gateway may differ, in seconds. Default 60. */
  readonly clockToleranceSeconds?: number;
  /** The header `typ` that tokens must have ("at+jwt" for access tokens of RFC 9068). Default: any. */
  readonly type?: string;
  /** The claim with the roles: an array, or a string with spaces between. "a.b" is also b within a. Default "roles". */
  readonly rolesClaim?: string;
  /** The claim with the scopes, like `rolesClaim`. Default "scope". */
  readonly scopesClaim?: string;
  /** The shortest time between fetches of the JWKS that unknown key ids cause, in milliseconds. Default 30,000. */
  readonly jwksCooldownMs?: number;
  /** For how long fetched keys are used without asking again, in milliseconds. Default 600,000. */
  readonly jwksMaxAgeMs?: number;
  /** For how long known keys are used while the issuer cannot be reached, in milliseconds. Default 86,400,000. */
  readonly jwksMaxStaleMs?: number;
  /** How many verified tokens are remembered; 0: none. Default 10,000. */
  readonly cacheEntries?: number;
  /** For how long one is, in milliseconds, and so how late a withdrawn key is noticed. Default 60,000. */
  readonly cacheMaxAgeMs?: number;
}

// Longer tokens are verified each time: with the entries they bound the cache's memory.
const MAX_CACHED_LENGTH = 4096;
// A compact JWS: the two dots, and base64url between them.
const bearer = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i;

/**
 * Accepts a JSON Web Token as bearer token in `authorization`, by the rules of RFC 8725: algorithms pinned, issuer,
 * audience, subject and expiry required, keys only from this configuration. No `authorization` at all is no
 * credentials; anything else that does not verify is UNAUTHENTICATED, and UNAVAILABLE where the issuer's keys cannot
 * be fetched.
 *
 * Throws a ConfigurationError that lists what is wrong with the options.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8725
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function jwtAuthenticator(options: JwtAuthenticatorOptions): Authenticator {
  return new JwtAuthenticator(options, verificationKey(options));
}

type VerificationKey = KeyObject | JWTVerifyGetKey;

class JwtAuthenticator implements Authenticator {
  readonly #key: VerificationKey;
  readonly #verifyOptions: JWTVerifyOptions;
  readonly #cache: TokenCache;
  readonly #cacheMaxAgeMs: number;
  readonly #toleranceMs: number;
  readonly #rolesClaim: string;
  readonly #scopesClaim: string;
  // Requests that bring the same new token together wait for one verification.
  readonly #underWay = new Map<string, Promise<Principal>>();

  constructor(options: JwtAuthenticatorOptions, key: VerificationKey) {
    const toleranceSeconds = options.clockToleranceSeconds ?? 60;
    this.#key = key;
    this.#verifyOptions = {
      issuer: options.issuer,
      audience: options.audience as string | string[],
      algorithms: [...options.algorithms],
      clockTolerance: toleranceSeconds,
      requiredClaims: ["exp", "iss", "aud", "sub"],
      ...(options.type === undefined ? {} : { typ: options.type }),
    };
    this.#cache = new TokenCache(options.cacheEntries ?? 10_000, MAX_CACHED_LENGTH);
    this.#cacheMaxAgeMs = options.cacheMaxAgeMs ?? 60_000;
    this.#toleranceMs = toleranceSeconds * 1000;
    this.#rolesClaim = options.rolesClaim ?? "roles";
    this.#scopesClaim = options.scopesClaim ?? "scope";
  }

  // The hot path: for a token seen before, one lookup by the whole header, without parsing it and without a promise.
  authenticate(headers: Headers): Principal | undefined | Promise<Principal> {
    const credentials = headers.authorization;
    if (credentials === undefined) return undefined;
    const known = this.#cache.get(credentials, Date.now());
    if (known !== undefined) return known;
    const underWay = this.#underWay.get(credentials);
    if (underWay !== undefined) return underWay;
    const token = bearer.exec(credentials)?.[1];
    if (token === undefined) throw invalid(undefined);
    const verification = this.#verify(token, credentials).finally(() => this.#underWay.delete(credentials));
    this.#underWay.set(credentials, verification);
    return verification;
  }

  async #verify(token: string, credentials: string): Promise<Principal> {
    let payload: JWTPayload;
    try {
      payload = await this.#verifiedPayload(token);
    } catch (thrown) {
      if (thrown instanceof KeysUnavailableError) {
        throw new PorticoError(Code.UNAVAILABLE, "unavailable", { cause: thrown });
      }
      throw invalid(thrown);
    }
    if (typeof payload.sub !== "string" || payload.sub === "") throw invalid("the token has no subject");
    const expiresAtMs = payload.exp! * 1000 + this.#toleranceMs;
    const principal: Principal = {
      subject: payload.sub,
      roles: words(claim(payload, this.#rolesClaim)),
      scopes: words(claim(payload, this.#scopesClaim)),
      claims: payload,
      expiresAtMs,
    };
    this.#cache.set(credentials, principal, Math.min(expiresAtMs, Date.now() + this.#cacheMaxAgeMs));
    return principal;
  }

  async #verifiedPayload(token: string): Promise<JWTPayload> {
    const key = this.#key;
    if (typeof key !== "function") return (await jwtVerify(token, key, this.#verifyOptions)).payload;
    try {
      return (await jwtVerify(token, key, this.#verifyOptions)).payload;
    } catch (thrown) {
      // A token without a key id, while the issuer changes keys: any one of the keys that fit may have made it.
      if (!(thrown instanceof errors.JWKSMultipleMatchingKeys)) throw thrown;
      for await (const candidate of thrown) {
        try {
          return (await jwtVerify(token, candidate, this.#verifyOptions)).payload;
        } catch (failure) {
          if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
        }
      }
      throw thrown;
    }
  }
}

function invalid(cause: unknown): PorticoError {
  return new PorticoError(Code.UNAUTHENTICATED, "invalid credentials", { cause });
}

function claim(payload: JWTPayload, name: string): unknown {
  // A claim whose own name has dots in it, as namespaced ones have, comes first.
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

// Whatever is neither grants nothing.
function words(value: unknown): readonly string[] {
  if (typeof value === "string") return value.split(" ").filter((word) => word !== "");
  if (!Array.isArray(value)) return [];
  return value.filter((word): word is string => typeof word === "string");
}

function verificationKey(options: JwtAuthenticatorOptions): VerificationKey {
  const problems: string[] = [];
  const { key, jwksUrl } = options;
  if (typeof options.issuer !== "string" || options.issuer === "") {
    problems.push("issuer: say what `iss` must be");
  }
  const audience = typeof options.audience === "string" ? [options.audience] : options.audience;
  if (!Array.isArray(audience) || audience.length === 0 || audience.some((one) => one === "")) {
    problems.push("audience: say what `aud` must be");
  }
  if ((key === undefined) === (jwksUrl === undefined)) problems.push("give either key or jwksUrl");
  for (const name of [
    "clockToleranceSeconds",
    "jwksCooldownMs",
    "jwksMaxAgeMs",
    "jwksMaxStaleMs",
    "cacheEntries",
    "cacheMaxAgeMs",
  ] as const) {
    const value: unknown = options[name];
    if (value !== undefined && !(typeof value === "number" && value >= 0)) {
      problems.push(`${name}: must be a number, 0 or greater`);
    }
  }
  const found = key !== undefined ? fixedKey(key, options.algorithms, problems) : undefined;
  const url = jwksUrl !== undefined ? jwksLocation(jwksUrl, problems) : undefined;
  if (url !== undefined) problems.push(...algorithmProblems(options.algorithms, "asymmetric"));
  if (problems.length > 0)
    throw new ConfigurationError(problems.map((problem) => `jwtAuthenticator: ${problem}`));
  if (found !== undefined) return found;
  return jwksKeys(url!, {
    cooldownMs: options.jwksCooldownMs ?? 30_000,
    maxAgeMs: options.jwksMaxAgeMs ?? 600_000,
    maxStaleMs: options.jwksMaxStaleMs ?? 86_400_000,
    timeoutMs: 5_000,
  });
}

function fixedKey(
  key: JwtKey,
  algorithms: readonly JwtAlgorithm[],
  problems: string[],
): KeyObject | undefined {
  let found: KeyObject;
  try {
    found = readJwtKey(key);
  } catch (thrown) {
    problems.push(`key: ${(thrown as Error).message}`);
    return undefined;
  }
  const mixed = algorithmProblems(algorithms, found.type === "secret" ? "symmetric" : "asymmetric");
  problems.push(...mixed);
  if (mixed.length > 0) return undefined;
  for (const algorithm of algorithms) {
    const problem = keyProblem(found, algorithm);
    if (problem !== undefined) problems.push(`key: ${problem}`);
  }
  return found;
}

function jwksLocation(location: string | URL, problems: string[]): URL | undefined {
  let url: URL;
  try {
    url = new URL(String(location));
  } catch {
    problems.push(`jwksUrl: "${location}" is not a URL`);
    return undefined;
  }
  const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && loopback)) return url;
  problems.push(`jwksUrl: "${location}" must be https, or anyone on the way could replace the keys`);
  return undefined;
}
