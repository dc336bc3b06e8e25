import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  ListOrdersWithUserRequestSchema,
  ListOrdersWithUserResponseSchema,
} from "../../gen/smpl/api/orders/v1/orders_pb.js";
import {
  ListOrdersResponseSchema,
  type Order,
  OrderSchema,
  OrderState,
} from "../../gen/smpl/orders/v1/orders_pb.js";
import {
  BatchGetUsersRequestSchema,
  BatchGetUsersResponseSchema,
  type User,
  UserSchema,
} from "../../gen/smpl/users/v1/users_pb.js";
import { paths } from "../upstreams/answers.js";

/** A list of orders with their users: what is asked, what the upstreams reply, what the answer is. */
export interface Case {
  readonly width: Width;
  readonly rows: number;
  readonly request: Uint8Array;
  /** The reply of ListOrders. */
  readonly orders: Uint8Array;
  /** Looks up what a batch of users is answered with. */
  readonly batch: (request: Uint8Array) => Uint8Array;
  /** The public answer, its fields in the order of their numbers. */
  readonly answer: Uint8Array;
}

/**
 * How much there is in a row: an order of four fields (id, user, e-mail, product), of users that are an id and an
 * e-mail; or the example's whole order, with an enum, an int64 and a Timestamp, of users with all that they have.
 */
export const WIDTHS = ["4 fields", "7 fields"] as const;
export type Width = (typeof WIDTHS)[number];

const ROWS_PER_USER = 4;
const START_MS = Date.UTC(2024, 0, 1, 9, 30);
const PRODUCTS = ["Espresso cup", "Walnut desk", "Wool scarf", "Field notebook, A5", "Bicycle bell"];
// ä is two bytes, 杯 three: one row in so many takes the long way through the check of UTF-8.
const PRODUCT_NOT_ASCII = "Kännchen 杯";
const NOT_ASCII_EVERY = 10;

/** A case of so many rows: each four orders are of one user, in no order. */
export function makeCase(rows: number, width: Width): Case {
  const isWide = width === "7 fields";
  const userCount = Math.ceil(rows / ROWS_PER_USER);
  const users = Array.from({ length: userCount }, (_, i) => makeUser(i, isWide));
  const orders = Array.from({ length: rows }, (_, i) =>
    makeOrder(i, users[userOf(i, userCount)]!.id, isWide),
  );
  const byId = new Map(users.map((user) => [user.id, user]));
  const batch = (request: Uint8Array) => {
    const { ids } = fromBinary(BatchGetUsersRequestSchema, request);
    // Not in the order of the request, as upstreams do.
    const found = ids.toReversed().map((id) => byId.get(id)!);
    return toBinary(BatchGetUsersResponseSchema, create(BatchGetUsersResponseSchema, { users: found }));
  };
  const answer = create(ListOrdersWithUserResponseSchema, {
    orders: orders.map((order) => ({
      id: order.id,
      userId: order.userId,
      userEmail: byId.get(order.userId)!.email,
      product: order.product,
      state: order.state as number,
      priceCents: order.priceCents,
      ...(order.placedAt !== undefined && { placedAt: order.placedAt }),
    })),
  });
  return {
    width,
    rows,
    request: toBinary(
      ListOrdersWithUserRequestSchema,
      create(ListOrdersWithUserRequestSchema, { pageSize: rows }),
    ),
    orders: toBinary(ListOrdersResponseSchema, create(ListOrdersResponseSchema, { orders })),
    batch: prepared(batch),
    answer: toBinary(ListOrdersWithUserResponseSchema, answer),
  };
}

/** Replies by the method's path, from prepared bytes. */
export function reply(one: Case, path: string, request: Uint8Array): Uint8Array {
  return path === paths.listOrders ? one.orders : one.batch(request);
}

function makeUser(i: number, isWide: boolean): User {
  const user = create(UserSchema, { id: uuid("a", i), email: `user.${i}@shop.example` });
  if (isWide) {
    user.displayName = `User Number ${i}`;
    user.birthdayDate = `19${50 + (i % 50)}-0${1 + (i % 9)}-17`;
    user.passwordHash = `$argon2id$v=19$m=65536,t=3,p=4$${"s".repeat(22)}$${"h".repeat(43)}`;
    user.createdAt = timestampFromMs(START_MS + i * 86_400_000);
  }
  return user;
}

function makeOrder(i: number, userId: string, isWide: boolean): Order {
  const product = i % NOT_ASCII_EVERY === 0 ? PRODUCT_NOT_ASCII : PRODUCTS[i % PRODUCTS.length]!;
  const order = create(OrderSchema, { id: uuid("b", i), userId, product });
  if (isWide) {
    order.state = [OrderState.PLACED, OrderState.SHIPPED, OrderState.RETURNED][i % 3]!;
    order.priceCents = BigInt(499 + i * 137);
    order.warehouseNote = i % 4 === 0 ? "leave at the back door" : "";
    order.placedAt = timestampFromMs(START_MS + i * 3_600_000);
  }
  return order;
}

function userOf(row: number, users: number): number {
  return (row * 7 + Math.floor(row / 3)) % users;
}

/** Remembers replies, so that one costs no more than to compare the request with a few others. */
function prepared(batch: (request: Uint8Array) => Uint8Array): (request: Uint8Array) => Uint8Array {
  const known: Array<{ readonly request: Uint8Array; readonly reply: Uint8Array }> = [];
  return (request) => {
    for (const one of known) if (Buffer.compare(one.request, request) === 0) return one.reply;
    const reply = batch(request);
    known.push({ request: Uint8Array.from(request), reply });
    return reply;
  };
}

function uuid(kind: string, i: number): string {
  return `${kind.repeat(8)}-0000-4000-8000-${String(i).padStart(12, "0")}`;
}
