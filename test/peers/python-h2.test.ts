import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../../runtime/src/call/error.js";
import { transports } from "../../runtime/src/server/peers.test.support.js";
import { failureOf } from "../../runtime/src/upstream/raw-peer.test.support.js";
import type { Upstream } from "../../runtime/src/upstream/upstream.js";
import { certificate, directory, FAILURE_TEXT, isInstalled, LONG_VALUE, run, startEcho } from "./support.js";
import {
  collect,
  contextWith,
  listOf,
  method,
  optionsFor,
  type PeerServer,
  securities,
  servesOurUpstreams,
  startServer,
  upstreams,
} from "./upstream-suite.js";

// python3-h2, a third implementation of HTTP/2 beside ours and nghttp2, which is strict about what it receives; at either
// end.

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
// The distribution's own, where its package is, may not come first.
const python = ["python3", "/usr/bin/python3"].find((one) => isInstalled(one, "-c", "import h2"));
const name = `python3-h2${python === undefined ? " (skipped: it is not installed)" : ""}`;

afterAll(() => rmSync(directory, { recursive: true }));

/** A server, with settings of HTTP/2 that it tells its clients. */
function start(identity?: ReturnType<typeof certificate>, settings: readonly string[] = []) {
  const files = identity === undefined ? [] : [identity.cert, identity.key];
  return startServer(python!, [script("raw_server.py"), ...files, ...settings]);
}

