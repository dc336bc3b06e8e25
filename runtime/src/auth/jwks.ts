import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from "jose";

/** How an issuer's keys are fetched and kept. All durations in milliseconds. */
export interface JwksOptions {
  /** The shortest time between fetches that unknown key ids cause. */
  readonly cooldownMs: number;
  /** For how long fetched keys are used without asking again: how soon a key that was withdrawn is refused. */
  readonly maxAgeMs: number;
  /** For how long after a fetch the keys are still used while the issuer cannot be reached. */
  readonly maxStaleMs: number;
  readonly timeoutMs: number;
}

/** The issuer's keys could not be fetched, and none are held that may still be used. */
export class KeysUnavailableError extends Error {
  override readonly name = "KeysUnavailableError";
}

const RETRY_AFTER_FAILURE_MS = 1_000;
const MAX_JWKS_LENGTH = 1024 * 1024;

/**
 * The keys behind a JWKS URL. Key ids choose among the keys of that set only; `jku`, `x5u` and `jwk` of a token are
 * never looked at. Throws KeysUnavailableError where a fetch was needed and failed: callers fail closed.
 */
export function jwksKeys(url: URL, options: JwksOptions): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(url, {
    // When to fetch again is decided here: jose would refuse keys that are old while they cannot be renewed, and
    // would fetch for every token while the issuer is down.
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    timeoutDuration: options.timeoutMs,
    [customFetch]: boundedFetch,
  });
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  let failure: unknown;

  // While the issuer is down, requests must not each wait for a fetch to fail.
  async function renew(): Promise<boolean> {
    if (Date.now() < failedAtMs + RETRY_AFTER_FAILURE_MS) return false;
    try {
      await remote.reload();
      fetchedAtMs = Date.now();
      return true;
    } catch (thrown) {
      failedAtMs = Date.now();
      failure = thrown;
      return false;
    }
  }

  return async (header, token) => {
    if (Date.now() >= fetchedAtMs + options.maxAgeMs && !(await renew())) {
      const usable = remote.jwks() !== undefined && Date.now() < fetchedAtMs + options.maxStaleMs;
      if (!usable) throw new KeysUnavailableError("the issuer's keys cannot be fetched", { cause: failure });
    }
    try {
      return await remote(header, token);
    } catch (thrown) {
      if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw thrown;
      // An unknown key id may be that of a key just added, but anyone can make one up: one fetch a cooldown.
      if (Date.now() < fetchedAtMs + options.cooldownMs) throw thrown;
      if (!(await renew())) throw new KeysUnavailableError("the key cannot be looked up", { cause: failure });
      return await remote(header, token);
    }
  };
}

// jose would read an answer of any size.
const boundedFetch: FetchImplementation = async (url, init) => {
  const response = await fetch(url, init);
  if (response.status !== 200 || response.body === null) return response;
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_JWKS_LENGTH) {
      throw new Error(`the key set is longer than ${MAX_JWKS_LENGTH} characters`);
    }
  }
  return new Response(text, { status: 200 });
};
