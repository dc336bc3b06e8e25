import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, PorticoError } from "../../runtime/src/call/error.js";
import { GENERATED_VERSION, type Route } from "../../runtime/src/call/route.js";
import { createGateway, type Gateway } from "../../runtime/src/server/gateway.js";
import type { GatewayOptions } from "../../runtime/src/server/gateway-options.js";

export const SERVICE = "test.v1.Echo";
export const FAILURE_TEXT = "zu spät, 100%";
/** What the metadata "x-long" has to be, wherever it is sent. */
export const LONG_VALUE = "v".repeat(8_000);
/** So many calls of "Together" have to be under way at once: none of them is answered before all are there. */
export const TOGETHER = 1_000;
const MiB = 1024 * 1024;

/** A folder of its own, for files of one test file. */
export const directory = mkdtempSync(join(tmpdir(), "portico-peers-"));

/** Whether a program can be started. */
export function isInstalled(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/** A new key with a certificate that it signs itself, as files. */
export function certificate(): { readonly key: string; readonly cert: string } {
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  return { key, cert };
}

/** A gateway whose methods answer with what they are sent; with a certificate, on TLS. */
export async function startEcho(
  tls?: ReturnType<typeof certificate>,
  options: Pick<GatewayOptions, "compression" | "transport"> = {},
): Promise<{ readonly gateway: Gateway; readonly port: number }> {
  const gateway = createGateway({
    api: { version: GENERATED_VERSION, upstreams: [], routes: [...echoRoutes, together()] },
    upstreams: {},
    host: "127.0.0.1",
    port: 0,
    limits: { maxRequestBytes: 8 * MiB },
    logger: () => {},
    transport: "http2",
    authenticator: {
      authenticate({ "x-long": long }) {
        if (long !== undefined && long !== LONG_VALUE) {
          throw new PorticoError(Code.UNAUTHENTICATED, `x-long has ${long.length} bytes`);
        }
        return undefined;
      },
    },
    ...options,
    ...(tls === undefined ? {} : { tls: { key: readFileSync(tls.key), cert: readFileSync(tls.cert) } }),
  });
  const { port } = await gateway.listen();
  return { gateway, port };
}

const base = (name: string) =>
  ({ path: `/${SERVICE}/${name}`, policy: { kind: "public" }, timeoutMs: 30_000 }) as const;

const echoRoutes: readonly Route[] = [
  { ...base("Unary"), kind: "unary", handler: async (request) => request },
  {
    ...base("ServerStream"),
    kind: "server_streaming",
    async *handler(request) {
      for (let i = 0; i < 3; i++) yield request;
    },
  },
  {
    ...base("ClientStream"),
    kind: "client_streaming",
    async handler(requests) {
      const all: Uint8Array[] = [];
      for await (const request of requests) all.push(request);
      return Buffer.concat(all);
    },
  },
  {
    ...base("BidiStream"),
    kind: "bidi_streaming",
    async *handler(requests) {
      yield* requests;
    },
  },
  {
    ...base("Fail"),
    kind: "unary",
    async handler() {
      throw new PorticoError(Code.FAILED_PRECONDITION, FAILURE_TEXT);
    },
  },
  { ...base("Hang"), kind: "unary", handler: () => new Promise(() => {}) },
];

/** A function that answers calls when TOGETHER of them wait. */
export function barrier(): () => Promise<void> {
  let waiting: Array<() => void> = [];
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length < TOGETHER) return;
      for (const answer of waiting) answer();
      waiting = [];
    });
}

function together(): Route {
  const wait = barrier();
  return {
    ...base("Together"),
    kind: "unary",
    async handler(request) {
      await wait();
      return request;
    },
  };
}

/** Runs a program to its end; gives what it wrote, and its exit code. The test's own process goes on serving. */
export function run(
  program: string,
  args: readonly string[],
): Promise<{ output: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 55_000 });
    let output = "";
    child.stdout.on("data", (part) => {
      output += part;
    });
    child.stderr.on("data", (part) => {
      output += part;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ output, code }));
  });
}
