import type { GatewayApi } from "@portico/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { type Compiled, compile, load } from "../support/compile.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

const sources = {
  "internal.proto": `
    syntax = "proto3";
    package in;
    service Orders { rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse); }
    service Users { rpc BatchGetUsers(BatchGetUsersRequest) returns (BatchGetUsersResponse); }
    message ListOrdersRequest {}
    message Order { string id = 1; string user_id = 2; }
    message ListOrdersResponse { repeated Order orders = 1; }
    message BatchGetUsersRequest { repeated string ids = 1; }
    message User { string id = 1; string email = 2; }
    message BatchGetUsersResponse { repeated User users = 1; }
  `,
  "public.proto": `
    syntax = "proto3";
    package pub;
    import "portico/v1/options.proto";
    service Orders {
      option (portico.v1.service) = { from: "in.Orders" allow: {public: true} };
      rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);
    }
    message ListOrdersRequest {}
    message ListOrdersResponse { repeated Order orders = 1; }
    message Order {
      option (portico.v1.message).join = {
        name: "user"
        method: "in.Users/BatchGetUsers"
        key: "user_id -> ids = users.id"
        batch_size: 3
      };
      string id = 1;
      string email = 2 [(portico.v1.field).from = "user.email"];
    }
  `,
};

describe("a batched join", () => {
  let compiled: Compiled;
  let api: GatewayApi;

  beforeAll(async () => {
    compiled = compile(sources);
    api = await load(compiled);
  });

  const orders = (...userIds: string[]) => ({
    orders: userIds.map((userId, i) => ({ id: `o${i}`, userId })),
  });

  it("asks once for each distinct key, in batches, and matches by key", async () => {
    const upstream = new FakeUpstream(compiled.registry, {
      "in.Orders/ListOrders": () => orders("a", "b", "a", "c", "d", ""),
      "in.Users/BatchGetUsers": (request) => {
        const { ids } = request as { ids: string[] };
        // Shuffled, duplicated, and with a row that belongs to another batch.
        return {
          users: [...ids]
            .reverse()
            .flatMap((id) => [
              { id, email: `${id}@x` },
              { id, email: "second" },
            ])
            .concat([
              { id: "d", email: ids.includes("d") ? "later" : "foreign" },
              { id: "a", email: "foreign" },
            ]),
        };
      },
    });
    const { response, error } = await invoke(api, upstream, "pub.Orders/ListOrders", {});
    expect(error).toBeUndefined();
    expect(response).toEqual({
      orders: [
        { id: "o0", email: "a@x" },
        { id: "o1", email: "b@x" },
        { id: "o2", email: "a@x" },
        { id: "o3", email: "c@x" },
        { id: "o4", email: "d@x" },
        { id: "o5" },
      ],
    });
    const asked = upstream.calls
      .filter((call) => call.method === "in.Users/BatchGetUsers")
      .map((call) => call.request);
    expect(asked).toEqual([{ ids: ["a", "b", "c"] }, { ids: ["d"] }]);
  });
});
