import { create, type DescMethodUnary, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { methodDefinition } from "../services/shared/grpc.js";

/** A gRPC client of any service that protobuf-es describes. Failed calls reject with grpc-js's ServiceError. */
export interface UnaryClient {
  /** Calls one method; `token` is sent as a bearer token. */
  call<M extends DescMethodUnary>(
    method: M,
    request: MessageInitShape<M["input"]>,
    token?: string,
  ): Promise<MessageShape<M["output"]>>;
  /** Resolves once connected; rejects when that takes longer than `timeoutMs`. */
  ready(timeoutMs: number): Promise<void>;
  close(): void;
}

const callTimeoutMs = 10_000;

/** Connects, without TLS, to `target` ("localhost:8080"). */
export function createClient(target: string): UnaryClient {
  const client = new Client(target, credentials.createInsecure(), {
    // A server that is still starting is asked again at once, and not after a second.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 500,
  });
  return {
    call: <M extends DescMethodUnary>(method: M, request: MessageInitShape<M["input"]>, token?: string) => {
      const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
      const metadata = new Metadata();
      if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
      const message = create(method.input, request) as MessageShape<M["input"]>;
      const options = { deadline: Date.now() + callTimeoutMs };
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          message,
          metadata,
          options,
          (error, response) => (error === null ? resolve(response!) : reject(error)),
        );
      });
    },
    ready: (timeoutMs) =>
      new Promise((resolve, reject) => {
        client.waitForReady(Date.now() + timeoutMs, (error) =>
          error === undefined || error === null ? resolve() : reject(error),
        );
      }),
    close: () => client.close(),
  };
}
