import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Workspace } from "./workspace.js";

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const PUBLIC = "public/api/v1/orders.proto";

test("writes the list, beside buf.gen.yaml, as the plugin generates it", () => {
  expect(workspace.portico("exposure")).toEqual({
    status: 0,
    out: "",
    err: "wrote exposure.json: 5 readable, 2 writable\n",
  });
  expect(workspace.read("exposure.json")).toBe(`{
  "readable": [
    { "internal": "orders.v1.ListOrdersResponse.orders", "public": "api.v1.ListOrdersResponse.orders", "through": "orders.v1.Orders/ListOrders", "for": ["role:viewer"] },
    { "internal": "orders.v1.Order.id", "public": "api.v1.NewOrder.id", "through": "orders.v1.Orders/CreateOrder", "for": ["role:admin scope:orders.write"] },
    { "internal": "orders.v1.Order.id", "public": "api.v1.Order.id", "through": "orders.v1.Orders/ListOrders", "for": ["role:viewer"] },
    { "internal": "orders.v1.Order.product", "public": "api.v1.Order.product", "through": "orders.v1.Orders/ListOrders", "for": ["role:viewer"] },
    { "internal": "users.v1.User.email", "public": "api.v1.Order.user_email", "through": "users.v1.Users/BatchGetUsers", "for": ["role:viewer"] }
  ],
  "writable": [
    { "internal": "orders.v1.CreateOrderRequest.product", "public": "api.v1.CreateOrderRequest.product", "through": "orders.v1.Orders/CreateOrder", "for": ["role:admin scope:orders.write"] },
    { "internal": "orders.v1.ListOrdersRequest.page_size", "public": "api.v1.ListOrdersRequest.page_size", "through": "orders.v1.Orders/ListOrders", "for": ["role:viewer"] }
  ]
}
`);
  expect(workspace.buf("generate").status).toBe(0);
  expect(workspace.read("gen/exposure.json")).toBe(workspace.read("exposure.json"));
  expect(workspace.portico("exposure", "--out", "-").out).toBe(workspace.read("exposure.json"));
});

