import { status } from "@grpc/grpc-js";
import { importJWK, type JWTPayload, jwtVerify } from "jose";
import type { GatewayConfig } from "../../lib/control.js";
import { PublicError } from "./errors.js";

/** Who calls, as the token says. */
export interface Principal {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly expiresAtMs: number;
}

/** Checks an `authorization` header; throws UNAUTHENTICATED. */
export type TokenVerifier = (authorization: string | undefined) => Promise<Principal>;

const MAX_CACHED_TOKENS = 10_000;
const SCHEME = "Bearer ";

/** A verifier that remembers tokens it has verified, until they expire: a signature costs about 100 us to check. */
export function createTokenVerifier({ issuer, audience, key }: GatewayConfig["jwt"]): TokenVerifier {
  const imported = importJWK(key, "ES256");
  const options = { issuer, audience, algorithms: ["ES256"], requiredClaims: ["exp"] };
  const verified = new Map<string, Principal>();

  return async (authorization) => {
    if (authorization === undefined || !authorization.startsWith(SCHEME)) {
      throw new PublicError(status.UNAUTHENTICATED, "credentials required");
    }
    const known = verified.get(authorization);
    if (known !== undefined) {
      if (known.expiresAtMs > Date.now()) return known;
      verified.delete(authorization);
    }
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(authorization.slice(SCHEME.length), await imported, options));
    } catch (cause) {
      throw new PublicError(status.UNAUTHENTICATED, "invalid credentials", { cause });
    }
    const principal = {
      subject: payload.sub ?? "",
      roles: Array.isArray(payload.roles) ? payload.roles : [],
      expiresAtMs: payload.exp! * 1000,
    };
    // The oldest goes first: a Map keeps the order of insertion.
    if (verified.size >= MAX_CACHED_TOKENS) verified.delete(verified.keys().next().value!);
    verified.set(authorization, principal);
    return principal;
  };
}
