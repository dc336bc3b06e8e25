/** A shop whose public orders have fields that hand-written functions make. */
export const internal = `
  syntax = "proto3";
  package shop.v1;
  import "google/protobuf/timestamp.proto";
  import "portico/v1/options.proto";
  service Orders {
    rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);
    rpc WatchOrders(ListOrdersRequest) returns (stream ListOrdersResponse);
  }
  service Users {
    rpc BatchGetUsers(BatchGetUsersRequest) returns (BatchGetUsersResponse);
    rpc GetUser(GetUserRequest) returns (User);
  }
  message ListOrdersRequest { int32 page_size = 1; }
  message ListOrdersResponse { repeated Order orders = 1; }
  message Order {
    string id = 1;
    string user_id = 2;
    int64 cents = 3;
    int32 count = 4;
    optional string note = 5;
    State state = 6;
    map<string, int32> parts = 7;
    repeated string tags = 8;
    google.protobuf.Timestamp placed_at = 9;
    Address address = 10;
    uint32 weight = 11;
    bytes hash = 12;
  }
  message Address { string city = 1; string door_code = 2 [(portico.v1.field).internal = true]; Address next = 3; }
  enum State { STATE_UNSPECIFIED = 0; STATE_OPEN = 1; }
  message GetUserRequest { string id = 1; }
  message BatchGetUsersRequest { repeated string ids = 1; }
  message BatchGetUsersResponse { repeated User users = 1; }
  message User {
    string id = 1;
    string email = 2;
    string secret = 3 [debug_redact = true];
    optional int32 age = 4;
  }
`;

/** The public file, with these fields of Order (from number 20 on). */
export function shop(fields: string, more = ""): string {
  return `
    syntax = "proto3";
    package api.v1;
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/wrappers.proto";
    import "portico/v1/options.proto";
    service Shop {
      option (portico.v1.service) = {from: "shop.v1.Orders", allow: {public: true}};
      rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);
    }
    message ListOrdersRequest { int32 page_size = 1; }
    message ListOrdersResponse { repeated Order orders = 1; }
    message Order {
      option (portico.v1.message).join = {
        name: "user"
        method: "shop.v1.Users/BatchGetUsers"
        key: "user_id -> ids = users.id"
      };
      string id = 1;
      ${fields}
    }
    enum Level { LEVEL_UNSPECIFIED = 0; LEVEL_HIGH = 2; }
    ${more}
  `;
}

export const order = { id: "o1", userId: "u1", cents: "1999", count: 3 };
export const users = {
  "shop.v1.Users/BatchGetUsers": (request: unknown) => ({
    users: (request as { ids: string[] }).ids
      .filter((id) => id !== "u0")
      .map((id) => ({ id, email: `${id}@x.example`, secret: "s" })),
  }),
  "shop.v1.Users/GetUser": (request: unknown) => ({
    id: (request as { id: string }).id,
    email: "direct@x.example",
    secret: "s",
  }),
};