describe("--check", () => {
  beforeEach(() => {
    workspace.portico("exposure");
  });
  const check = (...args: string[]) => workspace.portico("exposure", "--check", ...args);
  const NOT_CURRENT =
    "exposure.json is not current: `portico exposure` writes it, for its diff to be reviewed\n";

  test("no difference, however the file is formatted", () => {
    expect(check()).toEqual({ status: 0, out: "", err: "" });
    workspace.write("exposure.json", JSON.stringify(JSON.parse(workspace.read("exposure.json")), null, 4));
    expect(check()).toEqual({ status: 0, out: "", err: "" });
  });

  test("a field that is newly public, and to whom", () => {
    workspace.edit(
      PUBLIC,
      "string product = 2;",
      'string product = 2; string phone = 4 [(portico.v1.field).from = "user.phone"];',
    );
    expect(check()).toEqual({
      status: 1,
      out: `newly public: users.v1.User.phone, to role viewer
  + as api.v1.Order.phone, through users.v1.Users/BatchGetUsers, for role viewer
`,
      err: NOT_CURRENT,
    });
    // Writing it is one more line.
    const before = workspace.read("exposure.json").split("\n");
    workspace.portico("exposure");
    const after = workspace.read("exposure.json").split("\n");
    expect(after.filter((line) => !before.includes(line))).toHaveLength(2); // with the comma of the line before
    expect(check().status).toBe(0);
  });

  test("a field that is newly writable, and by whom", () => {
    workspace.edit(PUBLIC, "message CreateOrderRequest {", "message CreateOrderRequest { string note = 2;");
    expect(
      check().out,
    ).toBe(`newly writable: orders.v1.CreateOrderRequest.note, by role admin with scope orders.write
  + from api.v1.CreateOrderRequest.note, through orders.v1.Orders/CreateOrder, for role admin with scope orders.write
`);
  });

  test("a policy that is wider: what was for few is for all now", () => {
    workspace.edit(PUBLIC, 'allow: {role: "admin", scope: "orders.write"}', "allow: {authenticated: true}");
    const { status, out } = check();
    expect(status).toBe(1);
    expect(out).toContain(
      "public to more: orders.v1.Order.id, now also to everybody with credentials; before: role admin with scope orders.write, or role viewer\n",
    );
    expect(out).toContain(
      "writable by more: orders.v1.CreateOrderRequest.product, now also by everybody with",
    );
    expect(out).not.toContain("orders.v1.Order.product");
  });

  test("what is not public any more, to fewer, or another way", () => {
    workspace.edit(PUBLIC, 'string user_email = 3 [(portico.v1.field).from = "user.email"];', "");
    workspace.edit(PUBLIC, "string product = 2;", 'string name = 2 [(portico.v1.field).from = "product"];');
    workspace.edit(PUBLIC, 'allow: {role: "viewer"}', 'allow: {role: "viewer", scope: "orders.read"}');
    expect(
      check()
        .out.split("\n")
        .filter((line) => /^\S/.test(line)),
    ).toEqual([
      "public to fewer: orders.v1.ListOrdersResponse.orders, no longer to role viewer",
      "public to fewer: orders.v1.Order.id, no longer to role viewer",
      "public to fewer: orders.v1.Order.product, no longer to role viewer",
      "writable by fewer: orders.v1.ListOrdersRequest.page_size, no longer by role viewer",
      "no longer public: users.v1.User.email",
    ]);
    workspace.edit(PUBLIC, 'allow: {role: "viewer", scope: "orders.read"}', 'allow: {role: "viewer"}');
    expect(check().out).toContain(`public another way: orders.v1.Order.product
  - as api.v1.Order.product, through orders.v1.Orders/ListOrders, for role viewer
  + as api.v1.Order.name, through orders.v1.Orders/ListOrders, for role viewer
`);
  });

  test("as JSON", () => {
    workspace.edit(PUBLIC, '"user.email"', '"user.phone"');
    expect(JSON.parse(check("--format", "json").out)).toMatchObject([
      { kind: "readable", change: "new", internal: "users.v1.User.phone", to: ["role:viewer"], before: [] },
      { kind: "readable", change: "gone", internal: "users.v1.User.email", to: ["role:viewer"] },
    ]);
  });

  test("a file that is missing, or is no list", () => {
    expect(check("--out", "other.json")).toMatchObject({
      status: 1,
      err: "other.json is not there: `portico exposure` writes it\n",
    });
    workspace.write("exposure.json", "<<<<<<< HEAD\n");
    expect(check()).toMatchObject({ status: 2, err: expect.stringContaining("is no list of exposure") });
    workspace.write("exposure.json", '{"readable": [null], "writable": []}');
    expect(check()).toMatchObject({ status: 2, err: expect.stringContaining("is no list of exposure") });
  });
});

test("where the annotations are wrong, the findings, and nothing is written", () => {
  workspace.edit(PUBLIC, '"user.email"', '"user.emall"');
  const { status, out, err } = workspace.portico("exposure");
  expect({ status, out }).toEqual({ status: 1, out: "" });
  expect(err).toContain("path-unknown");
  expect(() => workspace.read("exposure.json")).toThrow();
});

