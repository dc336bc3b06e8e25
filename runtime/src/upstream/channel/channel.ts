import { Code } from "../../grpc/code.js";
import { HeaderBlock } from "../../http2/index.js";
import type { Method } from "../upstream.js";
import { type Address, parseTarget, type Target } from "./address.js";
import { backoffMs } from "./backoff.js";
import type { Connection } from "./connection.js";
import { Endpoint, type EndpointOwner } from "./endpoint.js";
import { Resolver, type ResolverEvents } from "./resolver.js";
import type { ChannelSettings } from "./settings.js";
import { type PendingCall, WaitingCalls } from "./waiting-calls.js";

// Addresses of one name that are used; of more, so many are taken by chance.
const MOST_ADDRESSES = 100;
const MOST_BLOCKS = 1_000;

/**
 * The way to one target: finds its addresses, keeps connections to all of them, and gives each call the better of two
 * that are picked by chance. Calls that find none wait.
 *
 * It is idle until the first call, and again when there have been none for long.
 */
export class Channel implements ResolverEvents, EndpointOwner {
  readonly settings: ChannelSettings;

  readonly #name: string;
  readonly #target: Target;
  readonly #blocks = new Map<string, HeaderBlock>();
  readonly #waiting = new WaitingCalls();
  #resolver: Resolver | undefined;
  #resolutionFailures = 0;
  #resolutionRetry: NodeJS.Timeout | undefined;
  #endpoints: Endpoint[] = [];
  // Those of them that are up.
  #up: Endpoint[] = [];
  #failure: Error | undefined;
  #active = false;
  #used = false;
  #usedMs = 0;
  // While nothing can be reached: until when calls wait for it.
  #outage: NodeJS.Timeout | undefined;
  #unreachable = false;
  #closed = false;

