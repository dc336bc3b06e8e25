import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ListOrdersWithUserRequestSchema,
  ListOrdersWithUserResponseSchema,
  OrderSchema,
  OrderState,
} from "../../gen/smpl/api/orders/v1/orders_pb.js";
import { ListOrdersRequestSchema, ListOrdersResponseSchema } from "../../gen/smpl/orders/v1/orders_pb.js";
import { BatchGetUsersRequestSchema, BatchGetUsersResponseSchema } from "../../gen/smpl/users/v1/users_pb.js";
import { paths } from "../upstreams/answers.js";
import { type Case, reply } from "./case.js";

const BATCH_SIZE = 500;
// Not keeping what it does not know is what a gateway must do, and cheaper.
const reading = { readUnknownFields: false };
const writing = { writeUnknownFields: false };

/** Answers a case by objects, as written by hand: decode both replies, index by id, build the public ones, encode. */
export function protobufEs(one: Case): () => Promise<Uint8Array> {
  const unary = async (path: string, request: Uint8Array) => reply(one, path, request);
  return async () => {
    const input = fromBinary(ListOrdersWithUserRequestSchema, one.request, reading);
    const request = create(ListOrdersRequestSchema);
    request.pageSize = input.pageSize;
    request.pageToken = input.pageToken;
    const source = fromBinary(
      ListOrdersResponseSchema,
      await unary(paths.listOrders, toBinary(ListOrdersRequestSchema, request, writing)),
      reading,
    );
    const emails = await emailsOf(new Set(source.orders.map((order) => order.userId)), unary);
    const response = create(ListOrdersWithUserResponseSchema);
    response.nextPageToken = source.nextPageToken;
    response.orders = source.orders.map((internal) => {
      // Assigned, not given to create() as an initializer: the same result for half the time.
      const order = create(OrderSchema);
      order.id = internal.id;
      order.userId = internal.userId;
      order.userEmail = emails.get(internal.userId) ?? "";
      order.product = internal.product;
      if (OrderState[internal.state] !== undefined) order.state = internal.state as number;
      order.priceCents = internal.priceCents;
      if (internal.placedAt !== undefined) order.placedAt = internal.placedAt;
      return order;
    });
    return toBinary(ListOrdersWithUserResponseSchema, response, writing);
  };
}

async function emailsOf(
  distinct: ReadonlySet<string>,
  unary: (path: string, request: Uint8Array) => Promise<Uint8Array>,
): Promise<ReadonlyMap<string, string>> {
  const ids = [...distinct].filter((id) => id !== "");
  const batches: Promise<Uint8Array>[] = [];
  for (let start = 0; start < ids.length; start += BATCH_SIZE) {
    const request = create(BatchGetUsersRequestSchema);
    request.ids = ids.slice(start, start + BATCH_SIZE);
    batches.push(unary(paths.batchGetUsers, toBinary(BatchGetUsersRequestSchema, request, writing)));
  }
  const emails = new Map<string, string>();
  for (const bytes of await Promise.all(batches)) {
    for (const user of fromBinary(BatchGetUsersResponseSchema, bytes, reading).users)
      emails.set(user.id, user.email);
  }
  return emails;
}
