import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ListOrdersRequestSchema, ListOrdersResponseSchema } from "../../gen/smpl/orders/v1/orders_pb.js";
import {
  BatchGetUsersRequestSchema,
  BatchGetUsersResponseSchema,
  CreateUserRequestSchema,
  UserSchema,
} from "../../gen/smpl/users/v1/users_pb.js";
import { createdUserId, createdUserMs, orders, users } from "./data.js";

/** The paths of the internal methods that the bench's upstreams serve. */
export const paths = {
  createUser: "/smpl.users.v1.UsersService/CreateUser",
  batchGetUsers: "/smpl.users.v1.UsersService/BatchGetUsers",
  listOrders: "/smpl.orders.v1.OrdersService/ListOrders",
} as const;

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;
const MAX_PREPARED = 1000;

const usersById = new Map(users.map((user) => [user.id, user]));

const services: Readonly<Record<string, (request: Uint8Array) => Uint8Array>> = {
  [paths.createUser](request) {
    const { email, displayName, birthdayDate } = fromBinary(CreateUserRequestSchema, request);
    const user = { id: createdUserId, email, displayName, birthdayDate, passwordHash: "$argon2id$secret" };
    const createdAt = timestampFromMs(createdUserMs);
    return toBinary(UserSchema, create(UserSchema, { ...user, createdAt }));
  },
  [paths.batchGetUsers](request) {
    const { ids } = fromBinary(BatchGetUsersRequestSchema, request);
    // Not in the order of the request: whoever matches by position is found out by the bench's own checks.
    const found = ids.toReversed().flatMap((id) => usersById.get(id) ?? []);
    return toBinary(BatchGetUsersResponseSchema, create(BatchGetUsersResponseSchema, { users: found }));
  },
  [paths.listOrders](request) {
    const { pageSize, pageToken } = fromBinary(ListOrdersRequestSchema, request);
    const start = Number(pageToken);
    const end = start + Math.min(pageSize === 0 ? DEFAULT_PAGE_SIZE : pageSize, MAX_PAGE_SIZE);
    const page = {
      orders: orders.slice(start, end),
      nextPageToken: end < orders.length ? String(end) : "",
    };
    return toBinary(ListOrdersResponseSchema, create(ListOrdersResponseSchema, page));
  },
};

const prepared = new Map<string, Uint8Array>();

/**
 * The reply to a request. A reply is made once for the same request bytes, so that under load an upstream only looks up
 * bytes and is no bottleneck.
 */
export function answer(path: string, request: Uint8Array): Uint8Array {
  const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
  const key = path + bytes.toString("latin1");
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const reply = services[path]!(request);
  if (prepared.size >= MAX_PREPARED) prepared.clear();
  prepared.set(key, reply);
  return reply;
}
