import { Code } from "@portico/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { type Answers, failure, type Gateway, gateway } from "../support/gateway.js";

const internal = `
  service Docs { rpc Get(Empty) returns (Docs_); }
  message Empty {}
  message Doc { string key = 1; }
  message Docs_ { repeated Doc docs = 1; }
  service Items {
    rpc BatchListItems(ListRequest) returns (Items_);
    rpc ListItems(ListOfOne) returns (Items_);
    rpc ListAll(Empty_) returns (Items_);
  }
  message ListRequest { repeated string owners = 1; string page_token = 2; string tenant = 3; }
  message ListOfOne { string owner = 1; string page_token = 20; }
  message Empty_ { string page_token = 1; }
  message Item { string id = 1; string owner = 2; }
  message Items_ { repeated Item items = 1; string next_page_token = 2; int32 total = 3; }
`;
const service = `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
  }
  message GetRequest {}
  message GetResponse { repeated Doc docs = 1; }
  message Item { string id = 1; }
`;
const docs = (...all: string[]): Answers => ({
  "in.Docs/Get": () => ({ docs: all.map((key) => ({ key })) }),
});
interface Asked {
  readonly owners?: readonly string[];
  readonly owner?: string;
  readonly pageToken?: string;
}

/** Each owner has three items; two items go on a page, whose token is the number of the first one. */
function page(owners: readonly string[], token = "0", size = 2) {
  const all = [1, 2, 3].flatMap((n) => owners.map((owner) => ({ id: `${owner}${n}`, owner })));
  const from = Number(token);
  const more = from + size < all.length;
  return {
    items: all.slice(from, from + size),
    ...(more ? { nextPageToken: String(from + size) } : {}),
    total: all.length,
  };
}
const items = (owner: string) => [1, 2, 3].map((n) => ({ id: `${owner}${n}` }));

