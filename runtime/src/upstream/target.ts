import { isXds } from "./xds.js";

/**
 * Why a target string cannot be used, or undefined if it can. Accepted are "host:port", "[v6 address]:port",
 * "dns:///host:port", "dns://server/host:port", "ipv4:a.b.c.d:port,…", "ipv6:[…]:port,…" and "unix:path"; and
 * "xds:///name", by grpc-js alone.
 *
 * The port must be written: the default of gRPC's name syntax is 443, which is hardly ever what was meant here.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/naming.md
 */
export function targetProblem(target: unknown, { xds }: { readonly xds: boolean }): string | undefined {
  if (typeof target !== "string" || target === "") return `must be a string such as "localhost:50051"`;
  if (/^https?:/i.test(target)) return `"${target}": write "host:port", without http://`;
  if (/\s/.test(target)) return `"${target}" has white space in it`;
  if (isXds(target)) {
    if (!xds) return `"${target}": only grpc-js knows xDS; use transport: "node", or grpcJsUpstream`;
    return /^xds:(?:\/\/[^/]*\/)?[^/]/.test(target) ? undefined : `"${target}" names nothing`;
  }
  if (target.startsWith("unix:")) return target.length > 5 ? undefined : `"${target}" names no path`;
  const addresses = /^ipv[46]:(?!\/\/)(.*)$/.exec(target)?.[1];
  if (addresses !== undefined)
    return first(addresses.split(","), (address) => hostPortProblem(address, target));
  const name = /^dns:(?:\/\/[^/]*\/)?(.*)$/.exec(target)?.[1] ?? target;
  return hostPortProblem(name, target);
}

/** What is wrong with the targets of services. */
export function targetProblems(
  targets: Readonly<Record<string, string>>,
  options: { readonly xds: boolean },
): string[] {
  const problems: string[] = [];
  for (const [service, target] of Object.entries(targets)) {
    const problem = targetProblem(target, options);
    if (problem !== undefined) problems.push(`target of ${service}: ${problem}`);
  }
  return problems;
}

function hostPortProblem(name: string, target: string): string | undefined {
  const match = /^(?:\[[0-9a-fA-F:.%]+\]|[^:/[\]@]+):(\d{1,5})$/.exec(name);
  if (match === null) return `"${target}" is not "host:port"`;
  const port = Number(match[1]);
  return port >= 1 && port <= 65_535 ? undefined : `"${target}" has no valid port`;
}

function first<T>(items: readonly T[], problem: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
