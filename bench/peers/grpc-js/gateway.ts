import { Server, ServerCredentials } from "@grpc/grpc-js";
import { OrdersService } from "../../../gen/smpl/api/orders/v1/orders_pb.js";
import { UsersService } from "../../../gen/smpl/api/users/v1/users_pb.js";
import type { GatewayConfig } from "../../lib/control.js";
import { createTokenVerifier } from "./auth.js";
import { listOrdersWithUser } from "./orders.js";
import { service } from "./unary.js";
import { createUpstreamClients } from "./upstream-clients.js";
import { createUser } from "./users.js";

const MAX_REQUEST_BYTES = 1024 * 1024;
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/**
 * The gateway that Portico is measured against: what an expert would write by hand with grpc-js and protobuf-es, for
 * the two methods that the bench calls. Answers with its port.
 */
export function startGateway(config: GatewayConfig): Promise<number> {
  const clients = createUpstreamClients(config.upstreams);
  const verify = createTokenVerifier(config.jwt);
  const server = new Server({
    "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
    "grpc.max_send_message_length": MAX_RESPONSE_BYTES,
    "grpc.max_concurrent_streams": 100,
    // Statistics that nobody reads here.
    "grpc.enable_channelz": 0,
  });
  const users = service(UsersService, verify, {
    createUser: { role: "admin", handle: (request, call) => createUser(clients, request, call) },
  });
  server.addService(users.definition, users.implementation);
  const orders = service(OrdersService, verify, {
    listOrdersWithUser: {
      role: "viewer",
      handle: (request, call) => listOrdersWithUser(clients, request, call),
    },
  });
  server.addService(orders.definition, orders.implementation);

  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}
