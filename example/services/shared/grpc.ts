import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type MethodDefinition,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { CallLog } from "./call-log.js";
import { RpcError } from "./rpc-error.js";

/** One function for each unary method of the service, by its name in TypeScript. */
export type Implementation<S extends DescService> = {
  [Name in keyof S["method"]]: S["method"][Name] extends DescMethodUnary<infer Input, infer Output>
    ? (request: MessageShape<Input>) => Promise<MessageInitShape<Output>>
    : never;
};

/** "smpl.users.v1.UsersService/GetUser" */
export function fullName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** How grpc-js reads and writes the messages of a service that protobuf-es describes. */
export function serviceDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.localName, methodDefinition(method)]));
}

/** The same for one method. */
export function methodDefinition<M extends DescMethod>(
  method: M,
): MethodDefinition<MessageShape<M["input"]>, MessageShape<M["output"]>> {
  const { input, output } = method;
  return {
    path: `/${fullName(method)}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: (message) => buffer(toBinary(input, message)),
    requestDeserialize: (bytes) => fromBinary(input, view(bytes)) as MessageShape<M["input"]>,
    responseSerialize: (message) => buffer(toBinary(output, message)),
    responseDeserialize: (bytes) => fromBinary(output, view(bytes)) as MessageShape<M["output"]>,
  };
}

/** The handlers that grpc-js calls: they count the call, run the implementation, and turn throws into statuses. */
export function handlersOf<S extends DescService>(
  service: S,
  implementation: Implementation<S>,
  calls: CallLog,
): UntypedServiceImplementation {
  // Implementation<S> is for who writes one; seen from here, each method takes and returns some message.
  const functions = implementation as Record<string, unknown> as Record<string, UnaryFunction | undefined>;
  const handlers: UntypedServiceImplementation = {};
  for (const method of service.methods) {
    const run = functions[method.localName];
    if (run === undefined) throw new Error(`${fullName(method)} is not implemented`);
    handlers[method.localName] = (
      call: ServerUnaryCall<unknown, unknown>,
      callback: sendUnaryData<unknown>,
    ) => {
      calls.add(fullName(method));
      run(call.request).then(
        (response) => callback(null, create(method.output, response)),
        (thrown: unknown) => callback(statusOf(thrown, method)),
      );
    };
  }
  return handlers;
}

type UnaryFunction = (request: unknown) => Promise<MessageInitShape<DescMessage>>;

function statusOf(thrown: unknown, method: DescMethod): { code: status; details: string } {
  if (thrown instanceof RpcError) return { code: thrown.code, details: thrown.message };
  console.error(`${fullName(method)} failed:`, thrown);
  return { code: status.INTERNAL, details: "internal error" };
}

/** grpc-js frames Buffers only. This is a view: nothing is copied. */
function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The same the other way: the types of Node do not let a Buffer be a Uint8Array. */
function view(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
