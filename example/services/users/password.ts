import { randomBytes, type ScryptOptions, scrypt } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify<string, string, number, ScryptOptions, Buffer>(scrypt);

// OWASP's minimum with 16 MiB a hash, which node's default `maxmem` allows.
const cost = { N: 2 ** 14, r: 8, p: 5 };

/** A salted scrypt hash, "scrypt$N$r$p$salt$hash": the parameters stand in it, so that they can be raised later. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16).toString("base64url");
  const hash = await derive(password.normalize("NFKC"), salt, 32, cost);
  return ["scrypt", cost.N, cost.r, cost.p, salt, hash.toString("base64url")].join("$");
}
