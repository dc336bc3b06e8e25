import { Code } from "@portico/runtime";
import { expect, test } from "vitest";
import { type Answer, failure, gateway } from "../support/gateway.js";

const schema = gateway(
  `
  service Docs { rpc Get(GetRequest) returns (Docs_); }
  service Reviews {
    rpc ListReviews(ListRequest) returns (Reviews_);
    rpc BatchGet(ListRequest) returns (Reviews_);
  }
  message GetRequest { string id = 1; }
  message Docs_ { repeated Doc docs = 1; }
  message Doc { string id = 1; repeated string review_ids = 2; }
  message ListRequest { repeated string ids = 1; }
  message Reviews_ { repeated Review reviews = 1; }
  message Review { string id = 1; string doc_id = 2; double stars = 3; string text = 4; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (GetResponse);
    rpc Listed(GetRequest) returns (ListedResponse) { option (portico.v1.method).call = {method: "Get"}; }
  }
  message GetRequest { string id = 1; }
  message GetResponse { repeated Doc docs = 1; }
  message Doc {
    option (portico.v1.message).join = {
      name: "reviews" method: "in.Reviews/ListReviews" key: "id -> ids = reviews.doc_id" batch_size: 1
      on_error: {code: "ABORTED" then: DROP} on_error: {then: EMPTY}
    };
    string id = 1;
    string first_text = 2 [(portico.v1.field).from = "reviews.first().text"];
    optional double stars = 3 [(portico.v1.field).from = "reviews.map(r, r.stars).avg()"];
    optional int64 count = 4 [(portico.v1.field).from = "size(reviews)"];
    string verdict = 5 [(portico.v1.field).from = "size(reviews) > 0 ? 'reviewed' : 'none'"];
    bool is_praised = 6 [(portico.v1.field).from = "reviews.exists(r, r.stars > 4.0)"];
    repeated Review top = 7 [(portico.v1.field).from = "reviews.filter(r, r.stars > 4.0)"];
    repeated string texts = 8 [(portico.v1.field).from = "reviews.map(r, r.text)"];
    string note = 9 [(portico.v1.field) = {from: "'new'" when: "size(reviews) == 0"}];
    oneof best { string best_text = 10 [(portico.v1.field).from = "reviews.last().text"]; }
    repeated Review reviews = 11;
  }
  message Review { string text = 1; }
  message ListedResponse { repeated ListedDoc docs = 1; }
  message ListedDoc {
    option (portico.v1.message).join = {
      name: "reviews" method: "in.Reviews/BatchGet" key: "review_ids -> ids = reviews.id" batch_size: 1
      on_error: {then: EMPTY}
    };
    string id = 1;
    optional int64 count = 2 [(portico.v1.field).from = "size(reviews)"];
    repeated Review reviews = 3;
  }
  `,
);

const docs = (...ids: string[]) => ({
  "in.Docs/Get": () => ({ docs: ids.map((id) => ({ id, reviewIds: id.split("") })) }),
});
const reviewsBut =
  (bad: string, code: number): Answer =>
  ({ ids }: { ids: string[] }) => {
    if (ids.includes(bad)) throw failure(code);
    return { reviews: ids.map((id) => ({ id, docId: id, stars: 4.5, text: `of ${id}` })) };
  };
const whole = {
  firstText: "of a",
  stars: 4.5,
  count: "1",
  verdict: "reviewed",
  isPraised: true,
  top: [{ text: "of a" }],
  texts: ["of a"],
  bestText: "of a",
  reviews: [{ text: "of a" }],
};

test("EMPTY of a join that is read as a list leaves unset what expressions make of it", async () => {
  const { response, error, call } = await (await schema).run(
    { ...docs("a", "b"), "in.Reviews/ListReviews": reviewsBut("b", Code.UNAVAILABLE) },
    { method: "pub.Api/Get" },
  );
  expect(error).toBeUndefined();
  expect(response).toEqual({ docs: [{ id: "a", ...whole }, { id: "b" }] });
  expect(call.degraded).toContain("docs.verdict");
});

test("a join that found nothing is an empty list", async () => {
  const { error } = await (await schema).run(
    { ...docs("a"), "in.Reviews/ListReviews": () => ({}) },
    { method: "pub.Api/Get" },
  );
  expect(error).toMatchObject({ code: Code.INTERNAL });
});

test("a row that DROP leaves out does not fail by what its fields make of the list", async () => {
  const { response, error } = await (await schema).run(
    { ...docs("a", "b"), "in.Reviews/ListReviews": reviewsBut("b", Code.ABORTED) },
    { method: "pub.Api/Get" },
  );
  expect(error).toBeUndefined();
  expect(response).toEqual({ docs: [{ id: "a", ...whole }] });
});

test("of a list of keys of which some failed, the rows are kept and nothing is made of them", async () => {
  const { response, error } = await (await schema).run(
    { ...docs("ax", "a"), "in.Reviews/BatchGet": reviewsBut("x", Code.UNAVAILABLE) },
    { method: "pub.Api/Listed" },
  );
  expect(error).toBeUndefined();
  expect(response.docs).toEqual([
    { id: "ax", reviews: [{ text: "of a" }] },
    { id: "a", count: "1", reviews: [{ text: "of a" }] },
  ]);
});