  constructor(target: string, settings: ChannelSettings) {
    this.#name = target;
    this.#target = parseTarget(target);
    this.settings = settings;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The header fields that all calls of a method share. */
  headersOf({ path }: Method): HeaderBlock {
    const known = this.#blocks.get(path);
    if (known !== undefined) return known;
    const block = new HeaderBlock({
      ":method": "POST",
      ":scheme": this.settings.security === undefined ? "http" : "https",
      ":path": path,
      ":authority": this.settings.security?.serverName ?? this.#target.authority,
      te: "trailers",
      "content-type": "application/grpc",
      "grpc-accept-encoding": "identity,gzip",
      "user-agent": "portico",
    });
    if (this.#blocks.size < MOST_BLOCKS) this.#blocks.set(path, block);
    return block;
  }

  /** Gives a call a connection, now or when there is one. */
  place(call: PendingCall): void {
    this.#used = true;
    if (this.#waiting.size === 0) {
      const connection = this.#pick();
      if (connection !== undefined) {
        call.send(connection);
        return;
      }
    }
    if (this.#closed) call.fail(Code.UNAVAILABLE, "the upstream was closed");
    else if (this.#unreachable) call.fail(Code.UNAVAILABLE, this.#unreachableText());
    else if (this.#waiting.add(call)) this.#wake();
    else call.fail(Code.UNAVAILABLE, "too many calls are waiting");
  }

  /** A call that waits does not any more. */
  forget(call: PendingCall): void {
    this.#waiting.delete(call);
  }

  /** A call is over: there may be room for one that waits. */
  freed(): void {
    if (this.#waiting.size > 0) this.#serve();
  }

  /** Lets time pass. */
  tick(nowMs: number): void {
    for (const endpoint of this.#endpoints) endpoint.tick(nowMs);
    if (!this.#active) return;
    if (this.#used || this.#waiting.size > 0 || this.#endpoints.some(({ load }) => load > 0)) {
      this.#used = false;
      this.#usedMs = nowMs;
      // Addresses that have come are found without one that goes.
      const age = nowMs - (this.#resolver?.startedMs ?? nowMs);
      if (age > this.settings.maxResolutionAgeMs) this.#resolver?.resolve();
    } else if (nowMs - this.#usedMs > this.settings.idleTimeoutMs) this.#rest();
  }

  /** Ends all calls, and closes all connections. */
  close(): void {
    this.#closed = true;
    const endpoints = this.#endpoints;
    this.#rest();
    for (const endpoint of endpoints) endpoint.abort("the upstream was closed");
    this.#failWaiting("the upstream was closed");
  }

  // ---- ResolverEvents, EndpointOwner ----

  /** @internal */
  onAddresses(addresses: readonly Address[]): void {
    this.#resolutionFailures = 0;
    const known = new Map(this.#endpoints.map((endpoint) => [endpoint.address.key, endpoint]));
    const kept: Endpoint[] = [];
    for (const address of someOf(addresses, known)) {
      kept.push(
        known.get(address.key) ?? new Endpoint(address, this.#target.serverName, this.settings, this),
      );
      known.delete(address.key);
    }
    this.#endpoints = kept;
    this.#up = kept.filter(({ isUp }) => isUp);
    for (const endpoint of known.values()) endpoint.retire();
    for (const endpoint of kept) endpoint.connect();
    this.#judge();
  }

  /** @internal */
  onResolutionFailed(failure: Error): void {
    // The addresses that are known may still be right.
    if (this.#endpoints.length > 0) return;
    this.#failure = failure;
    this.#judge();
    const delayMs = backoffMs(++this.#resolutionFailures, this.settings.backoff);
    clearTimeout(this.#resolutionRetry);
    this.#resolutionRetry = setTimeout(() => this.#resolver?.resolve(), delayMs).unref();
  }

  /** @internal */
  onUp(endpoint: Endpoint): void {
    if (!this.#up.includes(endpoint)) this.#up.push(endpoint);
    this.#judge();
    this.#serve();
  }

  /** @internal */
  onDown(endpoint: Endpoint): void {
    if (!endpoint.isUp) this.#up = this.#up.filter((other) => other !== endpoint);
    if (endpoint.failure !== undefined) this.#failure = endpoint.failure;
    endpoint.connect();
    this.#resolver?.resolve();
    this.#judge();
  }

  /**
   * Of two addresses by chance, the one with fewer calls: nearly as even as to ask all, and without the herd that
   * follows when all gateways find the same one idle.
   */
  #pick(): Connection | undefined {
    const up = this.#up;
    const count = up.length;
    if (count === 1) return up[0]!.pick();
    if (count === 0) return undefined;
    const first = Math.floor(Math.random() * count);
    let second = Math.floor(Math.random() * (count - 1));
    if (second >= first) second++;
    const [a, b] = [up[first]!, up[second]!];
    const found = a.load <= b.load ? (a.pick() ?? b.pick()) : (b.pick() ?? a.pick());
    if (found !== undefined) return found;
    for (const endpoint of up) {
      const connection = endpoint.pick();
      if (connection !== undefined) return connection;
    }
    return undefined;
  }

  #serve(): void {
    for (const call of this.#waiting) {
      const connection = this.#pick();
      if (connection === undefined) {
        this.#grow();
        return;
      }
      this.#waiting.delete(call);
      call.send(connection);
    }
  }

  // Calls wait: something is to be done for them.
  #wake(): void {
    if (this.#active) {
      this.#grow();
      return;
    }
    this.#active = true;
    const { addresses } = this.#target;
    if ("host" in addresses) {
      this.#resolver = new Resolver(addresses, this.settings.minResolutionIntervalMs, this);
      this.#resolver.resolve();
    } else this.onAddresses(addresses);
  }

  // One connection more for each call that waits, at most.
  #grow(): void {
    let wanted = this.#waiting.size;
    for (const { isConnecting } of this.#endpoints) if (isConnecting) wanted--;
    for (const endpoint of this.#up) {
      if (wanted <= 0) return;
      if (endpoint.isConnecting) continue;
      endpoint.grow();
      if (endpoint.isConnecting) wanted--;
    }
  }

  // Whether anything can be reached. Calls wait while that is not known, and for a while when it is known.
  #judge(): void {
    const failing =
      this.#active &&
      this.#up.length === 0 &&
      this.#failure !== undefined &&
      this.#endpoints.every(({ failure }) => failure !== undefined);
    if (!failing) {
      clearTimeout(this.#outage);
      this.#outage = undefined;
      this.#unreachable = false;
      return;
    }
    if (this.#outage !== undefined || this.#unreachable) return;
    const waitMs = this.settings.maxConnectWaitMs;
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#outage = setTimeout(() => {
      this.#outage = undefined;
      this.#unreachable = true;
      this.#failWaiting(this.#unreachableText());
    }, waitMs).unref();
  }

  #unreachableText(): string {
    return `no connection to ${this.#name}: ${this.#failure?.message}`;
  }

  #failWaiting(text: string): void {
    for (const call of this.#waiting.takeAll()) call.fail(Code.UNAVAILABLE, text);
  }

  // Closes all connections that are not in use, until the next call.
  #rest(): void {
    this.#active = false;
    this.#resolver?.close();
    this.#resolver = undefined;
    clearTimeout(this.#resolutionRetry);
    const endpoints = this.#endpoints;
    this.#endpoints = [];
    this.#up = [];
    this.#failure = undefined;
    this.#judge();
    for (const endpoint of endpoints) endpoint.retire();
  }
}

// Those that are known first, so that a long list that comes in another order each time changes nothing.
function someOf(addresses: readonly Address[], known: ReadonlyMap<string, Endpoint>): readonly Address[] {
  if (addresses.length <= MOST_ADDRESSES) return addresses;
  const old = addresses.filter(({ key }) => known.has(key));
  const others = addresses.filter(({ key }) => !known.has(key));
  for (let i = others.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [others[i], others[j]] = [others[j]!, others[i]!];
  }
  return [...old, ...others].slice(0, MOST_ADDRESSES);
}
