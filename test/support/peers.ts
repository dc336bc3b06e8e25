import {
  Client,
  credentials,
  Metadata as GrpcMetadata,
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type StatusObject,
  status,
} from "@grpc/grpc-js";

const identity = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** One call as an upstream sees it. */
export interface SeenCall {
  readonly path: string;
  readonly request: Buffer;
  readonly metadata: Metadata;
  readonly deadlineMs: number;
  cancelled: boolean;
}

/** What an upstream answers: bytes, a status, or nothing at all ("hang"). */
export type RawAnswer =
  | Uint8Array
  | { readonly code: status; readonly details: string; readonly metadata?: Metadata }
  | "hang";

/** A real grpc-js server that answers any unary method with bytes. */
export class RawServer {
  readonly seen: SeenCall[] = [];
  #server: Server | undefined;
  port = 0;

  constructor(readonly answer: (path: string, request: Buffer) => RawAnswer | Promise<RawAnswer>) {}

  async start(methods: readonly string[], port = 0): Promise<number> {
    const server = new Server();
    const definition = Object.fromEntries(
      methods.map((path) => [
        path,
        {
          path,
          requestStream: false,
          responseStream: false,
          requestSerialize: identity,
          requestDeserialize: identity,
          responseSerialize: identity,
          responseDeserialize: identity,
        },
      ]),
    );
    const implementation = Object.fromEntries(
      methods.map((path) => [
        path,
        (
          call: {
            request: Buffer;
            metadata: Metadata;
            getDeadline(): number | Date;
            on(event: "cancelled", listener: () => void): void;
          },
          reply: (error: Partial<StatusObject> | null, value?: Buffer) => void,
        ) => {
          const seen: SeenCall = {
            path,
            request: call.request,
            metadata: call.metadata,
            deadlineMs: Number(call.getDeadline()),
            cancelled: false,
          };
          this.seen.push(seen);
          call.on("cancelled", () => {
            seen.cancelled = true;
          });
          void Promise.resolve(this.answer(path, call.request)).then((answer) => {
            if (answer === "hang") return;
            if (answer instanceof Uint8Array) reply(null, identity(answer));
            else reply(answer);
          });
        },
      ]),
    );
    server.addService(definition, implementation as never);
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.#server = server;
    return this.port;
  }

  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }
}

/** The end of a raw call. */
export interface RawResult {
  readonly code: status;
  readonly details: string;
  readonly response: Buffer | undefined;
  readonly trailers: Metadata | undefined;
}

/** A real grpc-js client that sends and receives bytes. */
export class RawClient {
  readonly #client: Client;

  constructor(target: string) {
    this.#client = new Client(target, credentials.createInsecure());
  }

  call(
    path: string,
    request: Uint8Array,
    options: {
      readonly headers?: Record<string, string>;
      readonly timeoutMs?: number;
      readonly onCall?: (cancel: () => void) => void;
    } = {},
  ): Promise<RawResult> {
    const metadata = new GrpcMetadata();
    for (const [key, value] of Object.entries(options.headers ?? {})) metadata.set(key, value);
    return new Promise((resolve) => {
      const call = this.#client.makeUnaryRequest(
        path,
        identity,
        identity,
        identity(request),
        metadata,
        { deadline: Date.now() + (options.timeoutMs ?? 10_000) },
        (error: ServiceError | null, response?: Buffer) => {
          resolve({
            code: error?.code ?? status.OK,
            details: error?.details ?? "",
            response,
            trailers: error?.metadata,
          });
        },
      );
      options.onCall?.(() => call.cancel());
    });
  }

  close(): void {
    this.#client.close();
  }
}

/** Waits until something is so; fails after `timeoutMs`. */
export async function until(condition: () => boolean, timeoutMs = 5000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error("not so in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
