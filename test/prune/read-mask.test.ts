import { Code } from "@portico/runtime";
import { expect, test } from "vitest";
import { gateway } from "../support/gateway.js";

const MASK = 'import "google/protobuf/field_mask.proto";\n';
const INTERNAL = `
service Orders {
  rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);
  rpc WatchOrders(ListOrdersRequest) returns (stream ListOrdersResponse);
  rpc Chat(stream ListOrdersRequest) returns (stream ListOrdersResponse);
}
service Users { rpc BatchGetUsers(BatchGetUsersRequest) returns (BatchGetUsersResponse); }
service Items { rpc ListItems(ListItemsRequest) returns (ListItemsResponse); }
message ListOrdersRequest { int32 page_size = 1; string read_mask = 2; }
message ListOrdersResponse { repeated Order orders = 1; string next = 2; map<string, Order> by_name = 3; }
message Order { string id = 1; string user_id = 2; string product = 3; int32 total = 4; Order parent = 5; }
message BatchGetUsersRequest { repeated string ids = 1; }
message BatchGetUsersResponse { repeated User users = 1; }
message User { string id = 1; string email = 2; string boss_id = 3; }
message ListItemsRequest { repeated string order_ids = 1; }
message ListItemsResponse { repeated Item items = 1; }
message Item { string order_id = 1; int32 price = 2; }
`;
const REQUEST = "message ListOrdersRequest { int32 page_size = 1; google.protobuf.FieldMask read_mask = 2; }";
const SERVICE = `
service Orders {
  option (portico.v1.service) = {from: "in.Orders" allow: {public: true}};
  rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);
}
${REQUEST}`;
const LIST =
  "message ListOrdersResponse { repeated Order orders = 1; string next = 2; map<string, Order> by_name = 3; }";
const USER_JOIN = `option (portico.v1.message).join = {name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id"};`;
const ITEM_JOIN = `option (portico.v1.message).join = {name: "items" method: "in.Items/ListItems" key: "id -> order_ids = items.order_id"};`;
const BOSS = `
message User {
  option (portico.v1.message).load = {method: "in.Users/BatchGetUsers" key: "ids = users.id"};
  string id = 1;
  string email = 2;
  Boss boss = 3 [(portico.v1.field).key = "boss_id"];
}
message Boss {
  option (portico.v1.message).load = {method: "in.Users/BatchGetUsers" key: "ids = users.id"};
  string id = 1;
  string email = 2;
}`;

const order = (id: string, userId: string) => ({ id, userId, product: `p${id}`, total: 9 });
const answers = {
  "in.Orders/ListOrders": () => ({
    orders: [order("1", "a"), order("2", "b")],
    next: "n",
    byName: { k: order("3", "c") },
  }),
  "in.Users/BatchGetUsers": ({ ids = [] }: { ids?: string[] }) => ({
    users: ids.filter((id) => id !== "b").map((id) => ({ id, email: `${id}@x`, bossId: `boss-${id}` })),
  }),
  "in.Items/ListItems": ({ orderIds = [] }: { orderIds?: string[] }) => ({
    items: orderIds.flatMap((orderId) => [
      { orderId, price: 1 },
      { orderId, price: 2 },
    ]),
  }),
};

/** What a client gets that sends a mask, and which joins have been asked. */
async function tester(publicText: string) {
  const { run } = await gateway(INTERNAL, MASK + publicText);
  return async (readMask?: string, options = {}) => {
    const request = readMask === undefined ? {} : { readMask };
    const { response, error, upstream } = await run(answers, { request, ...options });
    const joins = upstream.calls
      .map(({ method }) => method.split("/")[1])
      .filter((name) => name !== "ListOrders");
    if (error?.code === Code.INVALID_ARGUMENT) expect(upstream.calls).toEqual([]);
    return { response: error?.code ?? response, joins };
  };
}

