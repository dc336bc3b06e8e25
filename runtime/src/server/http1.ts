import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isGrpcContentType } from "../protocol/grpc-exchange.js";
import type { Logger } from "./logger.js";

// What is read of a body that nobody wants, so that its sender gets to read the answer.
const MOST_BODY_BYTES = 64 * 1024;
const MOST_HEADER_BYTES = 16 * 1024;
const MAX_LOGGED_PATH = 200;

/**
 * Answers clients of HTTP/1.1, which nothing is served to, in words: one answer a connection, and that within
 * `timeoutMs`.
 */
export class Http1 {
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(logger: Logger, timeoutMs: number) {
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
    this.#server = createServer({ maxHeaderSize: MOST_HEADER_BYTES }, (request, response) =>
      this.#answer(request, response),
    );
    // Whoever asks whether to send a body is told at once that nobody wants it.
    this.#server.on("checkContinue", (request, response) => this.#refuse(request, response));
  }

  /** Takes a socket of which nothing has been read, or all of that has been put back. */
  take(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), this.#timeoutMs).unref();
    this.#sockets.add(socket);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** Ends all connections. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    let bytes = 0;
    request.on("data", (part: Buffer) => {
      bytes += part.byteLength;
      if (bytes > MOST_BODY_BYTES) this.#refuse(request, response);
    });
    request.once("end", () => this.#refuse(request, response));
  }

  #refuse(request: IncomingMessage, response: ServerResponse): void {
    if (response.headersSent) return;
    const { status, text, headers } = answerTo(request);
    response.writeHead(status, {
      ...headers,
      "content-type": "text/plain; charset=utf-8",
      "content-length": Buffer.byteLength(text),
      connection: "close",
    });
    response.end(request.method === "HEAD" ? undefined : text);
    this.#logger({
      level: "info",
      message: "request refused",
      method: (request.url ?? "").slice(0, MAX_LOGGED_PATH),
      code: `HTTP ${status}`,
    });
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const wrongVersion: Answer = {
  status: 505,
  text: "This is a gRPC server: it speaks HTTP/2, and this request came in HTTP/1.1.\n",
};
const wrongMedia: Answer = {
  status: 415,
  text: "This is a gRPC server: it takes application/grpc over HTTP/2, and no other content type.\n",
  headers: { "accept-post": "application/grpc" },
};

// A body in another format would not be understood in HTTP/2 either.
function answerTo({ headers }: IncomingMessage): Answer {
  const contentType = headers["content-type"];
  return contentType === undefined || isGrpcContentType(contentType) ? wrongVersion : wrongMedia;
}
