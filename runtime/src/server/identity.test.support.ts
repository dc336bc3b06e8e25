import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A key and a certificate, as PEM. */
export interface Identity {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** A new key with a certificate that it signs itself. */
export function makeIdentity(name: string): Identity {
  const directory = mkdtempSync(join(tmpdir(), "portico-tls-"));
  const [key, cert] = [join(directory, "key"), join(directory, "crt")];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-days", "2", "-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", ...curve, ...subject, ...files], { stdio: "ignore" });
  const made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(directory, { recursive: true });
  return made;
}
