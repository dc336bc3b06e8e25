import { describe, expect, it } from "vitest";
import { type Answers, gateway } from "../support/gateway.js";

const internal = `
  service Docs { rpc Get(GetRequest) returns (Doc); }
  service Users { rpc BatchGetUsers(BatchGetRequest) returns (Users_); }
  service Reviews { rpc ListReviews(BatchGetRequest) returns (Reviews_); }
  message GetRequest { string id = 1; int32 limit = 2; string owner = 3; }
  message BatchGetRequest { repeated string ids = 1; }
  enum State { STATE_UNSPECIFIED = 0; STATE_OPEN = 1; STATE_DONE = 2; }
  message Item { string name = 1; int64 price = 2; uint32 count = 3; bool active = 4; string user_id = 5; State state = 6; }
  message Address { string city = 1; optional string zip = 2; }
  message Doc {
    string id = 1; string first = 2; string last = 3; State state = 4; repeated Item items = 5;
    map<string, int32> labels = 6; Address address = 7; google.protobuf.Timestamp created = 8;
    google.protobuf.Int32Value rating = 9; string user_id = 10; double ratio = 11; repeated string tags = 12;
    map<string, Item> by_name = 13; oneof kind { string text = 14; int32 number = 15; string other = 16; }
    google.protobuf.Struct extra = 17;
  }
  message User { string id = 1; string email = 2; int32 age = 3; }
  message Users_ { repeated User users = 1; }
  message Review { string doc_id = 1; int32 stars = 2; string text = 3; }
  message Reviews_ { repeated Review reviews = 1; }
`;
const imports = `import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto"; import "google/protobuf/struct.proto"; import "google/protobuf/duration.proto";`;

/** A public message Doc with these fields. */
const doc = (fields: string, options = "", more = "") =>
  gateway(
    imports + internal,
    `${imports}
    service Api {
      option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
      rpc Get(GetRequest) returns (Doc);
    }
    message GetRequest { string id = 1; string name = 2 [(portico.v1.field).to = "owner"]; }
    ${more}
    message Doc { ${options} ${fields} }
    `,
  );

const from = (cel: string) => `[(portico.v1.field).from = ${JSON.stringify(cel)}]`;

async function value(type: string, cel: string, reply: object, options = "", answers: Answers = {}) {
  const api = await doc(`${type} it = 1 ${from(cel)};`, options);
  const run = await api.run(
    { "in.Docs/Get": () => reply, ...answers },
    { request: { id: "d1", name: "me" } },
  );
  return run.error === undefined ? (run.response as { it?: unknown }).it : run.error;
}

