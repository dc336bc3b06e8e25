import { promises as dns } from "node:dns";
import { isIP } from "node:net";
import { type Address, addressOf, type HostName } from "./address.js";

/** Told what a name stands for. */
export interface ResolverEvents {
  /** At least one; none twice. */
  onAddresses(addresses: readonly Address[]): void;
  onResolutionFailed(failure: Error): void;
}

const TIMEOUT_MS = 10_000;

/** Looks a name up, one look-up at a time, and not too often. */
export class Resolver {
  readonly #name: HostName;
  readonly #minIntervalMs: number;
  readonly #events: ResolverEvents;
  #startedMs = Number.NEGATIVE_INFINITY;
  #underWay = false;
  #wanted: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(name: HostName, minIntervalMs: number, events: ResolverEvents) {
    this.#name = name;
    this.#minIntervalMs = minIntervalMs;
    this.#events = events;
  }

  /** When the last look-up began. */
  get startedMs(): number {
    return this.#startedMs;
  }

  /** Looks up as soon as it may; the answer comes as an event. */
  resolve(): void {
    if (this.#closed || this.#underWay || this.#wanted !== undefined) return;
    const waitMs = this.#startedMs + this.#minIntervalMs - performance.now();
    if (waitMs <= 0) void this.#start();
    else {
      this.#wanted = setTimeout(() => {
        this.#wanted = undefined;
        void this.#start();
      }, waitMs).unref();
    }
  }

  /** No event comes any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#wanted);
  }

  async #start(): Promise<void> {
    this.#startedMs = performance.now();
    this.#underWay = true;
    let late = false;
    // A look-up in the system's library cannot be ended. A second one is not begun beside it: there are four threads
    // for all of them.
    const timer = setTimeout(() => {
      late = true;
      if (!this.#closed) this.#events.onResolutionFailed(new Error(`${this.#name.host}: no answer in time`));
    }, TIMEOUT_MS);
    try {
      const addresses = await lookUp(this.#name);
      this.#underWay = false;
      if (!this.#closed) this.#events.onAddresses(addresses);
    } catch (thrown) {
      this.#underWay = false;
      if (!late && !this.#closed) this.#events.onResolutionFailed(thrown as Error);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function lookUp({ host, port, nameServer }: HostName): Promise<readonly Address[]> {
  const found = nameServer === undefined || isIP(host) ? await bySystem(host) : await asked(host, nameServer);
  if (found.length === 0) throw new Error(`${host} has no address`);
  return [...new Set(found)].map((address) => addressOf({ host: address, port }));
}

async function bySystem(host: string): Promise<string[]> {
  if (isIP(host)) return [host];
  const found = await dns.lookup(host, { all: true });
  return found.map(({ address }) => address);
}

async function asked(host: string, nameServer: string): Promise<string[]> {
  const resolver = new dns.Resolver({ timeout: TIMEOUT_MS / 4, tries: 2 });
  resolver.setServers([nameServer]);
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  if (v4.status === "rejected" && v6.status === "rejected") throw v4.reason;
  return [v4, v6].flatMap((result) => (result.status === "fulfilled" ? result.value : []));
}
