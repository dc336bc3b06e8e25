/** What all connections of a gateway may cost it together, and how long one may keep it waiting. Times are in milliseconds. */
export interface ConnectionLimits {
  /** Connections at once; more are closed as they arrive. Default 10,000. */
  readonly maxConnections: number;
  /**
   * Connections at once from one address, of which IPv6 counts by the first 64 bits. Default 1,000. Behind a proxy, all
   * come from the proxy's.
   */
  readonly maxConnectionsPerAddress: number;
  /**
   * Bytes of answers that wait for their clients, over all connections; one connection may have half of it. An answer
   * that finds no room is UNAVAILABLE. Default 64 MiB.
   */
  readonly maxOutboundBytes: number;
  /**
   * Bytes of header tables (HPACK), over all connections, as HPACK counts them. Connections that come when half is used
   * are asked to do without; one that outgrows the whole is ended. Default 16 MiB. Only with `transport: "http2"`.
   */
  readonly maxHeaderTableBytes: number;
  /** How long a new connection may take to agree on TLS and HTTP/2. Default 10,000. */
  readonly handshakeTimeoutMs: number;
  /** How long a client may take nothing of what waits for it, before it is reset. Default 10,000. */
  readonly stallTimeoutMs: number;
  /** How long a connection may be without a request. Default 300,000. */
  readonly idleTimeoutMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  maxOutboundBytes: 64 * 1024 * 1024,
  maxHeaderTableBytes: 16 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  stallTimeoutMs: 10_000,
  idleTimeoutMs: 300_000,
};
