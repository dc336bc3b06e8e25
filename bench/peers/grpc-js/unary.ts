import { randomUUID } from "node:crypto";
import type { DescMessage, DescMethodUnary, DescService, Message, MessageShape } from "@bufbuild/protobuf";
import {
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  type ServerUnaryCall,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { TokenVerifier } from "./auth.js";
import { decoder, encoder } from "./codec.js";
import { PublicError, toPublicError } from "./errors.js";

/** A public call under way, as handlers and upstream clients need it. */
export interface PublicCall {
  readonly requestId: string;
  /** The client's deadline, or ours where that is earlier; in milliseconds of the epoch. */
  readonly deadlineMs: number;
  /** Cancelled when the client is gone. */
  readonly server: ServerUnaryCall<unknown, unknown>;
}

/** How one method is served, and to whom. */
interface MethodImplementation<I extends DescMessage, O extends DescMessage> {
  readonly role: string;
  handle(request: MessageShape<I>, call: PublicCall): Promise<MessageShape<O>>;
}

type Methods<S extends DescService> = {
  readonly [K in keyof S["method"]]?: MethodImplementation<S["method"][K]["input"], S["method"][K]["output"]>;
};

const TIMEOUT_MS = 10_000;

/** A grpc-js service of a protobuf-es one, of the methods that are implemented. */
export function service<S extends DescService>(
  descriptor: S,
  verify: TokenVerifier,
  methods: Methods<S>,
): { definition: ServiceDefinition; implementation: UntypedServiceImplementation } {
  const definition: Record<string, MethodDefinition<Message, Message>> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const method of descriptor.methods) {
    const served = methods[method.localName as keyof S["method"]];
    if (served === undefined) continue;
    definition[method.localName] = methodDefinition(method as DescMethodUnary);
    implementation[method.localName] = unary(
      verify,
      served as MethodImplementation<DescMessage, DescMessage>,
    );
  }
  return { definition, implementation };
}

/** A protobuf-es method as grpc-js describes one, for servers and clients. */
export function methodDefinition<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
): MethodDefinition<MessageShape<I>, MessageShape<O>> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: encoder(method.input),
    requestDeserialize: decoder(method.input),
    responseSerialize: encoder(method.output),
    responseDeserialize: decoder(method.output),
  };
}

function unary<I extends DescMessage, O extends DescMessage>(
  verify: TokenVerifier,
  { role, handle }: MethodImplementation<I, O>,
): handleUnaryCall<MessageShape<I>, MessageShape<O>> {
  return async (server, callback) => {
    const requestId = randomUUID();
    const trailer = new Metadata();
    trailer.set("x-request-id", requestId);
    try {
      const principal = await verify(server.metadata.get("authorization")[0] as string | undefined);
      if (!principal.roles.includes(role))
        throw new PublicError(status.PERMISSION_DENIED, "permission denied");
      const deadlineMs = Math.min(Number(server.getDeadline()), Date.now() + TIMEOUT_MS);
      callback(null, await handle(server.request, { requestId, deadlineMs, server }), trailer);
    } catch (thrown) {
      const { code, message } = toPublicError(thrown);
      callback({ code, details: message }, null, trailer);
    }
  };
}
