import type { Authenticator } from "../auth/authenticator.js";
import { defaultLimits, type Limits } from "../call/limits.js";
import { type GatewayApi, GENERATED_VERSION } from "../call/route.js";
import { targetProblem } from "../upstream/target.js";
import type { Upstream } from "../upstream/upstream.js";
import { type CompressionOptions, compressionProblems } from "./compression-options.js";
import { type ConnectionLimits, defaultConnectionLimits } from "./connection-limits.js";
import type { ServerTls } from "./front.js";
import type { Logger } from "./logger.js";
import { type ServerTlsFiles, tlsProblem } from "./tls.js";
import { type Transport, transportOf, transportProblem } from "./transport.js";
import { didYouMean } from "./unknown-names.js";

export interface GatewayOptions {
  /** What the generated `gateway.ts` exports. */
  readonly api: GatewayApi;
  /**
   * Where the internal services are, by full name: "localhost:50051", "dns:///orders.internal:50051". For TLS and
   * other settings pass `http2Upstream({...})` or `grpcJsUpstream({...})`, or any Upstream; one that is passed is not
   * closed with the gateway.
   */
  readonly upstreams: Readonly<Record<string, string>> | Upstream;
  /** Who turns credentials into a Principal. Needed unless all methods are public. */
  readonly authenticator?: Authenticator;
  /** Default 8080; 0: any free port. */
  readonly port?: number;
  /**
   * The address to listen on. Default "0.0.0.0", all IPv4 interfaces, as it is needed in a container; "127.0.0.1" for
   * this machine only, "::" for IPv6 as well.
   */
  readonly host?: string;
  /**
   * Key and certificate, or the files that they are in; files are read again when they change. Default: cleartext, for
   * use behind a proxy that ends TLS.
   */
  readonly tls?: ServerTls | ServerTlsFiles;
  /** What one request may cost; see Limits for each default. */
  readonly limits?: Partial<Limits>;
  /** What all connections may cost together; see ConnectionLimits for each default. */
  readonly connections?: Partial<ConnectionLimits>;
  /** What is sent in gzip. Default: nothing. */
  readonly compression?: CompressionOptions;
  /** Default: JSON lines on standard error. */
  readonly logger?: Logger;
  /**
   * Request headers that upstreams get, in lower case. Default: none. Identity headers such as "authorization" only
   * if they are listed: the upstream then has the client's own token.
   */
  readonly forwardHeaders?: readonly string[];
  /** What expressions of annotations read as `config`, by name. Default: nothing. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /**
   * The hand-written functions that annotations name with `resolver`: one for each, and no others. Their types are the
   * `Resolvers` of the generated `gateway_resolvers.ts`. Needed only where there are some.
   */
  readonly resolvers?: object;
  /**
   * The implementation of HTTP/2 towards clients and, where `upstreams` are targets, of gRPC towards the internal services:
   * Portico's own ("http2"), or those of Node.js and grpc-js ("node"). Default: what the environment variable
   * PORTICO_TRANSPORT says, else "http2".
   */
  readonly transport?: Transport;
}

/** All options, by name: one that is written wrongly must not pass for one that is left out. */
const OPTIONS: Readonly<Record<keyof GatewayOptions, true>> = {
  api: true,
  upstreams: true,
  authenticator: true,
  port: true,
  host: true,
  tls: true,
  limits: true,
  connections: true,
  compression: true,
  logger: true,
  forwardHeaders: true,
  config: true,
  resolvers: true,
  transport: true,
};

const MAX_TIMER_MS = 2 ** 31 - 1;
// These are the gateway's own, or those of the connection and not of the request.
const reservedHeader =
  /^(?:grpc-.*|x-request-id|traceparent|te|connection|keep-alive|proxy-connection|transfer-encoding|upgrade|host|content-type|content-length|user-agent)$/;

/** Whether the upstreams are given as an implementation, and not as targets. */
export function isUpstream(upstreams: GatewayOptions["upstreams"]): upstreams is Upstream {
  return typeof (upstreams as Upstream).unary === "function";
}

/** The limits, with the defaults filled in. */
export function limitsOf(options: GatewayOptions): Limits {
  return { ...defaultLimits, ...whatIsSet(options.limits) };
}

/** The limits of connections, with the defaults filled in. */
export function connectionLimitsOf(options: GatewayOptions): ConnectionLimits {
  return { ...defaultConnectionLimits, ...whatIsSet(options.connections) };
}

function whatIsSet(limits: object | undefined): Record<string, number> {
  return Object.fromEntries(Object.entries(limits ?? {}).filter(([, value]) => value !== undefined));
}

/** Everything that is wrong with the options; empty when a gateway can be made of them. */
export function gatewayProblems(options: GatewayOptions): string[] {
  const version = versionProblem(options.api);
  // Of an api in another version nothing else can be said.
  if (version !== undefined) return [version];
  return [
    ...nameProblems(options),
    ...routeProblems(options),
    ...upstreamProblems(options),
    ...addressProblems(options),
    ...limitProblems("limits", options.limits, defaultLimits),
    ...limitProblems("connections", options.connections, defaultConnectionLimits),
    ...compressionProblems(options.compression, isUpstream(options.upstreams ?? {})),
    ...headerProblems(options),
    ...configProblems(options),
    ...resolverProblems(options),
  ];
}

