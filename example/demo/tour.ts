import { randomBytes } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { InventoryService } from "../../gen/smpl/api/inventory/v1/inventory_pb.js";
import { OrdersService } from "../../gen/smpl/api/orders/v1/orders_pb.js";
import { UsersService } from "../../gen/smpl/api/users/v1/users_pb.js";
import type { Transcript } from "./transcript.js";

const { createUser, getUser, listUsers } = UsersService.method;
const { listOrdersWithUser, getOrder } = OrdersService.method;
const { listItemsGroupedByUsers } = InventoryService.method;

/** Calls every public method, then shows who is turned away. Throws at the first thing that is not as it should be. */
export async function tour(transcript: Transcript): Promise<void> {
  const newUser = {
    // A different one each time: a real database remembers those before.
    email: `kay.${randomBytes(3).toString("hex")}@example.com`,
    displayName: "Alan Kay",
    password: "correct horse battery staple",
  };

  const created = await transcript.call(createUser, newUser, {
    as: "admin",
    upstreamCalls: ["smpl.users.v1.UsersService/CreateUser"],
  });
  await transcript.call(
    getUser,
    { id: created.id },
    { as: "viewer", upstreamCalls: ["smpl.users.v1.UsersService/GetUser"] },
  );
  const { users } = await transcript.call(
    listUsers,
    { pageSize: 1000 },
    { as: "viewer", upstreamCalls: ["smpl.users.v1.UsersService/ListUsers"] },
  );
  const { orders } = await transcript.call(
    listOrdersWithUser,
    { pageSize: 20 },
    {
      as: "viewer",
      upstreamCalls: ["smpl.orders.v1.OrdersService/ListOrders", "smpl.users.v1.UsersService/BatchGetUsers"],
    },
  );
  const emails = new Map(users.map((user) => [user.id, user.email]));
  const wrong = orders.find(
    (order) => order.userEmail === "" || order.userEmail !== emails.get(order.userId),
  );
  if (wrong !== undefined) throw new Error(`${wrong.id} came with the e-mail "${wrong.userEmail}"`);

  await transcript.call(
    getOrder,
    { id: orders[0]?.id ?? "" },
    {
      as: "viewer",
      upstreamCalls: ["smpl.orders.v1.OrdersService/GetOrder", "smpl.users.v1.UsersService/BatchGetUsers"],
    },
  );
  await transcript.call(
    listItemsGroupedByUsers,
    { pageSize: 10 },
    {
      as: "viewer",
      upstreamCalls: [
        "smpl.users.v1.UsersService/ListUsers",
        "smpl.items.v1.ItemsService/BatchListItemsByOwner",
      ],
    },
  );

  await transcript.denied(
    listOrdersWithUser,
    { pageSize: 20 },
    { code: status.UNAUTHENTICATED, upstreamCalls: [] },
  );
  await transcript.denied(createUser, newUser, {
    as: "viewer",
    code: status.PERMISSION_DENIED,
    upstreamCalls: [],
  });
}