test("prunes what is written, and runs only the joins that it needs", async () => {
  const ask = await tester(`${SERVICE} ${LIST}
    message Order { ${USER_JOIN} string id = 1; string user_email = 2 [(portico.v1.field).from = "user.email"]; string product = 3; }`);
  const whole = {
    orders: [
      { id: "1", userEmail: "a@x", product: "p1" },
      { id: "2", product: "p2" },
    ],
    next: "n",
    byName: { k: { id: "3", userEmail: "c@x", product: "p3" } },
  };
  for (const mask of [undefined, "", "*"])
    expect(await ask(mask)).toEqual({ response: whole, joins: ["BatchGetUsers"] });
  expect(await ask("next")).toEqual({ response: { next: "n" }, joins: [] });
  expect(await ask("orders.id,orders.product")).toEqual({
    response: {
      orders: [
        { id: "1", product: "p1" },
        { id: "2", product: "p2" },
      ],
    },
    joins: [],
  });
  expect(await ask("orders.userEmail")).toEqual({
    response: { orders: [{ userEmail: "a@x" }, {}] },
    joins: ["BatchGetUsers"],
  });
  expect((await ask("orders")).response).toEqual({ orders: whole.orders });
  expect((await ask("byName.product")).response).toEqual({ byName: { k: { product: "p3" } } });
  for (const mask of ["nope", "orders.nope", "next.x"])
    expect((await ask(mask)).response).toBe(Code.INVALID_ARGUMENT);
});

test("is bounded, and refused before anything is called where it is malformed", async () => {
  const { run } = await gateway(INTERNAL, `${MASK}${SERVICE} ${LIST} message Order { string id = 1; }`);
  const many = { readMask: new Array(1001).fill("next").join(",") };
  for (const request of [many, Uint8Array.of(18, 3, 10, 9, 1), Uint8Array.of(18, 3, 10, 1, 0xff)]) {
    const { error, upstream } = await run(answers, { request });
    expect(error?.code).toBe(Code.INVALID_ARGUMENT);
    expect(upstream.calls).toEqual([]);
  }
});

test("joins inside found rows are run as far as their fields are wanted", async () => {
  const ask = await tester(`${SERVICE} ${LIST}
    message Order { string id = 1; User user = 2 [(portico.v1.field).key = "user_id"]; } ${BOSS}`);
  expect((await ask()).joins).toHaveLength(2);
  expect(await ask("orders.user.email")).toEqual({
    response: { orders: [{ user: { email: "a@x" } }, {}] },
    joins: ["BatchGetUsers"],
  });
  expect(await ask("orders.user.boss.id")).toEqual({
    response: { orders: [{ user: { boss: { id: "boss-a" } } }, {}] },
    joins: ["BatchGetUsers", "BatchGetUsers"],
  });
  expect((await ask("orders.id")).joins).toEqual([]);
});

test("what `this` reads is there, also where it is not wanted itself", async () => {
  const ask = await tester(`${SERVICE}
    message ListOrdersResponse {
      repeated Order orders = 1;
      string first_email = 2 [(portico.v1.field).from = "this.orders[0].user_email"];
    }
    message Order {
      ${USER_JOIN}
      string id = 1;
      string user_email = 2 [(portico.v1.field).from = "user.email"];
      string greeting = 3 [(portico.v1.field).from = "'hello ' + this.user_email"];
      string loud = 4 [(portico.v1.field).from = "this.greeting + '!'"];
    }`);
  expect(await ask("orders.loud")).toEqual({
    response: { orders: [{ loud: "hello a@x!" }, { loud: "hello !" }] },
    joins: ["BatchGetUsers"],
  });
  expect(await ask("firstEmail")).toEqual({ response: { firstEmail: "a@x" }, joins: ["BatchGetUsers"] });
  expect((await ask("orders.id")).joins).toEqual([]);
});

test("nothing is computed from a join that was not run", async () => {
  const ask =
    await tester(`${SERVICE} message ListOrdersResponse { repeated Order orders = 1; string next = 2; }
    message Order {
      ${ITEM_JOIN}
      string id = 1;
      int32 mean = 2 [(portico.v1.field).from = "total / size(items)"];
      int32 count = 3 [(portico.v1.field).from = "size(items)"];
      int32 share = 4 [(portico.v1.field).from = "total / this.count"];
    }`);
  const rows = [
    { id: "1", mean: 4, count: 2, share: 4 },
    { id: "2", mean: 4, count: 2, share: 4 },
  ];
  expect(await ask()).toEqual({ response: { orders: rows, next: "n" }, joins: ["ListItems"] });
  expect(await ask("orders.id")).toEqual({ response: { orders: [{ id: "1" }, { id: "2" }] }, joins: [] });
  expect((await ask("orders.share")).response).toEqual({ orders: [{ share: 4 }, { share: 4 }] });
});

