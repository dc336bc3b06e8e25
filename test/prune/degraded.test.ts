import { Code } from "@portico/runtime";
import { expect, test } from "vitest";
import { failure, gateway } from "../support/gateway.js";

const schema = gateway(
  `
  service Orders { rpc List(Request) returns (Orders_); rpc Watch(Request) returns (stream Orders_); }
  service Users { rpc BatchGetUsers(BatchRequest) returns (Users_); rpc GetUser(UserRequest) returns (User); }
  message Request { string id = 1; }
  message Orders_ { repeated Order orders = 1; }
  message Order { string id = 1; string user_id = 2; }
  message BatchRequest { repeated string ids = 1; }
  message UserRequest { string id = 1; }
  message Users_ { repeated User users = 1; }
  message User { string id = 1; string email = 2; string name = 3; }
  `,
  `
  import "google/protobuf/field_mask.proto";
  service Api {
    option (portico.v1.service) = {from: "in.Orders" allow: {public: true}};
    rpc List(ListRequest) returns (ListResponse) {
      option (portico.v1.method) = {
        call: {method: "List"}
        call: {name: "viewer" method: "in.Users/GetUser" on_error: {then: EMPTY}}
      };
    }
    rpc Watch(ListRequest) returns (stream WatchResponse);
  }
  message ListRequest { google.protobuf.FieldMask read_mask = 1; }
  message ListResponse {
    repeated Order orders = 1;
    string viewer_email = 2 [(portico.v1.field).from = "viewer.email"];
    string viewer_name = 3 [(portico.v1.field).from = "viewer.name"];
    string greeting = 4 [(portico.v1.field).from = "'hello ' + this.viewer_name"];
    string loud = 5 [(portico.v1.field).from = "this.greeting + '!'"];
  }
  message WatchResponse { repeated Order orders = 1; }
  message Order {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" on_error: {then: EMPTY}
    };
    string id = 1;
    string email = 2 [(portico.v1.field).from = "user.email"];
    string name = 3 [(portico.v1.field).from = "user.name"];
    string title = 4 [(portico.v1.field).from = "this.name + ', user'"];
  }
  `,
);

const orders = { orders: [{ id: "1", userId: "a" }] };
const down = () => {
  throw failure(Code.UNAVAILABLE);
};
const answers = {
  "in.Orders/List": () => orders,
  "in.Orders/Watch": () => [orders],
  "in.Users/BatchGetUsers": down,
  "in.Users/GetUser": down,
};

const ALL = [
  ...["greeting", "loud", "orders.email", "orders.name", "orders.title"],
  ...["viewer_email", "viewer_name"],
].join();

test.each([
  [undefined, ALL],
  ["", ALL],
  ["*", ALL],
  ["orders.id", undefined],
  ["viewerEmail", "viewer_email"],
  ["orders", "orders.email,orders.name,orders.title"],
  ["orders.id,orders.email,viewerName", "orders.email,viewer_name"],
  ["orders.title", "orders.title"],
  ["loud", "loud"],
])("portico-degraded names what the client wants: %s", async (readMask, degraded) => {
  const { run } = await schema;
  const request = readMask === undefined ? {} : { readMask };
  const { call, error } = await run(answers, { method: "pub.Api/List", request });
  expect(error).toBeUndefined();
  expect(call.degraded).toBe(degraded);
});

test("of a stream as well", async () => {
  const { run } = await schema;
  const request = { readMask: "orders.name" };
  const { call, error } = await run(answers, { method: "pub.Api/Watch", request });
  expect(error).toBeUndefined();
  expect(call.degraded).toBe("orders.name");
});
