import type { Address } from "./address.js";
import { backoffMs } from "./backoff.js";
import { Connection, type ConnectionOwner } from "./connection.js";
import type { ChannelSettings } from "./settings.js";

/** Told what becomes of an address. */
export interface EndpointOwner {
  /** It takes calls, or takes more of them. */
  onUp(endpoint: Endpoint): void;
  /** It has lost a connection, or could not make one. */
  onDown(endpoint: Endpoint): void;
}

// Connections beyond the first are closed when they were not needed for so long.
const SURPLUS_IDLE_MS = 60_000;

/** One address of an upstream, and the connections to it: one, and more where one does not take enough calls. */
export class Endpoint implements ConnectionOwner {
  readonly address: Address;
  /** Why no connection could be made, since the last one that was. */
  failure: Error | undefined;

  readonly #serverName: string;
  readonly #settings: ChannelSettings;
  readonly #owner: EndpointOwner;
  readonly #connections = new Set<Connection>();
  // Those that take calls, or did when they were last asked; the first that does is used.
  readonly #ready: Connection[] = [];
  #connecting: Connection | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #retired = false;

  constructor(address: Address, serverName: string, settings: ChannelSettings, owner: EndpointOwner) {
    this.address = address;
    this.#serverName = serverName;
    this.#settings = settings;
    this.#owner = owner;
  }

  /** Whether there is a connection that takes calls, or will when some are over. */
  get isUp(): boolean {
    return this.#ready.length > 0;
  }

  /** Calls under way. */
  get load(): number {
    const ready = this.#ready;
    if (ready.length === 1) return ready[0]!.openStreams;
    let load = 0;
    for (const connection of ready) load += connection.openStreams;
    return load;
  }

  /** Whether a connection is being made. */
  get isConnecting(): boolean {
    return this.#connecting !== undefined;
  }

  /** A connection that takes a call now. */
  pick(): Connection | undefined {
    // Not the least used one: calls that share a connection share writes, and those not needed fall idle.
    for (const connection of this.#ready) if (connection.canRequest) return connection;
    return undefined;
  }

  /** Makes a connection if there is none, as soon as that may be tried again. */
  connect(): void {
    if (this.#ready.length === 0) this.#attempt();
  }

  /** Makes one connection more, if that is allowed. */
  grow(): void {
    if (this.#ready.length < this.#settings.maxConnectionsPerAddress) this.#attempt();
  }

  /** Lets time pass. */
  tick(nowMs: number): void {
    for (const connection of this.#connections) connection.tick(nowMs);
    for (const connection of this.#ready.slice(1)) {
      if (connection.idleMs(nowMs) > SURPLUS_IDLE_MS) connection.finish();
    }
  }

  /** Takes no more calls; connections close when those on them are over. */
  retire(): void {
    this.#stop();
    for (const connection of this.#connections) connection.finish();
  }

  /** Ends all calls, and closes all connections. */
  abort(reason: string): void {
    this.#stop();
    for (const connection of this.#connections) connection.abort(reason);
  }

  // ---- ConnectionOwner ----

  /** @internal */
  onReady(connection: Connection): void {
    if (connection === this.#connecting) {
      this.#connecting = undefined;
      this.#ready.push(connection);
      this.failure = undefined;
      if (this.#retired) connection.finish();
    }
    if (!this.#retired) this.#owner.onUp(this);
  }

  /** @internal */
  onLeaving(connection: Connection): void {
    this.#remove(connection);
  }

  /** @internal */
  onClosed(connection: Connection): void {
    this.#connections.delete(connection);
    if (connection !== this.#connecting) {
      this.#remove(connection);
      return;
    }
    this.#connecting = undefined;
    this.#failed(connection.failure);
  }

  // A connection that has ended before it was of any use is a failure too: it must not be made anew at once.
  #remove(connection: Connection): void {
    const at = this.#ready.indexOf(connection);
    if (at < 0) return;
    this.#ready.splice(at, 1);
    this.#failures = connection.wasUseful ? 0 : this.#failures + 1;
    this.#lost();
  }

  #failed(failure: Error | undefined): void {
    this.failure = failure ?? new Error(`${this.address.key}: no connection`);
    this.#failures++;
    this.#lost();
  }

  #lost(): void {
    if (this.#retired) return;
    const delayMs = backoffMs(this.#failures, this.#settings.backoff);
    if (delayMs > 0 && this.#retry === undefined) {
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.connect();
      }, delayMs).unref();
    }
    this.#owner.onDown(this);
  }

  #attempt(): void {
    if (this.#retired || this.#connecting !== undefined || this.#retry !== undefined) return;
    try {
      const connection = new Connection(this.address, this.#serverName, this.#settings, this);
      this.#connecting = connection;
      this.#connections.add(connection);
    } catch (thrown) {
      // Of an address that no socket can have.
      this.#failed(thrown as Error);
    }
  }

  #stop(): void {
    this.#retired = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }
}
