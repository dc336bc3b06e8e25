/**
 * Calls one public method of the gateway that `npm start` serves, and prints the response as JSON:
 *
 *   node example/dist/example/call.js ListOrdersWithUser '{"pageSize": 3}'
 *
 *   GATEWAY   where the gateway serves; default: 127.0.0.1:8080
 *   TOKEN     the bearer token; default: the one that `npm start` left in example/out/token
 */
import { type DescMethodUnary, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { InventoryService } from "../gen/smpl/api/inventory/v1/inventory_pb.js";
import { OrdersService } from "../gen/smpl/api/orders/v1/orders_pb.js";
import { UsersService } from "../gen/smpl/api/users/v1/users_pb.js";
import { createClient } from "./demo/client.js";
import { readOut } from "./demo/out.js";
import { defaultTarget } from "./demo/target.js";

const methods = [UsersService, OrdersService, InventoryService]
  .flatMap((service) => Object.values<DescMethodUnary>(service.method))
  .map((method) => [method.name, method] as const);

async function call(name = "", request = "{}"): Promise<string> {
  const method = new Map(methods).get(name);
  if (method === undefined) {
    throw new Error(`which method? one of: ${methods.map(([known]) => known).join(", ")}`);
  }
  const token = process.env.TOKEN ?? (await readOut("token").catch(() => undefined))?.trim();
  const client = createClient(process.env.GATEWAY ?? defaultTarget);
  try {
    const response = await client.call(method, fromJsonString(method.input, request), token);
    return toJsonString(method.output, response, { prettySpaces: 2 });
  } finally {
    client.close();
  }
}

try {
  console.log(await call(...process.argv.slice(2)));
} catch (thrown) {
  const { code, details, message } = thrown as { code?: status; details?: string; message: string };
  console.error(code === undefined ? message : `${status[code]}: ${details}`);
  process.exitCode = 1;
}