test("every message further in, by whatever road it is reached", () => {
  workspace.write(
    "internal/shop/v1/shop.proto",
    `syntax = "proto3";
package shop.v1;
import "common/v1/money.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/any.proto";
service Shop {
  rpc GetCart(GetCartRequest) returns (Cart);
  rpc UpdateCart(UpdateCartRequest) returns (Cart);
  rpc BatchGetTags(BatchGetTagsRequest) returns (BatchGetTagsResponse);
}
message GetCartRequest { string id = 1; Filter filter = 2; }
message Filter { string owner = 1; }
message UpdateCartRequest { Cart cart = 1; }
message Cart {
  string id = 1;
  map<string, Item> items = 2;
  oneof payer { Person person = 3; Company company = 4; }
  Cart next = 5;
  google.protobuf.Timestamp at = 6;
  google.protobuf.Any extra = 7;
  common.v1.Money total = 8;
}
message Item { string name = 1; repeated string tag_ids = 2; }
message Person { string name = 1; }
message Company { string name = 1; }
message BatchGetTagsRequest { repeated string ids = 1; string lang = 2; }
message BatchGetTagsResponse { repeated Tag tags = 1; }
message Tag { string id = 1; string text = 2; }
`,
  );
  workspace.write(
    "internal/common/v1/money.proto",
    'syntax = "proto3"; package common.v1; message Money { int64 units = 1; string currency = 2; }',
  );
  workspace.write(
    "public/api/v1/orders.proto",
    `syntax = "proto3";
package api.v1;
import "common/v1/money.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/any.proto";
import "portico/v1/options.proto";
service Shop {
  option (portico.v1.service) = {from: "shop.v1.Shop", allow: {public: true}};
  rpc GetCart(GetCartRequest) returns (Cart);
  rpc UpdateCart(UpdateCartRequest) returns (Changed) {
    option (portico.v1.method).allow = {role: "owner"};
  }
}
message GetCartRequest {
  string id = 1;
  string whose = 2 [(portico.v1.field).to = "filter.owner"];
  string lang = 3;
}
message UpdateCartRequest { Draft cart = 1; }
message Draft { string id = 1; Person person = 2; }
message Changed { string id = 1; }
message Cart {
  string id = 1;
  map<string, Item> items = 2;
  Person person = 3;
  Cart next = 4;
  google.protobuf.Timestamp at = 5;
  google.protobuf.Any extra = 6 [(portico.v1.field).any = "api.v1.Firm"];
  common.v1.Money total = 7;
}
message Item {
  string name = 1;
  repeated Tag tags = 2 [(portico.v1.field).key = "tag_ids"];
}
message Tag {
  option (portico.v1.message).load = {
    method: "shop.v1.Shop/BatchGetTags" key: "ids = tags.id" set: "lang = request.lang"
  };
  string text = 1;
}
message Person { string name = 1; }
message Firm {
  option (portico.v1.message).source = "shop.v1.Company";
  string name = 1;
}
`,
  );
  const { out, err } = workspace.portico("exposure", "--out", "-", "--opt", "shared=common.v1");
  expect(err).toBe("");
  const list = JSON.parse(out) as Record<"readable" | "writable", Array<Record<string, string>>>;
  const told = (kind: "readable" | "writable") =>
    list[kind].map(
      (entry) => `${entry.internal} ${entry.public} ${entry.through!.split("/")[1]} ${entry.for}`,
    );
  expect(told("readable")).toEqual([
    "common.v1.Money.currency common.v1.Money.currency GetCart public",
    "common.v1.Money.units common.v1.Money.units GetCart public",
    "shop.v1.BatchGetTagsResponse.tags api.v1.Item.tags BatchGetTags public",
    "shop.v1.Cart.at api.v1.Cart.at GetCart public",
    "shop.v1.Cart.extra api.v1.Cart.extra GetCart public",
    "shop.v1.Cart.id api.v1.Cart.id GetCart public",
    "shop.v1.Cart.id api.v1.Changed.id UpdateCart role:owner",
    "shop.v1.Cart.items api.v1.Cart.items GetCart public",
    "shop.v1.Cart.next api.v1.Cart.next GetCart public",
    "shop.v1.Cart.person api.v1.Cart.person GetCart public",
    "shop.v1.Cart.total api.v1.Cart.total GetCart public",
    "shop.v1.Company.name api.v1.Firm.name GetCart public",
    "shop.v1.Item.name api.v1.Item.name GetCart public",
    "shop.v1.Person.name api.v1.Person.name GetCart public",
    "shop.v1.Tag.text api.v1.Tag.text BatchGetTags public",
  ]);
  expect(told("writable")).toEqual([
    "shop.v1.BatchGetTagsRequest.lang api.v1.GetCartRequest.lang BatchGetTags public",
    "shop.v1.Cart.id api.v1.Draft.id UpdateCart role:owner",
    "shop.v1.Cart.person api.v1.Draft.person UpdateCart role:owner",
    "shop.v1.Filter.owner api.v1.GetCartRequest.whose GetCart public",
    "shop.v1.GetCartRequest.id api.v1.GetCartRequest.id GetCart public",
    "shop.v1.Person.name api.v1.Person.name UpdateCart role:owner",
    "shop.v1.UpdateCartRequest.cart api.v1.UpdateCartRequest.cart UpdateCart role:owner",
  ]);
});
