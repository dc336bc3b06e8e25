import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from "node:crypto";

/** A fixed key that tokens are verified with. Private keys are refused: a gateway only verifies. */
export type JwtKey =
  /** PEM of a public key ("BEGIN PUBLIC KEY") or certificate. */
  | string
  /** A JSON Web Key: a public one, or a symmetric one (`kty` "oct"). */
  | JsonWebKey
  | KeyObject
  /** A symmetric secret, for HS256, HS384 and HS512. */
  | Uint8Array;

/** The signature algorithms that tokens may be made to use; never "none". */
export type JwtAlgorithm = keyof typeof algorithmKeys;

// What each algorithm asks of its key: type, and curve or the fewest bits.
// Source: https://www.rfc-editor.org/rfc/rfc7518#section-3, https://www.rfc-editor.org/rfc/rfc8037
const algorithmKeys = {
  RS256: { type: "rsa", minBits: 2048 },
  RS384: { type: "rsa", minBits: 2048 },
  RS512: { type: "rsa", minBits: 2048 },
  PS256: { type: "rsa", minBits: 2048 },
  PS384: { type: "rsa", minBits: 2048 },
  PS512: { type: "rsa", minBits: 2048 },
  ES256: { type: "ec", curve: "prime256v1" },
  ES384: { type: "ec", curve: "secp384r1" },
  ES512: { type: "ec", curve: "secp521r1" },
  EdDSA: { type: "ed25519" },
  Ed25519: { type: "ed25519" },
  HS256: { type: "secret", minBits: 256 },
  HS384: { type: "secret", minBits: 384 },
  HS512: { type: "secret", minBits: 512 },
} as const satisfies Record<string, { type: string; minBits?: number; curve?: string }>;

/**
 * What is wrong with a list of algorithms, beside the kind of keys that they will be used with.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.1
 */
export function algorithmProblems(algorithms: unknown, keys: "symmetric" | "asymmetric"): string[] {
  if (!Array.isArray(algorithms) || algorithms.length === 0) {
    return [`algorithms: name those that the issuer signs with, such as ["RS256"]`];
  }
  const problems: string[] = [];
  for (const algorithm of algorithms) {
    if (typeof algorithm !== "string" || !Object.hasOwn(algorithmKeys, algorithm)) {
      problems.push(`algorithms: ${JSON.stringify(algorithm)} is not accepted`);
      continue;
    }
    const symmetric = algorithm.startsWith("HS");
    if (symmetric && keys === "asymmetric") {
      problems.push(`algorithms: ${algorithm} needs a symmetric secret, and the keys given are public ones`);
    } else if (!symmetric && keys === "symmetric") {
      problems.push(`algorithms: ${algorithm} needs a public key, and the key given is a symmetric secret`);
    }
  }
  return problems;
}

/** Reads a key; throws an Error that says what is wrong with it, and never shows it. */
export function readJwtKey(key: JwtKey): KeyObject {
  if (typeof key === "string") return readPem(key);
  if (key instanceof Uint8Array) {
    // The classic confusion: a public key, which anyone has, used as the secret of HS256.
    if (Buffer.from(key.buffer, key.byteOffset, key.byteLength).includes("-----BEGIN")) {
      throw new Error("bytes that hold a PEM are no secret; pass the PEM as a string");
    }
    return createSecretKey(key as NodeJS.ArrayBufferView);
  }
  if (isKeyObject(key)) {
    if (key.type === "private") throw new Error("this is a private key; pass the public one");
    return key;
  }
  return readJwk(key);
}

/** Why `key` cannot be used with an algorithm, or undefined if it can. */
export function keyProblem(key: KeyObject, algorithm: JwtAlgorithm): string | undefined {
  const asked: { type: string; minBits?: number; curve?: string } = algorithmKeys[algorithm];
  if (asked.type === "secret") {
    const bits = (key.symmetricKeySize ?? 0) * 8;
    return bits >= asked.minBits!
      ? undefined
      : `${algorithm} needs a secret of at least ${asked.minBits} bits`;
  }
  if (key.asymmetricKeyType !== asked.type) {
    return `${algorithm} needs a key of type ${asked.type}, this one is ${key.asymmetricKeyType}`;
  }
  const details = key.asymmetricKeyDetails;
  if (asked.minBits !== undefined && (details?.modulusLength ?? 0) < asked.minBits) {
    return `${algorithm} needs a key of at least ${asked.minBits} bits`;
  }
  if (asked.curve !== undefined && details?.namedCurve !== asked.curve) {
    return `${algorithm} needs a key on ${asked.curve}, this one is on ${details?.namedCurve}`;
  }
  return undefined;
}

function readPem(pem: string): KeyObject {
  const label = /^\s*-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1];
  if (label === undefined) {
    throw new Error("a string must be a PEM; pass a symmetric secret as a Uint8Array");
  }
  if (label.includes("PRIVATE")) throw new Error("this is a private key; pass the public one");
  return createPublicKey(pem);
}

function readJwk(jwk: JsonWebKey): KeyObject {
  if (jwk.kty === "oct") {
    if (typeof jwk.k !== "string") throw new Error(`the JWK has no "k"`);
    return createSecretKey(jwk.k, "base64url");
  }
  if (jwk.d !== undefined) throw new Error("this is a private key; pass the public one");
  return createPublicKey({ key: jwk, format: "jwk" });
}

function isKeyObject(key: JsonWebKey | KeyObject): key is KeyObject {
  return typeof (key as KeyObject).export === "function";
}
