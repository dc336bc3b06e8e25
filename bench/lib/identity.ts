import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Identity } from "./control.js";

/** A new key with a certificate for "localhost" that signs itself; undefined where openssl is not installed. */
export function makeIdentity(tempDir: string): Identity | undefined {
  const [keyFile, certFile] = [join(tempDir, "key.pem"), join(tempDir, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const args = ["req", "-x509", ...curve, ...subject, "-keyout", keyFile, "-out", certFile];
  if (spawnSync("openssl", args).status !== 0) return undefined;
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") };
}
