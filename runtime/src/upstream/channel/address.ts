/** Where a socket can be opened. */
export interface Address {
  /** Equal for equal addresses; for logs as well. */
  readonly key: string;
  readonly connect: { readonly host: string; readonly port: number } | { readonly path: string };
}

/** A name that has to be looked up. */
export interface HostName {
  readonly host: string;
  readonly port: number;
  /** The name server to ask, "8.8.8.8" or "8.8.8.8:53"; default: as the system does. */
  readonly nameServer: string | undefined;
}

/** What a target string says. */
export interface Target {
  /** Sent as `:authority`. */
  readonly authority: string;
  /** The name that certificates are checked against. */
  readonly serverName: string;
  /** The addresses themselves, or the name that they are found by. */
  readonly addresses: readonly Address[] | HostName;
}

/**
 * Reads a target that `targetProblem` finds nothing wrong with.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/naming.md
 */
export function parseTarget(target: string): Target {
  if (target.startsWith("unix:")) {
    const path = target.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    return {
      authority: "localhost",
      serverName: "localhost",
      addresses: [{ key: `unix:${path}`, connect: { path } }],
    };
  }
  const list = /^ipv[46]:(?!\/\/)(.*)$/.exec(target)?.[1];
  if (list !== undefined) {
    const texts = list.split(",");
    const addresses = texts.map((text) => addressOf(hostPort(text)));
    return { authority: texts[0]!, serverName: hostPort(texts[0]!).host, addresses };
  }
  const match = /^dns:(?:\/\/([^/]*)\/)?(.*)$/.exec(target);
  const text = match?.[2] ?? target;
  const name = hostPort(text);
  const nameServer = match?.[1] === "" ? undefined : match?.[1];
  return { authority: text, serverName: name.host, addresses: { ...name, nameServer } };
}

/** An address of a host that is not a name. */
export function addressOf(connect: { readonly host: string; readonly port: number }): Address {
  const { host, port } = connect;
  return { key: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`, connect };
}

function hostPort(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at).replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(at + 1)) };
}