describe("the pages of a batch", () => {
  const claims = { tenant: "t" };
  let schema: Gateway;
  beforeAll(async () => {
    schema = await gateway(
      internal,
      `${service.replace("public: true", "authenticated: true")}
      message Doc {
        option (portico.v1.message).join = {
          name: "items" method: "in.Items/BatchListItems" key: "key -> owners = items.owner"
          set: "tenant = auth.claims.tenant" batch_size: 2 max_pages: 3 max_rows: 12
        };
        repeated Item items = 1;
      }`,
    );
  });

  it("are followed one after the other, batches side by side; each asks for the same", async () => {
    const run = await schema.run(
      {
        ...docs("a", "b", "c", "a"),
        "in.Items/BatchListItems": ({ owners, pageToken }: Asked) => page(owners!, pageToken),
      },
      { claims },
    );
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual(["a", "b", "c", "a"].map((owner) => ({ items: items(owner) })));
    const asked = run.asked("in.Items/BatchListItems");
    expect(asked.slice(0, 2)).toEqual([
      { owners: ["a", "b"], tenant: "t" },
      { owners: ["c"], tenant: "t" },
    ]);
    expect(asked).toHaveLength(5);
    expect(asked).toContainEqual({ owners: ["a", "b"], pageToken: "2", tenant: "t" });
    expect(asked).toContainEqual({ owners: ["a", "b"], pageToken: "4", tenant: "t" });
    expect(asked).toContainEqual({ owners: ["c"], pageToken: "2", tenant: "t" });
    expect(run.upstream.peak).toBe(2);
  });

  it("beyond the last that is followed are an error", async () => {
    const run = await schema.run(
      {
        ...docs("a", "b"),
        "in.Items/BatchListItems": ({ owners, pageToken }: Asked) => page(owners!, pageToken, 1),
      },
      { claims },
    );
    expect(run.error?.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(run.error?.message).toBe("the request needs too many pages");
    expect(run.asked("in.Items/BatchListItems")).toHaveLength(3);
  });

  it("that never end, end", async () => {
    const run = await schema.run(
      { ...docs("a"), "in.Items/BatchListItems": () => ({ items: [], nextPageToken: "again" }) },
      { claims },
    );
    expect(run.error?.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(run.asked("in.Items/BatchListItems")).toHaveLength(3);
  });

  it("count as calls, and their rows as rows", async () => {
    const answers = (size: number): Answers => ({
      ...docs("a"),
      "in.Items/BatchListItems": ({ owners, pageToken }: Asked) => page(owners!, pageToken, size),
    });
    const calls = await schema.run(answers(1), { claims, limits: { maxCalls: 3 } });
    expect(calls.error?.message).toBe("the request needs too many upstream calls");
    const many = Array.from({ length: 7 }, (_, n) => ({ id: String(n), owner: "a" }));
    const rows = await schema.run(
      { ...docs("a"), "in.Items/BatchListItems": () => ({ items: many, nextPageToken: "x" }) },
      { claims },
    );
    expect(rows.error?.message).toBe("the request needs too many rows");
    expect(rows.asked("in.Items/BatchListItems")).toHaveLength(2);
  });

  it("that fail fail the method", async () => {
    const run = await schema.run(
      {
        ...docs("a"),
        "in.Items/BatchListItems": ({ owners, pageToken }: Asked) => {
          if (pageToken !== undefined) throw failure(Code.UNAVAILABLE);
          return page(owners!);
        },
      },
      { claims },
    );
    expect(run.error?.code).toBe(Code.UNAVAILABLE);
  });
});

describe("pages of a call for each key", () => {
  it("whose whole reply answers, are one reply: lists go on, of single values the last counts", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message Doc {
        option (portico.v1.message).join = {
          name: "reply" method: "in.Items/ListItems" key: "key -> owner" max_keys: 10 max_pages: 2
        };
        repeated Item items = 1 [(portico.v1.field).from = "reply.items"];
        int32 total = 2 [(portico.v1.field).from = "reply.total"];
      }`,
    );
    const run = await schema.run({
      ...docs("a", "b", "x"),
      "in.Items/ListItems": ({ owner, pageToken }: Asked) => {
        if (owner === "x") throw failure(Code.NOT_FOUND);
        const answer = page([owner!], pageToken);
        return pageToken === undefined ? answer : { ...answer, total: 33 };
      },
    });
    expect(run.error).toBeUndefined();
    expect(run.response.docs).toEqual([
      { items: items("a"), total: 33 },
      { items: items("b"), total: 33 },
      {},
    ]);
    expect(run.asked("in.Items/ListItems")).toHaveLength(5);
  });

  it("of which a later one is not found fail the method: the first was there", async () => {
    const schema = await gateway(
      internal,
      `${service}
      message Doc {
        option (portico.v1.message).join = {
          name: "items" method: "in.Items/ListItems" key: "key -> owner = items.owner" max_keys: 10 max_pages: 2
        };
        repeated Item items = 1;
      }`,
    );
    const answer =
      (last: () => unknown) =>
      ({ owner, pageToken }: Asked) =>
        pageToken === undefined ? page([owner!]) : last();
    const lost = await schema.run({
      ...docs("a"),
      "in.Items/ListItems": answer(() => {
        throw failure(Code.NOT_FOUND);
      }),
    });
    expect(lost.error?.code).toBe(Code.NOT_FOUND);
    const found = await schema.run({ ...docs("a"), "in.Items/ListItems": answer(() => page(["a"], "2")) });
    expect(found.response.docs).toEqual([{ items: items("a") }]);
  });
});

it("a call without keys has pages too", async () => {
  const schema = await gateway(
    internal,
    `${service}
    message Doc {
      option (portico.v1.message).join = {
        name: "items" method: "in.Items/ListAll" key: "key = items.owner" max_pages: 5
      };
      repeated Item items = 1;
    }`,
  );
  const run = await schema.run({
    ...docs("a", "c"),
    "in.Items/ListAll": ({ pageToken }: Asked) => page(["a", "b", "c"], pageToken),
  });
  expect(run.error).toBeUndefined();
  expect(run.response.docs).toEqual([{ items: items("a") }, { items: items("c") }]);
  expect(run.asked("in.Items/ListAll")).toHaveLength(5);
});
