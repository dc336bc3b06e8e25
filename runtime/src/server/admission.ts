import type { Socket } from "node:net";
import type { ConnectionLimits } from "./connection-limits.js";

const IPV4_IN_IPV6 = "::ffff:";
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** Counts connections, in all and by address. */
export class Admission {
  readonly #limits: Pick<ConnectionLimits, "maxConnections" | "maxConnectionsPerAddress">;
  readonly #byNetwork = new Map<string, number>();
  #count = 0;

  constructor(limits: Pick<ConnectionLimits, "maxConnections" | "maxConnectionsPerAddress">) {
    this.#limits = limits;
  }

  /** Admits a connection, and counts it until it is closed; or says why not. */
  admit(socket: Socket): string | undefined {
    const address = socket.remoteAddress;
    // The client has gone before it was looked at.
    if (address === undefined) return "the connection is gone";
    if (this.#count >= this.#limits.maxConnections) return "too many connections";
    const network = networkOf(address);
    const known = this.#byNetwork.get(network) ?? 0;
    if (known >= this.#limits.maxConnectionsPerAddress) return `too many connections from ${network}`;
    this.#count++;
    this.#byNetwork.set(network, known + 1);
    socket.once("close", () => this.#leave(network));
    return undefined;
  }

  #leave(network: string): void {
    this.#count--;
    const left = this.#byNetwork.get(network)! - 1;
    if (left === 0) this.#byNetwork.delete(network);
    else this.#byNetwork.set(network, left);
  }
}

/** What counts as one address: of IPv6 the first 64 bits, since whoever has one address has all behind them. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  if (address.startsWith(IPV4_IN_IPV6) && address.includes(".")) return address.slice(IPV4_IN_IPV6.length);
  const [head, tail] = address.split("::") as [string, string | undefined];
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const last = tail === "" ? [] : tail.split(":");
    while (groups.length + last.length < GROUPS) groups.push("0");
    groups.push(...last);
  }
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}