describe.skipIf(python === undefined)(name, () => {
  describe.each(transports)("calls our front with the transport %s", (transport) => {
    it.each(securities)("on %s", async (_name, secure) => {
      const identity = secure ? certificate() : undefined;
      const { gateway, port } = await startEcho(identity, {
        transport,
        compression: { responseMinBytes: 1_000 },
      });
      try {
        const { output, code } = await run(python!, [
          script("raw_peer.py"),
          String(port),
          secure ? "tls" : "plain",
        ]);
        expect(output).toBe("ok\n");
        expect(code).toBe(0);
      } finally {
        await gateway.close({ graceMs: 0 });
      }
    });
  });

  servesOurUpstreams(start, { compresses: true });

  describe.each(securities)("on %s", (_name, secure) => {
    describe.each(upstreams)("serves the transport %s", (transport, make) => {
      let identity: ReturnType<typeof certificate> | undefined;
      let server: PeerServer;
      let upstream: Upstream;
      let last = contextWith();

      beforeAll(async () => {
        identity = secure ? certificate() : undefined;
        server = await start(identity);
        upstream = make(optionsFor(server.port, identity));
      });
      afterEach(() => expect(last.listeners.size).toBe(0));
      afterAll(async () => {
        await upstream.close();
        server.stop();
        expect(server.complaints()).toBe("");
      });

      const context = (metadata: Array<readonly [string, string]> = []) => {
        last = contextWith(metadata);
        return last;
      };
      const unary = (name: string, request = Uint8Array.of(1), given = context()) =>
        upstream.unary(method(name, "unary"), request, given);
      const same = (reply: Uint8Array, message: Uint8Array) => Buffer.compare(reply, message) === 0;

      it("with padding, in small frames", async () => {
        const message = new Uint8Array(70_000).fill(7);
        expect(same(await unary("Unary", message, context([["x-padded", "1"]])), message)).toBe(true);
      });

      it("with early hints (103) before the answer", async () => {
        expect([...(await unary("Unary", Uint8Array.of(5), context([["x-early-hints", "1"]])))]).toEqual([5]);
      });

      it("with a failure that has long metadata", async () => {
        const failure = await failureOf(unary("Fail", Uint8Array.of(1), context([["x-long", LONG_VALUE]])));
        expect(failure).toMatchObject({ code: Code.FAILED_PRECONDITION, message: FAILURE_TEXT });
      });

      it("with an answer before the request has ended, and a reset behind it", async () => {
        const requests = async function* () {
          for (;;) yield new Uint8Array(1_000);
        };
        const call = upstream.clientStream(method("Early", "client_streaming"), requests(), context());
        expect(await failureOf(call)).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message: "early" });
      });

      it("with a ping in the middle of a call", async () => {
        expect(Buffer.from(await unary("Ping")).toString()).toBe("12345678");
      });

      it("with a page in HTML, and without a status", async () => {
        expect((await failureOf(unary("Page"))).code).toBe(Code.UNAVAILABLE);
        expect((await failureOf(unary("NoStatus"))).code).toBe(Code.UNKNOWN);
      });

      it("with resets by any code, before the headers, after them, within a message, after it", async () => {
        // grpc-js says INTERNAL of codes that gRPC does not name.
        const rest = transport === "http2" ? Code.UNKNOWN : Code.INTERNAL;
        const { INTERNAL, UNAVAILABLE, CANCELLED, RESOURCE_EXHAUSTED, PERMISSION_DENIED } = Code;
        const expected: Code[] = [INTERNAL, INTERNAL, INTERNAL, INTERNAL, INTERNAL, rest, INTERNAL];
        expected.push(
          UNAVAILABLE,
          CANCELLED,
          INTERNAL,
          INTERNAL,
          RESOURCE_EXHAUSTED,
          PERMISSION_DENIED,
          rest,
        );
        for (const when of [0, 1, 2, 3]) {
          const seen: number[] = [];
          for (const code of expected.keys()) {
            seen.push((await failureOf(unary("Reset", Uint8Array.of(when, 0, 0, 0, code)))).code);
          }
          expect(seen).toEqual(expected);
        }
      });

      it("that sees calls cancelled which we give up", async () => {
        const given = context();
        // Of a connection that has none: resets are counted on each.
        const cancelling = make(optionsFor(server.port, identity));
        try {
          const ask = (name: string, context = given) =>
            cancelling.unary(method(name, "unary"), Uint8Array.of(1), context);
          const calls = Array.from({ length: 20 }, () => failureOf(ask("Hang")));
          while ((await ask("Hanging", contextWith()))[0] !== 20);
          for (const listener of [...given.listeners]) listener();
          expect((await Promise.all(calls)).every(({ code }) => code === Code.CANCELLED)).toBe(true);
          const late = { ...contextWith(), deadlineMs: Date.now() + 200 };
          expect((await failureOf(ask("Hang", late))).code).toBe(Code.DEADLINE_EXCEEDED);
          const [cancelled] = await ask("Cancelled");
          expect(cancelled).toBe(21);
        } finally {
          await cancelling.close();
        }
      });

      // Node.js answers a GOAWAY with its own, at which h2 drops what it does; grpc-js with others that go away is in
      // upstream-faults.test.ts.
      if (transport === "http2") {
        it("that goes away (GOAWAY) in the middle of calls, and costs no failure", async () => {
          const calls = Array.from({ length: 200 }, async (_, i) => {
            await new Promise((resolve) => setTimeout(resolve, i * 5));
            const [byte] = await unary(i % 10 === 0 ? "GoAway" : "Unary", Uint8Array.of(i));
            return byte;
          });
          expect(await Promise.all(calls)).toEqual(calls.map((_, i) => i));
        });
      }

      it("that changes its settings in the middle of a call", async () => {
        const message = new Uint8Array(100_000).fill(9);
        expect(same(await unary("Settings", message), message)).toBe(true);
        expect(same(await unary("Unary", message), message)).toBe(true);
      });

      it.each(["INITIAL_WINDOW_SIZE=1", "HEADER_TABLE_SIZE=0", "MAX_CONCURRENT_STREAMS=1"])(
        "that begins with %s",
        async (setting) => {
          const narrow = await start(identity, [setting]);
          const through = make(optionsFor(narrow.port, identity));
          try {
            const message = new Uint8Array(300).fill(3);
            const twice = Buffer.concat([message, message]);
            const replies = await Promise.all(
              Array.from({ length: 20 }, async () => [
                await through.unary(method("Unary", "unary"), message, context()),
                await through.clientStream(
                  method("ClientStream", "client_streaming"),
                  listOf(message, message),
                  context(),
                ),
                Buffer.concat(
                  await collect(
                    through.bidiStream(
                      method("BidiStream", "bidi_streaming"),
                      listOf(message, message),
                      context(),
                    ),
                  ),
                ),
              ]),
            );
            for (const [one, gathered, echoed] of replies) {
              expect([same(one!, message), same(gathered!, twice), same(echoed!, twice)]).toEqual([
                true,
                true,
                true,
              ]);
            }
          } finally {
            await through.close();
            narrow.stop();
          }
          expect(narrow.complaints()).toBe("");
        },
      );
    });
  });
});