test("never changes which rows there are, and whether there is a response", async () => {
  const drop =
    await tester(`${SERVICE} message ListOrdersResponse { repeated Order orders = 1; string next = 2; }
    message Order { ${USER_JOIN.replace("};", " on_missing: DROP};")} string id = 1; string user_email = 2 [(portico.v1.field).from = "user.email"]; }`);
  expect(await drop("orders.id")).toEqual({ response: { orders: [{ id: "1" }] }, joins: ["BatchGetUsers"] });
  const fail =
    await tester(`${SERVICE} message ListOrdersResponse { repeated Order orders = 1; string next = 2; }
    message Order { ${USER_JOIN.replace("};", " on_missing: FAIL};")} string id = 1; string user_email = 2 [(portico.v1.field).from = "user.email"]; }`);
  expect((await fail("next")).response).toBe(Code.NOT_FOUND);
  const oneof = await tester(`${SERVICE} message ListOrdersResponse { repeated Order orders = 1; }
    message Order { ${USER_JOIN} oneof who { string email = 1 [(portico.v1.field).from = "user.email"]; string user_id = 2; } }`);
  expect((await oneof("orders.userId")).response).toEqual({ orders: [{}, { userId: "b" }] });
});

test("with policies of fields: a join runs for what is wanted and not denied", async () => {
  const ask = await tester(`${SERVICE} message ListOrdersResponse { repeated Order orders = 1; }
    message Order {
      ${USER_JOIN}
      string id = 1;
      optional string user_email = 2 [(portico.v1.field) = {from: "user.email" allow: {role: "support"}}];
      string boss = 3 [(portico.v1.field).from = "user.boss_id"];
    }`);
  const support = { roles: ["support"] };
  expect((await ask("orders.userEmail")).joins).toEqual([]);
  expect(await ask("orders.userEmail", support)).toEqual({
    response: { orders: [{ userEmail: "a@x" }, {}] },
    joins: ["BatchGetUsers"],
  });
  expect((await ask("orders.id", support)).joins).toEqual([]);
  expect((await ask("orders.boss")).response).toEqual({ orders: [{ boss: "boss-a" }, {}] });
});

test("in streams: each message, by the mask of the (first) request", async () => {
  const { run } = await gateway(
    INTERNAL,
    `${MASK}
    service Orders {
      option (portico.v1.service) = {from: "in.Orders" allow: {public: true}};
      rpc WatchOrders(ListOrdersRequest) returns (stream ListOrdersResponse);
      rpc Chat(stream ListOrdersRequest) returns (stream ListOrdersResponse);
    }
    ${REQUEST} message ListOrdersResponse { repeated Order orders = 1; string next = 2; }
    message Order { ${USER_JOIN} string id = 1; string user_email = 2 [(portico.v1.field).from = "user.email"]; }`,
  );
  const message = (id: string) => ({ orders: [order(id, "a")], next: id });
  const streams = {
    ...answers,
    "in.Orders/WatchOrders": () => [message("1"), message("2")],
    "in.Orders/Chat": async function* (requests: AsyncIterable<unknown>) {
      for await (const _ of requests) yield message("1");
    },
  };
  const ids = await run(streams, { request: { readMask: "orders.id" } });
  expect(ids.response).toEqual([{ orders: [{ id: "1" }] }, { orders: [{ id: "2" }] }]);
  expect(ids.asked("in.Users/BatchGetUsers")).toEqual([]);
  const chat = await run(streams, {
    method: "pub.Orders/Chat",
    requests: [{ readMask: "next" }, { readMask: "orders" }],
  });
  expect(chat.response).toEqual([{ next: "1" }, { next: "1" }]);
});

test("is not passed on", async () => {
  const { run, compiled } = await gateway(
    INTERNAL,
    `${MASK}${SERVICE} ${LIST} message Order { string id = 1; }`,
  );
  const { asked } = await run(answers, { request: { pageSize: 3, readMask: "next" } });
  expect(asked("in.Orders/ListOrders")).toEqual([{ pageSize: 3 }]);
  expect(compiled.files.get("exposure.json")).not.toContain("read_mask");
});

test("joins on the rows that the join of a message in itself finds", async () => {
  const { run } = await gateway(
    INTERNAL,
    `${MASK}${SERVICE}
    message ListOrdersResponse { repeated Order orders = 1; }
    message Order { string id = 1; Order parent = 2; User user = 3 [(portico.v1.field).key = "user_id"]; }
    ${BOSS}`,
  );
  const nested = {
    ...answers,
    "in.Orders/ListOrders": () => ({ orders: [{ id: "1", parent: order("2", "a") }] }),
  };
  const { response } = await run(nested, { request: { readMask: "orders.parent" } });
  const boss = { id: "boss-a", email: "boss-a@x" };
  const user = { id: "a", email: "a@x", boss };
  expect(response).toEqual({ orders: [{ parent: { id: "2", user } }] });
});