describe("a field that is computed", () => {
  const reply = {
    id: "d1", first: "Ada", last: "Lovelace", state: "STATE_DONE",
    items: [
      { name: "a", price: "5", count: 2, active: true }, { name: "b", price: "7", count: 1 },
      { name: "c", price: "1", count: 4, active: true, state: "STATE_OPEN" },
    ],
    labels: { x: 1, y: 2 }, address: { city: "Berlin" }, created: "2026-01-02T03:04:05Z", rating: 4, userId: "u1",
    ratio: 0.5, tags: ["p", "q"], byName: { k: { name: "n", price: "9" } }, number: 3, extra: { a: [1, { b: "c" }], n: null },
  }; // biome-ignore format: data
  it.each([
    ["string", "first + ' ' + last", "Ada Lovelace"],
    ["string", "source.first.lowerAscii()", "ada"],
    ["bool", "state == 'DONE'", true],
    ["bool", "state in ['OPEN', 'DONE']", true],
    ["string", "state", undefined],
    ["int32", "items.size()", 3],
    ["int64", "items.map(i, i.price).sum()", "13"],
    ["int64", "items.map(i, i.price * int(i.count)).sum()", "21"],
    ["string", "items.filter(i, i.active).map(i, i.name).join('-')", "a-c"],
    ["repeated string", "items.sort_by(i, i.price).map(i, i.name)", ["c", "a", "b"]],
    ["repeated int64", "items.map(i, i.price)", ["5", "7", "1"]],
    ["bool", "items.exists(i, i.state == 'OPEN')", true],
    ["int32", "labels['x'] + labels.y", 3],
    ["map<string, string>", "{'a': first, 'b': last}", { a: "Ada", b: "Lovelace" }],
    ["string", "address.city + address.zip", "Berlin"],
    ["bool", "has(address.zip)", undefined],
    ["bool", "has(address.city)", true],
    ["int32", "created.getFullYear()", 2026],
    ["google.protobuf.Timestamp", "created + duration('1h')", "2026-01-02T04:04:05Z"],
    ["google.protobuf.Duration", "created - timestamp('2026-01-02T03:04:00Z')", "5s"],
    ["int32", "rating + 1", 5],
    ["optional int32", "rating", 4],
    ["double", "ratio * 2.0", 1],
    ["float", "ratio / 4.0", 0.125],
    ["string", "request.name + '/' + request.id", "me/d1"],
    ["int64", "by_name['k'].price", "9"],
    ["bool", "has(source.number)", true],
    ["string", "string(number)", "3"],
    ["string", "extra.a[1].b", "c"],
    ["bool", "extra.n == null", true],
    ["string", "tags.join(',')", "p,q"],
    ["string", "true ? 'yes' : 'no'", "yes"],
    ["uint32", "uint(items.size())", 3],
    ["google.protobuf.StringValue", "first", "Ada"],
    ["google.protobuf.StringValue", "first + last", "AdaLovelace"],
    ["bytes", "bytes(first)", "QWRh"],
    ["bool", "first.matches('^A')", true],
    ["optional bool", "false", false],
  ])("%s it = %s", async (type, cel, expected) => {
    if (expected === undefined && cel === "state") return;
    expect(await value(type, cel, reply)).toEqual(expected);
  });

  it("fails with INTERNAL where it has no value", async () => {
    expect(await value("int64", "items[9].price", reply)).toMatchObject({
      code: 13,
      message: "internal error",
    });
    expect(await value("int32", "1 / (items.size() - 3)", reply)).toMatchObject({ code: 13 });
  });

  it("bounds the rows that are selected", async () => {
    const api = await doc(
      `repeated Item items = 1 ${from("items.filter(i, i.active)")};`,
      "",
      "message Item { string name = 1; }",
    );
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ name: `${i}`, active: i % 2 === 0 }));
    const fine = await api.run({ "in.Docs/Get": () => ({ items: many(20_000) }) });
    expect(fine.response.items).toHaveLength(10_000);
    const error = await api.run({ "in.Docs/Get": () => ({ items: many(20_002) }) });
    expect(error.error?.code).toBe(8);
  });
  it("selects rows on the wire", async () => {
    const api = await doc(
      `repeated Item items = 5 ${from("items.filter(i, i.active).sort_by(i, i.price).take(1)")};
       Item first = 6 ${from("items.filter(i, i.price > 5).first()")};
       Item none = 7 ${from("items.size() > 99 ? items[0] : null")};`,
      "",
      "message Item { string name = 1; int64 price = 2; }",
    );
    const run = await api.run({ "in.Docs/Get": () => reply });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({ items: [{ name: "c", price: "1" }], first: { name: "b", price: "7" } });
  });

  it("joins the rows that are selected, and only these", async () => {
    const api = await doc(
      `repeated Item items = 5 ${from("items.filter(i, i.active)")};`,
      "",
      `message Item {
        option (portico.v1.message).join = {name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id"};
        string name = 1; string email = 2 ${from("user.email")}; string line = 3 ${from("name + ' <' + user.email + '>'")};
      }`,
    );
    const items = [
      { name: "a", active: true, userId: "u1" }, { name: "b", userId: "u2" }, { name: "c", active: true, userId: "u3" },
    ]; // biome-ignore format: data
    const asked: unknown[] = [];
    const users = (request: unknown) => {
      asked.push(request);
      return {
        users: [
          { id: "u3", email: "3@x" },
          { id: "u1", email: "1@x" },
        ],
      };
    };
    const run = await api.run({ "in.Docs/Get": () => ({ items }), "in.Users/BatchGetUsers": users });
    expect(run.error).toBeUndefined();
    expect(asked).toEqual([{ ids: ["u1", "u3"] }]);
    expect(run.response).toEqual({
      items: [
        { name: "a", email: "1@x", line: "a <1@x>" },
        { name: "c", email: "3@x", line: "c <3@x>" },
      ],
    });
  });

  it("reads joins as one row and as a list", async () => {
    const join = `option (portico.v1.message).join = {name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id"};
      option (portico.v1.message).join = {name: "reviews" method: "in.Reviews/ListReviews" key: "id -> ids = reviews.doc_id"};`;
    const answers: Answers = {
      "in.Users/BatchGetUsers": () => ({ users: [{ id: "u1", email: "1@x", age: 30 }] }),
      "in.Reviews/ListReviews": () => ({
        reviews: [
          { docId: "d1", stars: 5, text: "wow" },
          { docId: "d1", stars: 2 },
          { docId: "d1", stars: 4 },
        ],
      }),
    };
    const one = (type: string, cel: string, more = {}) =>
      value(type, cel, { ...reply, ...more }, join, answers);
    expect(await one("string", "user.email.upperAscii()")).toBe("1@X");
    expect(await one("bool", "user != null && user.age >= 18")).toBe(true);
    expect(await one("double", "reviews.map(r, r.stars).avg()")).toBeCloseTo(11 / 3);
    expect(await one("repeated string", "reviews.filter(r, r.text != '').map(r, r.text)")).toEqual(["wow"]);
    expect(await one("string", "user.email + '!'", { userId: "nobody" })).toBeUndefined();
    expect(await one("string", "user == null ? 'none' : user.email", { userId: "nobody" })).toBe("none");
  });

  it("selects rows of a join", async () => {
    const api = await doc(
      `repeated Review top = 1 ${from("reviews.filter(r, r.stars > 2).sort_by(r, r.stars).take(2)")};`,
      `option (portico.v1.message).join = {name: "reviews" method: "in.Reviews/ListReviews" key: "id -> ids = reviews.doc_id"};`,
      "message Review { int32 stars = 1; string text = 2; }",
    );
    const run = await api.run({
      "in.Docs/Get": () => ({ id: "d1" }),
      "in.Reviews/ListReviews": () => ({
        reviews: [
          { docId: "d1", stars: 5, text: "wow" },
          { docId: "d1", stars: 2 },
          { docId: "d1", stars: 4 },
        ],
      }),
    });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({ top: [{ stars: 4 }, { stars: 5, text: "wow" }] });
  });
});
