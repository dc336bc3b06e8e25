/**
 * How the connections to the internal services are secured: PEM as read from a file, or the file's path. Files are read
 * again when they change, for the connections to come.
 */
export interface UpstreamTls {
  /** The authorities that upstream certificates must come from; default: those that Node.js trusts. */
  readonly rootCerts?: Buffer;
  readonly rootCertsFile?: string;
  /** The gateway's own key and certificate, for mutual TLS: both or none. */
  readonly key?: Buffer;
  readonly cert?: Buffer;
  readonly keyFile?: string;
  readonly certFile?: string;
  /** The name that upstream certificates are checked against, instead of the target's host. */
  readonly serverName?: string;
  /** How often files are looked at, in milliseconds. Default 10,000. */
  readonly checkIntervalMs?: number;
  /** Told when files have changed: with the error if they do not fit, and those in use before are kept. */
  readonly onReload?: (problem: Error | undefined) => void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** What is wrong with them; nothing, if the list is empty. */
export function upstreamTlsProblems(tls: UpstreamTls | undefined): string[] {
  if (tls === undefined) return [];
  const problems: string[] = [];
  for (const name of ["rootCerts", "key", "cert"] as const) {
    if (tls[name] !== undefined && tls[`${name}File`] !== undefined) {
      problems.push(`upstream tls: give ${name} or ${name}File, not both`);
    }
  }
  const key = tls.key ?? tls.keyFile;
  const cert = tls.cert ?? tls.certFile;
  if ((key === undefined) !== (cert === undefined)) {
    problems.push("upstream tls: key and cert belong together; give both or none");
  }
  const { checkIntervalMs } = tls;
  if (checkIntervalMs !== undefined && !(checkIntervalMs > 0 && checkIntervalMs <= MAX_TIMER_MS)) {
    problems.push(`upstream tls: checkIntervalMs: ${checkIntervalMs} is not a time in milliseconds`);
  }
  return problems;
}
