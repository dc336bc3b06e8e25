import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Order, OrderSchema, OrderState } from "../../gen/smpl/orders/v1/orders_pb.js";
import { type User, UserSchema } from "../../gen/smpl/users/v1/users_pb.js";

const USERS = 50;
const ORDERS = 200;
const START_MS = Date.UTC(2024, 0, 1, 9, 30);
const PRODUCTS = ["Espresso cup", "Walnut desk", "Wool scarf", "Field notebook, A5", "Bicycle bell"];

/** The users of the bench's shop, the same in every run. */
export const users: readonly User[] = Array.from({ length: USERS }, (_, i) =>
  create(UserSchema, {
    id: uuid("a", i),
    email: `user.${i}@shop.example`,
    displayName: `User Number ${i}`,
    birthdayDate: `19${50 + (i % 50)}-0${1 + (i % 9)}-17`,
    passwordHash: `$argon2id$v=19$m=65536,t=3,p=4$${"s".repeat(22)}$${"h".repeat(43)}`,
    createdAt: timestampFromMs(START_MS + i * 86_400_000),
  }),
);

/** Their orders, oldest first: all 50 users place some, in no order; the first 20 are of 19 users. */
export const orders: readonly Order[] = Array.from({ length: ORDERS }, (_, i) =>
  create(OrderSchema, {
    id: uuid("b", i),
    userId: users[(i ** 3 + 7 * i + Math.floor(i / 3)) % USERS]!.id,
    product: PRODUCTS[i % PRODUCTS.length]!,
    state: [OrderState.PLACED, OrderState.SHIPPED, OrderState.RETURNED][i % 3]!,
    priceCents: BigInt(499 + i * 137),
    warehouseNote: i % 4 === 0 ? "leave at the back door" : "",
    placedAt: timestampFromMs(START_MS + i * 3_600_000),
  }),
);

/** The id of the user that CreateUser makes. */
export const createdUserId: string = uuid("c", 1);

/** When CreateUser makes it, in milliseconds of the epoch. */
export const createdUserMs: number = START_MS;

function uuid(kind: string, i: number): string {
  return `${kind.repeat(8)}-0000-4000-8000-${String(i).padStart(12, "0")}`;
}
