import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import type { GatewayConfig } from "./control.js";

/** Tokens of one run of the bench; the key is made for the run and kept nowhere. */
export interface Tokens {
  /** What gateways need to check them. */
  readonly config: GatewayConfig["jwt"];
  /** A caller who may do everything that is measured. */
  readonly admin: string;
  /** A caller without the role that CreateUser asks for. */
  readonly viewer: string;
  /** Signed with another key. */
  readonly forged: string;
}

const ISSUER = "https://issuer.example";
const AUDIENCE = "portico-bench";

/** Makes a P-256 key and the tokens of a run, valid for an hour. */
export async function makeTokens(): Promise<Tokens> {
  const own = await generateKeyPair("ES256", { extractable: true });
  const foreign = await generateKeyPair("ES256");
  const sign = (key: CryptoKey, roles: string[]) =>
    new SignJWT({ roles, scope: "shop" })
      .setProtectedHeader({ alg: "ES256", typ: "JWT" })
      .setSubject("bench-user-1")
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(key);
  return {
    config: { issuer: ISSUER, audience: AUDIENCE, key: { ...(await exportJWK(own.publicKey)) } },
    admin: await sign(own.privateKey, ["admin", "viewer"]),
    viewer: await sign(own.privateKey, ["viewer"]),
    forged: await sign(foreign.privateKey, ["admin", "viewer"]),
  };
}
