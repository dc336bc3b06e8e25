import type { Sources } from "../support/compile.js";

const from = (cel: string) => `[(portico.v1.field).from = ${JSON.stringify(cel)}]`;

/** Expressions, and names that the generated code has a use for itself. */
export const expressions: Sources = {
  "internal.proto": `syntax = "proto3"; package in;
    import "google/protobuf/timestamp.proto";
    service Docs { rpc Get(GetRequest) returns (Doc); rpc Watch(GetRequest) returns (stream Doc); }
    service Users { rpc GetUser(GetRequest) returns (User); rpc BatchGetUsers(BatchGetRequest) returns (Users_); }
    message GetRequest { string id = 1; }
    message BatchGetRequest { repeated string ids = 1; }
    message User { string id = 1; string email = 2; string org = 3; }
    message Users_ { repeated User users = 1; }
    message Item { string name = 1; User owner = 2; string user_id = 3; }
    message Doc {
      string id = 1; repeated Item items = 2; User owner = 3; string currency = 4; string owner_id = 5;
      map<string, Item> by_name = 6; google.protobuf.Timestamp at = 7;
    }`,
  "public.proto": `syntax = "proto3"; package pub;
    import "portico/v1/options.proto";
    service Api {
      option (portico.v1.service) = {
        from: "in.Docs"
        allow: {authenticated: true when: "auth.roles.exists(caller, caller == auth.subject)"}
      };
      rpc Get(GetRequest) returns (Doc) {
        option (portico.v1.method) = {
          call: {method: "Get"}
          call: {name: "viewer" method: "in.Users/GetUser" set: "id = auth.subject"}
          allow: {authenticated: true when: "timestamp('2026-01-01T00:00:00Z') < now()"}
          ensure: {that: "user.org == viewer.org"}
          ensure: {that: "auth.subject == request.id"}
        };
      }
      rpc GetParents(GetRequest) returns (Parents) { option (portico.v1.method).call = {method: "Get"}; }
      rpc Watch(GetRequest) returns (stream Watched) {
        option (portico.v1.method) = {
          call: {method: "Watch"}
          call: {name: "one" method: "in.Users/GetUser" set: "id = auth.subject"}
          call: {name: "two" method: "in.Users/GetUser" set: "id = request.id"}
          ensure: {that: "one.org == 'a'"}
          ensure: {that: "source.owner_id == auth.subject"}
        };
      }
    }
    message GetRequest { string id = 1; }
    message Watched { string id = 1; string one = 2 ${from("one.email")}; string two = 3 ${from("two.email")}; }
    message Doc {
      option (portico.v1.message).join = {
        name: "user" method: "in.Users/BatchGetUsers" key: "owner_id -> ids = users.id" on_missing: FAIL
      };
      string email = 1 ${from("user.email")};
      bool is_past = 2 ${from("at < now()")};
      string class = 3 ${from("id + 'x'")};
      string arguments = 4 ${from("this.class + 'x'")};
      string constructor = 5 ${from("id.substring(1)")};
      repeated string let = 6 ${from("items.map(call, call.name + id)")};
      oneof one {
        string first = 7 [(portico.v1.field) = {
          from: "currency + 'x'"
          when: "id == 'x' ? currency == 'some long text' || owner_id == '(a' : owner_id == 'another long text' || id == '|| '"
        }];
        User last = 8 ${from("items.map(i, i.owner).filter(o, o.email != '').first()")};
      }
    }
    message User { string id = 1; }
    message Parents { repeated Item items = 2; map<string, Item> by_name = 3;
      repeated Person people = 4 [(portico.v1.field).key = "items.map(i, i.user_id)"]; }
    message Item {
      string parent = 1 ${from("parent.currency + 'x'")};
      string cel = 2 ${from("name + 'x'")};
      string source = 3 ${from("name + source.name")};
      string w = 4 ${from("name + 'x'")};
      string row = 5 ${from("name + 'x'")};
      string computed = 6 ${from("name.substring(1)")};
    }
    message Person {
      option (portico.v1.message) = {
        load: {method: "in.Users/BatchGetUsers" key: "ids = users.id"}
        join: {name: "boss" method: "in.Users/BatchGetUsers" key: "org -> ids = users.id"}
      };
      string id = 1 ${from("parent.currency + id")};
      string boss = 2 ${from("boss.email")};
    }`,
};
