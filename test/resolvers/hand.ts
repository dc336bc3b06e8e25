import type { GatewayApi } from "@portico/runtime";
import { expect } from "vitest";
import { explain } from "../../plugin/src/emit/report/explain.js";
import { explainText } from "../../plugin/src/emit/report/explain-text.js";
import { makePlan } from "../../plugin/src/plan/plan.js";
import { sourceTexts } from "../../plugin/src/source/text.js";
import { type Compiled, compile, load } from "../support/compile.js";
import { internal } from "./shop.js";

/** A shop whose public methods are written by hand. */
export const byHand = `
  syntax = "proto3";
  package api.v1;
  import "google/protobuf/field_mask.proto";
  import "portico/v1/options.proto";
  service Shop {
    option (portico.v1.service) = {from: "shop.v1.Orders", allow: {public: true}};
    rpc Search(SearchRequest) returns (Answer) {
      option (portico.v1.method) = {
        resolver: "search"
        allow: {authenticated: true, when: "request.text != 'forbidden'"}
        call: {method: "ListOrders"}
        call: {
          name: "me"
          method: "shop.v1.Users/GetUser"
          set: "id = request.text"
          when: "request.text != ''"
          on_error: {code: "UNAVAILABLE", then: EMPTY}
        }
        ensure: {that: "orders.size() < 5", code: "FAILED_PRECONDITION", message: "too many"}
      };
    }
    rpc Alone(SearchRequest) returns (Answer) {
      option (portico.v1.method) = {resolver: "alone", may_call: "shop.v1.Users/GetUser", max_calls: 4};
    }
    rpc Pick(SearchRequest) returns (Answer) {
      option (portico.v1.method) = {
        resolver: "pick"
        call: {name: "my_age", method: "shop.v1.Users/GetUser", select: "age"}
        call: {name: "all", method: "shop.v1.Users/BatchGetUsers", select: "users", set: "ids = ['u1']"}
      };
    }
    rpc Update(UpdateRequest) returns (Answer) { option (portico.v1.method).resolver = "update"; }
    rpc Picked(SearchRequest) returns (Answer) {
      option (portico.v1.method) = {resolver: "picked", call: {method: "CreateOrder", select: "address"}};
    }
    rpc Change(SearchRequest) returns (Answer) {
      option (portico.v1.method) = {resolver: "change", may_call: "CreateOrder"};
    }
    rpc Watch(SearchRequest) returns (stream Answer) {
      option (portico.v1.method) = {
        resolver: "watch"
        call: {method: "ListOrders", max_rows: 3}
        may_call: "shop.v1.Users/GetUser"
        max_calls: 3
      };
    }
    rpc Upload(stream SendRequest) returns (Answer) {
      option (portico.v1.method) = {resolver: "upload"};
    }
    rpc Chat(stream SendRequest) returns (stream Answer) {
      option (portico.v1.method) = {
        resolver: "chat"
        call: {name: "me", method: "shop.v1.Users/GetUser", set: "id = request.text"}
      };
    }
  }
  message SearchRequest {
    string text = 1;
    int32 page_size = 2;
    Filter filter = 3;
    google.protobuf.FieldMask read_mask = 4;
  }
  message UpdateRequest {
    Order order = 1;
    google.protobuf.FieldMask update_mask = 2;
    string text = 3;
  }
  message SendRequest {
    string text = 1;
    int32 page_size = 2;
    Filter filter = 3;
  }
  message Filter {
    int64 min_cents = 1;
    optional bool hidden = 2 [(portico.v1.field).allow = {role: "support"}];
  }
  message Answer {
    repeated Order orders = 1;
    string note = 2;
    map<string, Order> by_id = 3;
    optional string secret = 4 [(portico.v1.field).allow = {role: "support", when: "request.text == 'secret'"}];
  }
  message Order {
    string id = 1;
    optional string phone = 2 [(portico.v1.field).allow = {role: "support"}];
    repeated Order kin = 3;
    Level level = 4;
    int64 cents = 5;
  }
  enum Level { LEVEL_UNSPECIFIED = 0; LEVEL_HIGH = 2; }
`;

export const inside = internal
  .replace("rpc WatchOrders", "rpc CreateOrder(CreateOrderRequest) returns (Order);\n    rpc WatchOrders")
  .replace(
    "message GetUserRequest",
    "message CreateOrderRequest { string user_id = 1; }\n  message GetUserRequest",
  );

export interface Hand {
  readonly compiled: Compiled;
  readonly api: GatewayApi;
  explained(): string;
}

export async function hand(): Promise<Hand> {
  const compiled = compile({ "shop.proto": inside, "api.proto": byHand });
  expect(compiled.error).toBeUndefined();
  return {
    compiled,
    api: await load(compiled),
    explained: () => {
      const { registry } = compiled;
      const targets = ["shop.proto", "api.proto"];
      const sharedPackages = ["google.protobuf"];
      return explainText(
        explain(makePlan({ registry, targets, texts: sourceTexts([]), sharedPackages }).plan),
      );
    },
  };
}

const made = (name: string, audience = "public") => [
  "resolver alone",
  `api.v1.${name}`,
  "resolver alone",
  audience,
];
const user = "shop.v1.Users/GetUser";

/** What exposure.json says of the method Alone: internal, public, through, for. */
export const found = {
  readable: [
    made("Answer.by_id"),
    made("Answer.note"),
    made("Answer.orders"),
    made("Answer.secret", "role:support when:\"request.text == 'secret'\""),
    made("Order.cents"),
    made("Order.id"),
    made("Order.kin"),
    made("Order.level"),
    made("Order.phone", "role:support"),
    ["shop.v1.User.age", "api.v1.Answer", user, "public"],
    ["shop.v1.User.email", "api.v1.Answer", user, "public"],
    ["shop.v1.User.id", "api.v1.Answer", user, "public"],
  ],
  writable: [["shop.v1.GetUserRequest.id", "api.v1.SearchRequest", user, "public"]],
};
