import { Code } from "@portico/runtime";
import { expect, it } from "vitest";
import { failure, gateway } from "../support/gateway.js";

const shop = gateway(
  `
  service Orders { rpc List(ListRequest) returns (Orders_); rpc Watch(ListRequest) returns (stream Orders_); }
  service Users { rpc BatchGetUsers(Ids) returns (Users_); }
  message ListRequest {}
  message Ids { repeated string ids = 1; }
  message Order { string id = 1; string buyer_id = 2; string seller_id = 3; }
  message Orders_ { repeated Order orders = 1; }
  message User { string id = 1; string name = 2; }
  message Users_ { repeated User users = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Orders" allow: {public: true} };
    rpc List(ListRequest) returns (Orders_);
    rpc Watch(ListRequest) returns (stream Orders_);
  }
  message ListRequest {}
  message Orders_ { repeated Order orders = 1; }
  message Order {
    option (portico.v1.message).join = {
      name: "buyer" method: "in.Users/BatchGetUsers" key: "buyer_id -> ids = users.id" batch_size: 1
      on_error: {then: EMPTY}
    };
    option (portico.v1.message).join = {
      name: "seller" method: "in.Users/BatchGetUsers" key: "seller_id -> ids = users.id" batch_size: 1
    };
    string id = 1;
    string buyer = 2 [(portico.v1.field).from = "buyer.name"];
    string seller = 3 [(portico.v1.field).from = "seller.name"];
  }
  `,
);

it.each(["List", "Watch"])(
  "%s: a call that fails concerns those joins alone that asked in it",
  async (method) => {
    const { run } = await shop;
    const ask = (order: object) => {
      const page = { orders: [{ id: "o1", ...order }] };
      return run(
        {
          "in.Orders/List": () => page,
          "in.Orders/Watch": () => [page],
          "in.Users/BatchGetUsers": ({ ids }) => {
            if (ids.includes("bad")) throw failure(Code.UNAVAILABLE);
            return { users: ids.map((id: string) => ({ id, name: `n${id}` })) };
          },
        },
        { method: `pub.Api/${method}` },
      );
    };
    const alone = await ask({ buyerId: "bad" });
    expect(alone.error).toBeUndefined();
    const beside = await ask({ buyerId: "bad", sellerId: "s" });
    expect(beside.error).toBeUndefined();
    const first = method === "List" ? beside.response : beside.messages[0];
    expect(first).toEqual({ orders: [{ id: "o1", seller: "ns" }] });
    expect((await ask({ buyerId: "b", sellerId: "bad" })).error).toMatchObject({ code: Code.UNAVAILABLE });
  },
);
