import { exportSPKI, generateKeyPair, SignJWT } from "jose";

/** Tokens for the demo, and what the gateway checks them with. A real gateway's tokens come from a login service. */
export interface DemoTokens {
  /** May read. */
  readonly viewer: string;
  /** May also create users. */
  readonly admin: string;
  readonly issuer: string;
  readonly audience: string;
  /** PEM. Its private half is forgotten once the tokens are signed. */
  readonly publicKey: string;
}

const issuer = "https://login.example.com";
const audience = "portico-example";

export async function issueTokens(): Promise<DemoTokens> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const token = (subject: string, roles: string[]) =>
    new SignJWT({ roles })
      .setProtectedHeader({ alg: "ES256" })
      .setSubject(subject)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime("12h")
      .sign(privateKey);
  return {
    viewer: await token("demo-viewer", ["viewer"]),
    admin: await token("demo-admin", ["viewer", "admin"]),
    issuer,
    audience,
    publicKey: await exportSPKI(publicKey),
  };
}
