/** How the connections to the internal services are secured. PEM, as read from a file. */
export interface UpstreamTls {
  /** The authorities that upstream certificates must come from; default: those that Node.js trusts. */
  readonly rootCerts?: Buffer;
  /** The gateway's own key and certificate, for mutual TLS: both or none. */
  readonly key?: Buffer;
  readonly cert?: Buffer;
  /** The name that upstream certificates are checked against, instead of the target's host. */
  readonly serverName?: string;
}

/** What is wrong with them; nothing, if the list is empty. */
export function upstreamTlsProblems(tls: UpstreamTls | undefined): string[] {
  if ((tls?.key === undefined) === (tls?.cert === undefined)) return [];
  return ["upstream tls: key and cert belong together; give both or none"];
}