function nameProblems(options: GatewayOptions): string[] {
  return Object.keys(options)
    .filter((name) => !Object.hasOwn(OPTIONS, name))
    .map((name) => `${name}: no such option${didYouMean(name, Object.keys(OPTIONS))}`);
}

function versionProblem(api: GatewayApi | undefined): string | undefined {
  if (typeof api?.version !== "number") return "api: pass what the generated gateway.ts exports";
  if (api.version === GENERATED_VERSION) return undefined;
  const versions = `version ${api.version}, and this @portico/runtime runs version ${GENERATED_VERSION}`;
  return api.version < GENERATED_VERSION
    ? `the generated code has ${versions}: regenerate it with the protoc-gen-portico of the same release`
    : `the generated code has ${versions}: upgrade @portico/runtime`;
}

function routeProblems({ api, authenticator }: GatewayOptions): string[] {
  const problems: string[] = [];
  const paths = new Set<string>();
  const guarded: string[] = [];
  for (const { path, policy, timeoutMs } of api.routes) {
    if (!/^\/[^/\s]+\/[^/\s]+$/.test(path))
      problems.push(`route ${path}: not a path "/package.Service/Method"`);
    if (paths.has(path)) problems.push(`route ${path}: declared twice`);
    if (path.startsWith("/grpc.health.v1.Health/"))
      problems.push(`route ${path}: served by the gateway itself`);
    if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMER_MS)) {
      problems.push(`route ${path}: the timeout of ${timeoutMs} ms is not between 1 and ${MAX_TIMER_MS}`);
    }
    if (policy.kind !== "public") guarded.push(path);
    paths.add(path);
  }
  if (guarded.length > 0 && authenticator === undefined) {
    problems.push(
      `authenticator: missing, and ${guarded.length} of ${api.routes.length} methods are not public (${guarded[0]})`,
    );
  }
  return problems;
}

function upstreamProblems({ api, upstreams, transport }: GatewayOptions): string[] {
  if (upstreams === undefined || upstreams === null)
    return ["upstreams: say where the internal services are"];
  if (isUpstream(upstreams)) return [];
  const problems: string[] = [];
  for (const service of api.upstreams) {
    if (!Object.hasOwn(upstreams, service)) problems.push(`upstreams: no target for ${service}`);
  }
  for (const [service, target] of Object.entries(upstreams)) {
    const problem = targetProblem(target, { xds: transportOf(transport) === "node" });
    if (problem !== undefined) problems.push(`upstreams: target of ${service}: ${problem}`);
  }
  return problems;
}

function configProblems({ api, config = {} }: GatewayOptions): string[] {
  return (api.config ?? [])
    .filter((name) => !Object.hasOwn(config, name))
    .map((name) => `config.${name}: missing, and annotations read it`);
}

function resolverProblems({ api, resolvers = {} }: GatewayOptions): string[] {
  if (typeof resolvers !== "object" || resolvers === null)
    return ["resolvers: not an object with a function for each name"];
  const names = api.resolvers?.names ?? [];
  const given = resolvers as Readonly<Record<string, unknown>>;
  const problems: string[] = [];
  for (const name of names) {
    if (!Object.hasOwn(given, name)) problems.push(`resolvers.${name}: missing, and annotations name it`);
    else if (typeof given[name] !== "function") problems.push(`resolvers.${name}: not a function`);
  }
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) problems.push(`resolvers.${name}: no annotation names it`);
  }
  return problems;
}

function addressProblems({ port, host, tls, transport }: GatewayOptions): string[] {
  const problems: string[] = [];
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    problems.push(`port: ${port} is not between 0 and 65535`);
  }
  if (host === "") problems.push(`host: empty; leave it out for all interfaces`);
  const wrongTls = tls === undefined ? undefined : tlsProblem(tls);
  if (wrongTls !== undefined) problems.push(wrongTls);
  const unknown = transportProblem(transport);
  if (unknown !== undefined) problems.push(unknown);
  return problems;
}

function limitProblems(option: string, limits: object | undefined, known: object): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(limits ?? {})) {
    if (!Object.hasOwn(known, name))
      problems.push(`${option}.${name}: no such limit${didYouMean(name, Object.keys(known))}`);
    else if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      problems.push(`${option}.${name}: ${value} is not a whole number above 0`);
    } else if (name.endsWith("Ms") && value > MAX_TIMER_MS) {
      problems.push(`${option}.${name}: ${value} is more than ${MAX_TIMER_MS}`);
    }
  }
  return problems;
}

function headerProblems({ forwardHeaders }: GatewayOptions): string[] {
  const problems: string[] = [];
  for (const name of forwardHeaders ?? []) {
    if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) {
      problems.push(`forwardHeaders: "${name}" is not the name of a header in lower case`);
    } else if (reservedHeader.test(name)) {
      problems.push(`forwardHeaders: "${name}" is set by the gateway itself`);
    }
  }
  return problems;
}
