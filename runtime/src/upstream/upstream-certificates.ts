import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import { ConfigurationError } from "../configuration-error.js";
import type { UpstreamTls } from "./upstream-tls.js";

/** What is in use of an UpstreamTls now. */
export interface UpstreamPems {
  readonly rootCerts: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly cert: Buffer | undefined;
}

const DEFAULT_CHECK_INTERVAL_MS = 10_000;
const NAMES = ["rootCerts", "key", "cert"] as const;

/**
 * The certificates towards upstreams. Those in files are compared by content every few seconds, as links may be switched
 * over, which no watch of a file tells; what does not fit, as in the middle of a change, leaves those in use.
 */
export class UpstreamCertificates {
  readonly #tls: UpstreamTls;
  readonly #listeners = new Set<() => void>();
  #pems: UpstreamPems;
  #context: SecureContext;
  #timer: NodeJS.Timeout | undefined;
  #checking = false;
  // The problem that was told last: the same is not told again and again.
  #told: string | undefined;

  /** Throws a ConfigurationError if files are not there, or what is given does not fit. */
  constructor(tls: UpstreamTls) {
    this.#tls = tls;
    try {
      this.#pems = pemsOf((name) => {
        const file = tls[`${name}File`];
        return file === undefined ? tls[name] : readFileSync(file);
      });
      this.#context = contextOf(this.#pems);
    } catch (thrown) {
      throw new ConfigurationError([`upstream tls: ${(thrown as Error).message}`]);
    }
    if (!this.inFiles) return;
    const { checkIntervalMs = DEFAULT_CHECK_INTERVAL_MS } = tls;
    this.#timer = setInterval(() => void this.#check(), checkIntervalMs).unref();
  }

  /** Whether any of them may change. */
  get inFiles(): boolean {
    return NAMES.some((name) => this.#tls[`${name}File`] !== undefined);
  }

  get pems(): UpstreamPems {
    return this.#pems;
  }

  /** For the next connection. */
  get context(): SecureContext {
    return this.#context;
  }

  /** Calls `listener` when there are others. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Looks at the files no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      // All of them, so that of several that cannot be read it is always the same one that is told of.
      const tried = await Promise.allSettled(
        NAMES.map(async (name) => {
          const file = this.#tls[`${name}File`];
          return file === undefined ? this.#tls[name] : readFile(file);
        }),
      );
      const read = tried.map((one) => {
        if (one.status === "rejected") throw one.reason;
        return one.value;
      });
      this.#replace(pemsOf((name) => read[NAMES.indexOf(name)]));
    } catch (thrown) {
      this.#failed(thrown as Error);
    } finally {
      this.#checking = false;
    }
  }

  #replace(pems: UpstreamPems): void {
    if (NAMES.every((name) => same(pems[name], this.#pems[name]))) {
      this.#told = undefined;
      return;
    }
    // Throws if they do not fit.
    this.#context = contextOf(pems);
    this.#pems = pems;
    this.#told = undefined;
    for (const listener of this.#listeners) listener();
    this.#tell(undefined);
  }

  #failed(problem: Error): void {
    if (this.#told === problem.message) return;
    this.#told = problem.message;
    this.#tell(problem);
  }

  #tell(problem: Error | undefined): void {
    try {
      this.#tls.onReload?.(problem);
    } catch {
      // It is not the listener's to decide what is used.
    }
  }
}

function pemsOf(read: (name: (typeof NAMES)[number]) => Buffer | undefined): UpstreamPems {
  return { rootCerts: read("rootCerts"), key: read("key"), cert: read("cert") };
}

function contextOf({ rootCerts, key, cert }: UpstreamPems): SecureContext {
  return createSecureContext({
    ...(rootCerts === undefined ? {} : { ca: rootCerts }),
    ...(key === undefined || cert === undefined ? {} : { key, cert }),
    minVersion: "TLSv1.2",
  });
}

function same(one: Buffer | undefined, other: Buffer | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.equals(other);
}
