import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, propagate } from "@grpc/grpc-js";
import { OrdersService } from "../../../gen/smpl/orders/v1/orders_pb.js";
import { UsersService } from "../../../gen/smpl/users/v1/users_pb.js";
import { methodDefinition, type PublicCall } from "./unary.js";

/** Calls one upstream method on behalf of a public call: with its deadline, cancellation and request id. */
export type UpstreamMethod<I extends DescMessage, O extends DescMessage> = (
  request: MessageInitShape<I>,
  call: PublicCall,
) => Promise<MessageShape<O>>;

/** The upstream methods that the handlers use. */
export type UpstreamClients = ReturnType<typeof createUpstreamClients>;

const MAX_REPLY_BYTES = 4 * 1024 * 1024;

/** Makes one client for each service; all its calls share a connection. */
export function createUpstreamClients(targets: Readonly<Record<string, string>>) {
  const users = client(targets, UsersService.typeName);
  const orders = client(targets, OrdersService.typeName);
  return {
    createUser: upstreamMethod(users, UsersService.method.createUser),
    batchGetUsers: upstreamMethod(users, UsersService.method.batchGetUsers),
    listOrders: upstreamMethod(orders, OrdersService.method.listOrders),
  };
}

function client(targets: Readonly<Record<string, string>>, service: string): Client {
  const target = targets[service];
  if (target === undefined) throw new Error(`no target for ${service}`);
  return new Client(target, credentials.createInsecure(), {
    "grpc.max_receive_message_length": MAX_REPLY_BYTES,
    "grpc.enable_channelz": 0,
    "grpc.enable_retries": 0,
    // One connection carries all replies: with HTTP/2's default of 64 KiB they would wait for each other.
    "grpc-node.flow_control_window": 1024 * 1024,
  });
}

function upstreamMethod<I extends DescMessage, O extends DescMessage>(
  target: Client,
  method: DescMethodUnary<I, O>,
): UpstreamMethod<I, O> {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  return (request, call) =>
    new Promise((resolve, reject) => {
      const metadata = new Metadata();
      metadata.set("x-request-id", call.requestId);
      const options = {
        deadline: call.deadlineMs,
        parent: call.server,
        propagate_flags: propagate.CANCELLATION,
      };
      target.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        create(method.input, request),
        metadata,
        options,
        (error, reply) => {
          if (error === null) resolve(reply!);
          else reject(error);
        },
      );
    });
}
