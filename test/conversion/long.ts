import type { Sources } from "../support/compile.js";

const WORDS = "considerably_long_name_of_a_field_that_somebody_once_found_to_be_a_good_idea_indeed";
const NUMBERS = Array.from({ length: 12 }, (_, i) => i + 1);
const types = ["string", "int64", "bool", "double", "bytes"];

/** Names over which lines have to be broken: of fields, messages, calls, joins. */
export const long: Sources = {
  "internal.proto": `syntax = "proto3"; package in;
    service Things {
      rpc ListThings(ListThingsRequest) returns (ListThingsResponse);
      rpc GetUser(GetUserRequest) returns (User);
      rpc BatchGetUsers(BatchGetUsersRequest) returns (BatchGetUsersResponse);
    }
    message ListThingsRequest { Filter ${WORDS}_filter = 1; }
    message Filter { ${NUMBERS.map((n) => `optional ${types[n % 5]} ${WORDS}_${n} = ${n};`).join(" ")} }
    message ListThingsResponse { repeated Thing things = 1; }
    message Thing { ${NUMBERS.map((n) => `string ${WORDS}_${n} = ${n};`).join(" ")} repeated string ids = 100; }
    message GetUserRequest { string id = 1; string ${WORDS} = 2; }
    message User { string id = 1; string ${WORDS} = 2; string manager_id = 3; }
    message BatchGetUsersRequest { repeated string ids = 1; string tenant = 2; }
    message BatchGetUsersResponse { repeated User users = 1; }`,
  "public.proto": `syntax = "proto3"; package pub; import "portico/v1/options.proto";
    service Things {
      option (portico.v1.service) = { from: "in.Things" allow: {role: "viewer" role: "${WORDS}_reader" scope: "${WORDS}"} };
      rpc ListThings(ListThingsRequest) returns (ListThingsResponse) {
        option (portico.v1.method) = {
          call: {method: "ListThings"}
          call: {name: "${WORDS}_first" method: "GetUser" set: "id = request.id" set: "${WORDS} = auth.claims.${WORDS}"}
          call: {name: "${WORDS}_second" method: "GetUser" set: "id = ${WORDS}_first.id" set: "${WORDS} = request.id"}
        };
      }
    }
    message ListThingsRequest {
      string id = 50;
      ${NUMBERS.map((n) => `optional ${types[n % 5]} f${n} = ${n} [(portico.v1.field).to = "${WORDS}_filter.${WORDS}_${n}"];`).join("\n      ")}
    }
    message ListThingsResponse {
      repeated Thing things = 1;
      string first = 2 [(portico.v1.field).from = "${WORDS}_first.${WORDS}"];
      ThingOfAConsiderablyLongNameThatSomebodyFoundGoodOnceUponATime own = 3 [(portico.v1.field).from = "${WORDS}_second"];
    }
    message ThingOfAConsiderablyLongNameThatSomebodyFoundGoodOnceUponATime { string id = 1; }
    message Thing {
      option (portico.v1.message) = {
        ${NUMBERS.slice(0, 6)
          .map(
            (n) =>
              `join: {name: "${WORDS}_user_${n}" method: "in.Things/BatchGetUsers" key: "${WORDS}_${n} -> ids = users.id" on_missing: ${n % 2 === 0 ? "DROP" : "EMPTY"} set: "tenant = request.id"}`,
          )
          .join("\n        ")}
      };
      ${NUMBERS.map((n) => `string ${WORDS}_${n} = ${n};`).join("\n      ")}
      ${NUMBERS.slice(0, 6)
        .map(
          (n) => `string email_${n} = ${n + 50} [(portico.v1.field).from = "${WORDS}_user_${n}.${WORDS}"];`,
        )
        .join("\n      ")}
      repeated User users = 90 [(portico.v1.field).key = "ids"];
      User user = 91 [(portico.v1.field).key = "${WORDS}_1"];
      string in_second = 92 [(portico.v1.field).from = "${WORDS}_second.${WORDS}"];
    }
    message User {
      option (portico.v1.message).load = {method: "in.Things/BatchGetUsers" key: "ids = users.id"};
      string id = 1;
      Manager ${WORDS}_manager = 2 [(portico.v1.field).key = "manager_id"];
    }
    message Manager {
      option (portico.v1.message).load = {method: "in.Things/BatchGetUsers" key: "ids = users.id"};
      string id = 1;
    }`,
};
