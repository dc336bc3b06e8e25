import { Code } from "@portico/runtime";
import { expect, test } from "vitest";
import { gateway } from "../support/gateway.js";

const schema = gateway(
  `
  service Shop { rpc List(ListRequest) returns (Orders); }
  message ListRequest { int32 size = 1; }
  message Orders { repeated Order orders = 1; Order best = 2; }
  message Order { string id = 1; string product = 2; }
  `,
  `
  import "google/protobuf/field_mask.proto";
  service Api {
    option (portico.v1.service) = {from: "in.Shop" allow: {public: true}};
    rpc List(ListRequest) returns (Orders);
  }
  message ListRequest { int32 size = 1; google.protobuf.FieldMask read_mask = 2; }
  message Orders {
    repeated Order orders = 1;
    Order best = 2;
    int64 count = 3 [(portico.v1.field).from = "1 / (size(orders) - 2)"];
  }
  message Order {
    string id = 1;
    int64 share = 2 [(portico.v1.field).from = "1 / (size(product) - 3)"];
    string product = 3 [(portico.v1.field).when = "1 / (size(product) - 3) < 5"];
  }
  `,
);
const order = (id: string) => ({ id, product: "abc" });
const answers = { "in.Shop/List": () => ({ orders: [order("1"), order("2")], best: order("3") }) };
const list = async (readMask: string) =>
  (await schema).run(answers, { method: "pub.Api/List", request: { readMask } });

test("a field that the mask leaves out cannot fail the request", async () => {
  const { response, error } = await list("orders.id");
  expect(error).toBeUndefined();
  expect(response).toEqual({ orders: [{ id: "1" }, { id: "2" }] });
});

test.each(["", "count", "orders", "best.share", "orders.id,best.product", "best"])(
  "one that the mask wants fails it: %j",
  async (mask) => {
    expect((await list(mask)).error).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
  },
);
