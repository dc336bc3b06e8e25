import { readFileSync, rmSync } from "node:fs";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe } from "vitest";
import { Code } from "../../runtime/src/call/error.js";
import { envelope } from "../../runtime/src/server/peers.test.support.js";
import { barrier, type certificate, directory, FAILURE_TEXT, SERVICE } from "./support.js";
import { type PeerServer, servesOurUpstreams } from "./upstream-suite.js";

// nghttp2, as Node.js has it, as a server of gRPC: HTTP/2 is its own, and the rest is written here.

afterAll(() => rmSync(directory, { recursive: true }));

describe("a server of nghttp2", () => {
  servesOurUpstreams(start, { compresses: true });
});

/** The whole messages that a stream brings, as they were before they were compressed. */
async function* messagesOf(stream: http2.ServerHttp2Stream): AsyncGenerator<Buffer, void> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    // Put together when a message is whole, and not for each of its parts.
    if (length < 5 || (parts[0]!.length >= 5 && length < 5 + parts[0]!.readUInt32BE(1))) continue;
    let bytes = Buffer.concat(parts as never[]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      const message = bytes.subarray(5, end);
      yield bytes[0] === 1 ? gunzipSync(message) : message;
      bytes = bytes.subarray(end);
    }
    parts = [bytes];
    length = bytes.length;
  }
}

async function start(identity: ReturnType<typeof certificate> | undefined): Promise<PeerServer> {
  const together = barrier();
  const sessions = new Set<http2.ServerHttp2Session>();
  const settings = { maxConcurrentStreams: 2_000 };
  const server =
    identity === undefined
      ? http2.createServer({ settings })
      : http2.createSecureServer({
          settings,
          key: readFileSync(identity.key),
          cert: readFileSync(identity.cert),
        });
  let complaints = "";
  server.on("session", (session) => sessions.add(session));
  server.on("sessionError", (error) => {
    complaints += `${error}\n`;
  });
  server.on("stream", (stream, headers) => {
    serve(stream, headers, together).catch((thrown: unknown) => {
      complaints += `${thrown}\n`;
      stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    complaints: () => complaints,
    stop() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

async function serve(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  together: () => Promise<void>,
): Promise<void> {
  const { "x-long": long, "x-gzip": zipped } = headers;
  const method = headers[":path"]!.slice(`/${SERVICE}/`.length);
  const head = { ":status": 200, "content-type": "application/grpc" };
  if (method === "Fail") {
    stream.resume();
    // grpc-message encodes "%" and what is not printable ASCII.
    const text = FAILURE_TEXT.replace(/[^ -$&-~]/gu, encodeURIComponent);
    stream.respond(
      { ...head, "grpc-status": Code.FAILED_PRECONDITION, "grpc-message": text },
      { endStream: true },
    );
    return;
  }
  const metadata = long === undefined ? {} : { "x-long": long };
  const encoding = zipped === undefined ? {} : { "grpc-encoding": "gzip" };
  stream.respond({ ...head, ...metadata, ...encoding }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", ...metadata }));
  const reply = (message: Buffer) =>
    stream.write(zipped === undefined ? envelope(message) : envelope(gzipSync(message), { flag: 1 }));
  const all: Buffer[] = [];
  for await (const message of messagesOf(stream)) {
    if (method === "ClientStream") all.push(message);
    else
      for (let i = 0; i < (method === "ServerStream" ? 3 : 1); i++) {
        if (method === "Together") await together();
        reply(message);
      }
  }
  if (method === "ClientStream") reply(Buffer.concat(all as never[]));
  stream.end();
}
