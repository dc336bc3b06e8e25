import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { ServerTls } from "./front.js";
import type { Logger } from "./logger.js";

/** Paths of PEM files, which are read again when they change. */
export interface ServerTlsFiles {
  readonly keyFile: string;
  readonly certFile: string;
  /** Certificate authorities that clients must be certified by (mutual TLS). Default: none are asked for. */
  readonly caFile?: string;
  /** How often the files are looked at, in milliseconds. Default 10,000. */
  readonly checkIntervalMs?: number;
}

const DEFAULT_CHECK_INTERVAL_MS = 10_000;

/** The settings of TLS that are the same for all certificates, and the certificate. */
export function secureContextOf({ key, cert, ca }: ServerTls): SecureContextOptions {
  return { key, cert, ...(ca === undefined ? {} : { ca }), minVersion: "TLSv1.2" };
}

/** What is wrong with the option, if anything is: incomplete, a file that is not there, a key of another certificate. */
export function tlsProblem(option: ServerTls | ServerTlsFiles): string | undefined {
  const given = option as Partial<ServerTls & ServerTlsFiles>;
  const pem = given.key !== undefined && given.cert !== undefined;
  const files = given.keyFile !== undefined && given.certFile !== undefined;
  if (!pem && !files) return "tls: needs key and cert, or keyFile and certFile";
  const { checkIntervalMs } = given;
  if (checkIntervalMs !== undefined && !(checkIntervalMs > 0 && checkIntervalMs < 2 ** 31)) {
    return `tls.checkIntervalMs: ${checkIntervalMs} is not a time in milliseconds`;
  }
  try {
    createSecureContext(secureContextOf(readTls(option)));
    return undefined;
  } catch (thrown) {
    return `tls: ${(thrown as Error).message}`;
  }
}

/** Key and certificate of the option, from its files where they are in files. */
export function readTls(option: ServerTls | ServerTlsFiles): ServerTls {
  if (!inFiles(option)) return option;
  const { keyFile, certFile, caFile } = option;
  const tls = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  return caFile === undefined ? tls : { ...tls, ca: readFileSync(caFile) };
}

function inFiles(option: ServerTls | ServerTlsFiles): option is ServerTlsFiles {
  return "keyFile" in option;
}

async function readTlsLater({ keyFile, certFile, caFile }: ServerTlsFiles): Promise<ServerTls> {
  const [key, cert, ca] = await Promise.all(
    [keyFile, certFile, caFile].map((file) => (file === undefined ? undefined : readFile(file))),
  );
  return { key: key!, cert: cert!, ...(ca === undefined ? {} : { ca }) };
}

/**
 * The certificate of a gateway, as it is replaced while the gateway runs. Files are compared by content, every few
 * seconds: they may be links that are switched over together, as Kubernetes mounts secrets, which no watch of a file
 * tells. A pair that does not fit, as in the middle of a change, leaves the one in use.
 */
export class TlsReload {
  readonly #option: ServerTls | ServerTlsFiles;
  readonly #use: (tls: ServerTls) => void;
  readonly #logger: Logger;
  #current: ServerTls;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;

  constructor(
    option: ServerTls | ServerTlsFiles,
    current: ServerTls,
    use: (tls: ServerTls) => void,
    logger: Logger,
  ) {
    this.#option = option;
    this.#current = current;
    this.#use = use;
    this.#logger = logger;
  }

  /** Starts to look at the files, if there are any. */
  start(): void {
    if (!inFiles(this.#option)) return;
    const { checkIntervalMs = DEFAULT_CHECK_INTERVAL_MS } = this.#option;
    this.#timer = setInterval(() => void this.#check(), checkIntervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Uses `tls` from now on, or what the files hold. Rejects if they do not fit; then all stays as it is. */
  async reload(tls?: ServerTls): Promise<void> {
    const option = this.#option;
    if (tls === undefined && !inFiles(option))
      throw new Error("tls: is not in files; pass the new key and cert");
    this.#replace(tls ?? (await readTlsLater(option as ServerTlsFiles)));
  }

  #replace(tls: ServerTls): void {
    const current = this.#current;
    if (same(tls.key, current.key) && same(tls.cert, current.cert) && same(tls.ca, current.ca)) return;
    if ((tls.ca === undefined) !== (current.ca === undefined)) {
      throw new Error("tls: ca cannot be added or left out while the gateway runs");
    }
    // What is wrong with it is known before the one in use is given up.
    createSecureContext(secureContextOf(tls));
    this.#use(tls);
    this.#current = tls;
    const { validTo } = new X509Certificate(tls.cert);
    this.#logger({ level: "info", message: "certificate replaced", cause: `it is valid until ${validTo}` });
  }

  #check(): Promise<void> {
    this.#checking ??= this.reload()
      .catch((thrown) => {
        const cause = String((thrown as Error).message ?? thrown);
        this.#logger({ level: "error", message: "certificate not replaced", cause });
      })
      .finally(() => {
        this.#checking = undefined;
      });
    return this.#checking;
  }
}

function same(one: string | Buffer | undefined, other: string | Buffer | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return Buffer.from(one as string).equals(Buffer.from(other as string));
}
