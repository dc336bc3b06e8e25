import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  ListOrdersWithUserRequestSchema,
  ListOrdersWithUserResponseSchema,
} from "../gen/smpl/api/orders/v1/orders_pb.js";
import { CreateUserRequestSchema, UserSchema } from "../gen/smpl/api/users/v1/users_pb.js";
import { paths } from "./upstreams/answers.js";
import { createdUserId, createdUserMs, orders, users } from "./upstreams/data.js";

/** One public method under load, with all that is needed to tell whether a gateway serves it rightly. */
export interface Scenario {
  readonly name: string;
  /** The HTTP/2 path of the public method. */
  readonly path: string;
  readonly request: Uint8Array;
  readonly response: { readonly schema: DescMessage; readonly message: Message };
  /** The calls that one public request makes, by path. */
  readonly upstreamCalls: Readonly<Record<string, number>>;
  /** Public requests of one measured run of a fast gateway: half a second of CPU. */
  readonly requests: number;
}

/** The scenarios, in the order in which they are reported. */
export const scenarios: readonly Scenario[] = [createUser(), listOrders(20, 8_000), listOrders(200, 3_000)];

function createUser(): Scenario {
  const email = "new.user@shop.example";
  const displayName = "New User";
  const request = create(CreateUserRequestSchema, { email, displayName, password: "correct horse battery" });
  const createdAt = timestampFromMs(createdUserMs);
  return {
    name: "create",
    path: "/smpl.api.users.v1.UsersService/CreateUser",
    request: toBinary(CreateUserRequestSchema, request),
    response: {
      schema: UserSchema,
      message: create(UserSchema, { id: createdUserId, email, displayName, createdAt }),
    },
    upstreamCalls: { [paths.createUser]: 1 },
    requests: 20_000,
  };
}

function listOrders(rows: number, requests: number): Scenario {
  const emails = new Map(users.map((user) => [user.id, user.email]));
  const request = create(ListOrdersWithUserRequestSchema, { pageSize: rows });
  const response = create(ListOrdersWithUserResponseSchema, {
    orders: orders.slice(0, rows).map((order) => ({
      id: order.id,
      userId: order.userId,
      userEmail: emails.get(order.userId)!,
      product: order.product,
      state: order.state as number,
      priceCents: order.priceCents,
      placedAt: order.placedAt!,
    })),
    nextPageToken: rows < orders.length ? String(rows) : "",
  });
  return {
    name: `list of ${rows}`,
    path: "/smpl.api.orders.v1.OrdersService/ListOrdersWithUser",
    request: toBinary(ListOrdersWithUserRequestSchema, request),
    response: { schema: ListOrdersWithUserResponseSchema, message: response },
    upstreamCalls: { [paths.listOrders]: 1, [paths.batchGetUsers]: 1 },
    requests,
  };
}
