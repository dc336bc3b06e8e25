import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../../runtime/src/call/error.js";
import { grpcJsUpstream } from "../../runtime/src/upstream/grpc-js.js";
import { http2Upstream } from "../../runtime/src/upstream/http2-upstream.js";
import { failureOf, testContext } from "../../runtime/src/upstream/raw-peer.test.support.js";
import type { Method, RpcKind, Upstream } from "../../runtime/src/upstream/upstream.js";
import { certificate, FAILURE_TEXT, LONG_VALUE, SERVICE, TOGETHER } from "./support.js";

// What an upstream of ours does with a server of another implementation, whichever that is.

const MiB = 1024 * 1024;
type Identity = ReturnType<typeof certificate>;

/** A server of test.v1.Echo that is running. */
export interface PeerServer {
  readonly port: number;
  /** What it has said is wrong with its clients. */
  complaints(): string;
  stop(): void;
}

/** Our upstreams, by the name of the transport that has them. */
export const upstreams = [
  ["http2", http2Upstream],
  ["node", grpcJsUpstream],
] as const;

export const securities = [
  ["cleartext", false],
  ["TLS", true],
] as const;

/**
 * A server with all kinds of RPC serves both of our upstreams. It echoes: "ServerStream" three times, "ClientStream" all
 * in one. Metadata "x-gzip" asks it for compressed replies, if it `compresses` any; "x-long" comes back; "Fail" fails,
 * and "Together" answers TOGETHER calls when it has them all.
 */
export function servesOurUpstreams(
  start: (identity: Identity | undefined) => Promise<PeerServer>,
  { compresses }: { readonly compresses: boolean },
): void {
  describe.each(securities)("on %s serves our upstream", (_name, secure) => {
    let server: PeerServer;
    let identity: Identity | undefined;

    beforeAll(async () => {
      identity = secure ? certificate() : undefined;
      server = await start(identity);
    });
    afterAll(() => {
      server.stop();
      expect(server.complaints()).toBe("");
    });

    describe.each(upstreams)("through the transport %s", (_transport, make) => {
      let upstream: Upstream;
      let compressing: Upstream;
      let last = contextWith();

      beforeAll(() => {
        const options = optionsFor(server.port, identity);
        upstream = make(options);
        compressing = make({ ...options, compressMinBytes: 1_000 });
      });
      afterAll(async () => {
        await upstream.close();
        await compressing.close();
      });
      // Whatever came of a call, nothing of it is left.
      afterEach(() => expect(last.listeners.size).toBe(0));

      describe.each<[string, Array<readonly [string, string]>, boolean]>([
        ["as they are", [], false],
        ["as they are to requests in gzip", [], true],
        ...(compresses
          ? ([
              ["in gzip", [["x-gzip", "1"]], false],
              ["in gzip to requests in gzip", [["x-gzip", "1"]], true],
            ] as Array<[string, Array<readonly [string, string]>, boolean]>)
          : []),
        ["with long metadata", [["x-long", LONG_VALUE]], false],
      ])("with replies %s", (_replies, metadata, compress) => {
        it.each([0, 1, 70_000, 4 * MiB])("of %i bytes, all kinds", async (length) => {
          const message = new Uint8Array(length).fill(7);
          const same = (reply: Uint8Array) => Buffer.compare(reply, message) === 0;
          last = contextWith(metadata);
          const through = compress ? compressing : upstream;
          expect(same(await through.unary(method("Unary", "unary"), message, last))).toBe(true);
          const three = await collect(
            through.serverStream(method("ServerStream", "server_streaming"), message, last),
          );
          expect(three.map(same)).toEqual([true, true, true]);
          const gathered = await through.clientStream(
            method("ClientStream", "client_streaming"),
            listOf(message, message),
            last,
          );
          expect(gathered.byteLength).toBe(2 * length);
          const echoed = await collect(
            through.bidiStream(method("BidiStream", "bidi_streaming"), listOf(message, message), last),
          );
          expect(echoed.map(same)).toEqual([true, true]);
        });
      });

      it("with all of a thousand streams open at once", async () => {
        last = contextWith();
        const replies = await Promise.all(
          Array.from({ length: TOGETHER }, (_, i) =>
            upstream.unary(method("Together", "unary"), Uint8Array.of(i & 0xff), last),
          ),
        );
        expect(replies.every(([byte], i) => byte === (i & 0xff))).toBe(true);
      });

      it("with failures", async () => {
        last = contextWith();
        const failure = await failureOf(upstream.unary(method("Fail", "unary"), new Uint8Array(1), last));
        expect(failure).toMatchObject({ code: Code.FAILED_PRECONDITION, message: FAILURE_TEXT });
      });
    });
  });
}

/** Options of an upstream for a server of test.v1.Echo. */
export function optionsFor(port: number, identity: Identity | undefined) {
  return {
    targets: { [SERVICE]: `localhost:${port}` },
    maxMessageBytes: 8 * MiB,
    ...(identity === undefined ? {} : { tls: { rootCerts: readFileSync(identity.cert) } }),
  };
}

/** The context of a call that may be long. */
export const contextWith = (metadata: Array<readonly [string, string]> = []) =>
  testContext({ deadlineMs: Date.now() + 30_000, maxResponseBytes: 8 * MiB, metadata });

/** Starts a server that prints its port, and on standard error what is wrong; it ends when its standard input does. */
export async function startServer(program: string, args: readonly string[]): Promise<PeerServer> {
  const child = spawn(program, args);
  let complaints = "";
  child.stderr.on("data", (part) => {
    complaints += part;
  });
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).once("line", (line) => resolve(Number(line)));
    child.once("exit", () => reject(new Error(`the server has ended: ${complaints}`)));
  });
  return { port, complaints: () => complaints, stop: () => child.kill() };
}

export const method = (name: string, kind: RpcKind): Method => ({
  service: SERVICE,
  name,
  path: `/${SERVICE}/${name}`,
  kind,
});

export async function* listOf(...messages: Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* messages;
}

export async function collect(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const message of messages) all.push(message);
  return all;
}
