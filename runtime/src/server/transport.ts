/** Portico's own HTTP/2, or the implementations of Node.js and grpc-js; at both ends. */
export type Transport = "http2" | "node";

/** Read where the options name no transport. */
export const TRANSPORT_VARIABLE = "PORTICO_TRANSPORT";

const defaultTransport: Transport = "http2";

/** The transport that a gateway uses: what its options say, else the environment, else the default. */
export function transportOf(option: Transport | undefined): Transport {
  return option ?? (fromEnvironment() as Transport | undefined) ?? defaultTransport;
}

/** What is wrong with it, if anything is. */
export function transportProblem(option: unknown): string | undefined {
  if (option !== undefined) return isTransport(option) ? undefined : `transport: "${option}" is not known`;
  const value = fromEnvironment();
  if (value === undefined || isTransport(value)) return undefined;
  return `${TRANSPORT_VARIABLE}: "${value}" is not known; write "http2" or "node"`;
}

function fromEnvironment(): string | undefined {
  const value = process.env[TRANSPORT_VARIABLE];
  return value === "" ? undefined : value;
}

function isTransport(value: unknown): value is Transport {
  return value === "http2" || value === "node";
}
