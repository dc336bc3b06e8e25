import { expect, it } from "vitest";
import { gateway } from "../support/gateway.js";

// What a join reads of the message around its row is needed where keys are gathered, and not where rows are written.
const internal = `
  service Docs { rpc Get(Empty) returns (Docs_); }
  message Empty {}
  message Doc { string user_id = 1; }
  message Docs_ { repeated Doc docs = 1; bool shows_users = 2; }
  service Users { rpc BatchGetUsers(BatchGet) returns (Users_); }
  message BatchGet { repeated string ids = 1; }
  message User { string id = 1; string email = 2; }
  message Users_ { repeated User users = 1; }
`;
const api = `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
  }
  message GetRequest {}
  message GetResponse { repeated Doc docs = 1; }
  message Doc {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id"
      when: "parent.shows_users && size(parent.docs) < 3"
    };
    string email = 1 [(portico.v1.field).from = "user.email"];
  }
`;

it.each([
  [true, [{ email: "e1" }, { email: "e2" }]],
  [false, [{}, {}]],
])("a join of the elements of a list whose `when` reads the message around: %s", async (showsUsers, docs) => {
  const schema = await gateway(internal, api);
  const run = await schema.run({
    "in.Docs/Get": () => ({ docs: [{ userId: "u1" }, { userId: "u2" }], showsUsers }),
    "in.Users/BatchGetUsers": () => ({
      users: [
        { id: "u1", email: "e1" },
        { id: "u2", email: "e2" },
      ],
    }),
  });
  expect(run.error).toBeUndefined();
  expect(run.response).toEqual({ docs });
  expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(showsUsers ? 1 : 0);
});
