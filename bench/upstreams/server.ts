import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { unenveloped } from "../lib/grpc-message.js";
import { answer } from "./answers.js";

/** What an upstream has seen since the last reset. */
export interface UpstreamCounts {
  /** Calls by path. */
  readonly calls: Readonly<Record<string, number>>;
  /** Those of them that came without grpc-timeout: the gateway forgot the deadline. */
  readonly withoutDeadline: number;
}

/** Upstream services of the bench: gRPC on bare node:http2, since grpc-js would take twice the CPU. */
export interface UpstreamServer {
  /** Listens on a free port of 127.0.0.1 and answers with "host:port". */
  listen(): Promise<string>;
  counts(): UpstreamCounts;
  reset(): void;
}

/** Makes a server for all methods of answers.ts. */
export function createUpstreamServer(): UpstreamServer {
  const calls = new Map<string, number>();
  let withoutDeadline = 0;
  const server = createServer();
  server.on("stream", (stream, headers) => {
    const path = headers[":path"] ?? "";
    calls.set(path, (calls.get(path) ?? 0) + 1);
    if (headers["grpc-timeout"] === undefined) withoutDeadline++;
    serve(stream, headers);
  });
  server.on("sessionError", () => {});
  return {
    listen: () => listen(server),
    counts: () => ({ calls: Object.fromEntries(calls), withoutDeadline }),
    reset() {
      calls.clear();
      withoutDeadline = 0;
    },
  };
}

function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const chunks: Buffer[] = [];
  // A gateway that cancels resets the stream; there is nothing to clean up here.
  stream.on("error", () => {});
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => {
    const request = unenveloped(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    const reply = request === undefined ? undefined : answer(headers[":path"] as string, request);
    if (reply === undefined) {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-status": "12" },
        { endStream: true },
      );
      return;
    }
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(reply);
  });
}

function listen(server: Http2Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}
