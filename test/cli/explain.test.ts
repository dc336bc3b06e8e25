import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workspace } from "./workspace.js";

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace();
  workspace.write("internal/shop/v1/shop.proto", INTERNAL);
  workspace.write("public/api/shop/v1/shop.proto", PUBLIC);
});
afterAll(() => workspace.remove());

/** Calls in order, joins on joins, on rows that joins found, and a message in itself. */
const INTERNAL = `syntax = "proto3";
package shop.v1;
service Shop {
  rpc GetCart(GetCartRequest) returns (Cart);
  rpc GetViewer(GetViewerRequest) returns (Person);
  rpc SaveVisit(SaveVisitRequest) returns (SaveVisitResponse);
  rpc BatchGetItems(BatchGetRequest) returns (BatchGetItemsResponse);
  rpc BatchGetPeople(BatchGetRequest) returns (BatchGetPeopleResponse);
  rpc BatchGetTeams(BatchGetRequest) returns (BatchGetTeamsResponse);
  rpc GetPrice(GetPriceRequest) returns (Price);
}
message GetCartRequest { string id = 1; Owner owner = 2; }
message Owner { string id = 1; }
message GetViewerRequest { string id = 1; }
message SaveVisitRequest { string cart_id = 1; string who = 2; }
message SaveVisitResponse { string id = 1; }
message Cart { string id = 1; string person_id = 2; repeated Line lines = 3; Cart saved = 4; }
message Line { string item_id = 1; int32 amount = 2; }
message Person { string id = 1; string name = 2; string team_id = 3; }
message Team { string id = 1; string name = 2; }
message Item { string id = 1; string name = 2; string maker_id = 3; }
message BatchGetRequest { repeated string ids = 1; string lang = 2; }
message BatchGetItemsResponse { repeated Item items = 1; }
message BatchGetPeopleResponse { repeated Person people = 1; }
message BatchGetTeamsResponse { repeated Team teams = 1; }
message GetPriceRequest { string item_id = 1; }
message Price { int64 cents = 1; }
`;
const PUBLIC = `syntax = "proto3";
package api.shop.v1;
import "portico/v1/options.proto";
service Shop {
  option (portico.v1.service) = {from: "shop.v1.Shop" allow: {role: "viewer"}};
  rpc GetCart(GetCartRequest) returns (Cart) {
    option (portico.v1.method) = {
      allow: {role: "<b>\\"R&D\\"</b>"}
      timeout: "2s"
      call: {name: "viewer" method: "GetViewer" set: "id = auth.claims.user.id"}
      call: {method: "GetCart" set: "owner.id = viewer.id"}
      call: {name: "visit" method: "SaveVisit" set: "cart_id = request.id" set: "who = viewer.id" timeout: "250ms"}
    };
  }
  rpc GetViewer(GetViewerRequest) returns (Viewer);
  rpc Visit(GetCartRequest) returns (Visited) {
    option (portico.v1.method) = {
      max_calls: 4
      call: {method: "GetCart" max_rows: 20 on_error: {code: "NOT_FOUND" as: "FAILED_PRECONDITION" message: "'no cart'"}}
      call: {name: "visit" method: "SaveVisit"}
      call: {name: "viewer" method: "GetViewer" on_error: {code: "UNAVAILABLE" when: "request.lang == ''" then: EMPTY} on_error: {then: FAIL}}
      ensure: {that: "person.team_id != ''" code: "PERMISSION_DENIED" message: "not yours"}
      ensure: {that: "visit.id != ''"}
    };
  }
}
message GetViewerRequest { string id = 1; }
message Viewer { string name = 1; }
message GetCartRequest { string id = 1; string lang = 2; }
message Cart {
  option (portico.v1.message).join = {
    name: "person" method: "shop.v1.Shop/BatchGetPeople" key: "person_id -> ids = people.id" on_missing: FAIL
  };
  string id = 1;
  repeated Line lines = 2;
  string visit_id = 3 [(portico.v1.field).from = "visit.id"];
  Person owner = 4 [(portico.v1.field).from = "person"];
  string viewer_name = 5 [(portico.v1.field).from = "viewer.name"];
}
message Line {
  option (portico.v1.message).join = {
    name: "price" method: "shop.v1.Shop/GetPrice" key: "item_id -> item_id" max_keys: 50
  };
  option (portico.v1.message).join = {
    name: "item" method: "shop.v1.Shop/BatchGetItems" key: "item_id -> ids = items.id"
    set: "lang = request.lang" on_missing: DROP
  };
  option (portico.v1.message).join = {
    name: "maker" method: "shop.v1.Shop/BatchGetPeople" key: "item.maker_id -> ids = people.id" batch_size: 100
  };
  string name = 2 [(portico.v1.field).from = "item.name"];
  string maker = 3 [(portico.v1.field).from = "maker.name"];
  int64 cents = 4 [(portico.v1.field).from = "price.cents"];
}
message Person {
  option (portico.v1.message).load = {method: "shop.v1.Shop/BatchGetPeople" key: "ids = people.id"};
  string name = 1;
  Team team = 2 [(portico.v1.field).key = "team_id"];
}
message Team {
  option (portico.v1.message).load = {method: "shop.v1.Shop/BatchGetTeams" key: "ids = teams.id"};
  string name = 1;
}
message Visited {
  option (portico.v1.message).join = {
    name: "person" method: "shop.v1.Shop/BatchGetPeople" key: "person_id -> ids = people.id" on_missing: FAIL
    max_rows: 7 on_error: {code: "UNAVAILABLE" as: "ABORTED"}
  };
  string id = 1;
  string name = 2 [(portico.v1.field).from = "person.name"];
  string viewer = 3 [(portico.v1.field).from = "viewer.team_id"];
  string lang = 4 [(portico.v1.field).from = "request.lang"];
}
`;

const explain = (...args: string[]) => workspace.portico("explain", ...args);

test("text: what is called, in which order, how often, and where each field comes from", () => {
  const { status, out, err } = explain("api.shop.v1.Shop/GetCart");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(out.replace(/^ {4}upstream calls {2}.*\n/m, "")).toBe(`api.shop.v1.Shop/GetCart
    for             role "<b>\\"R&D\\"</b>"
    within          2 s

  steps
    viewer  shop.v1.Shop/GetViewer       read; waits for nothing
    source  shop.v1.Shop/GetCart         read; waits for viewer
    visit   shop.v1.Shop/SaveVisit       write; within 250 ms; waits for viewer, source
    person  shop.v1.Shop/BatchGetPeople  join of the response; ids <- person_id; 500 keys a call; matched by people.id; a missing row: fail; waits for source
    price   shop.v1.Shop/GetPrice        join of lines; item_id <- item_id; a call for each key; waits for source
    item    shop.v1.Shop/BatchGetItems   join of lines; ids <- item_id; 500 keys a call; matched by items.id; a missing row: drop; waits for source
    maker   shop.v1.Shop/BatchGetPeople  join of lines; ids <- item.maker_id; 100 keys a call; matched by people.id; waits for item, source
    team    shop.v1.Shop/BatchGetTeams   join of owner; ids <- team_id; 500 keys a call; matched by teams.id; waits for person

  response
    id               <- source: shop.v1.Cart.id
    lines            <- source: shop.v1.Cart.lines
    lines.name       <- item: shop.v1.Item.name
    lines.maker      <- maker: shop.v1.Person.name
    lines.cents      <- price: shop.v1.Price.cents
    visit_id         <- visit: shop.v1.SaveVisitResponse.id
    owner            <- person: shop.v1.BatchGetPeopleResponse.people
    owner.name       <- person: shop.v1.Person.name
    owner.team       <- team: shop.v1.BatchGetTeamsResponse.teams
    owner.team.name  <- team: shop.v1.Team.name
    viewer_name      <- viewer: shop.v1.Person.name

  upstream requests
    viewer.id        <- auth.claims.user.id
    source.id        <- request.id
    source.owner.id  <- viewer: shop.v1.Person.id
    visit.cart_id    <- request.id
    visit.who        <- viewer: shop.v1.Person.id
    item.lang        <- request.lang
`);
  expect(out).toContain(
    "\n    upstream calls  5 + |lines.item_id| + ceil(|lines.item_id| / 500) + ceil(|lines.item.maker_id| / 100); at most 175\n",
  );
});

test("a method of one call makes one call", () => {
  expect(explain("GetViewer").out).toMatch(/^ {4}upstream calls {2}1$/m);
});

test("names may be short, but whole words", () => {
  const methods = (...args: string[]) =>
    (JSON.parse(explain("--format", "json", ...args).out) as Array<{ method: string }>).map(
      ({ method }) => method,
    );
  expect(methods()).toEqual([
    "api.shop.v1.Shop/GetCart",
    "api.shop.v1.Shop/GetViewer",
    "api.shop.v1.Shop/Visit",
    "api.v1.Orders/ListOrders",
    "api.v1.Orders/CreateOrder",
  ]);
  expect(methods("Shop/GetCart")).toEqual(["api.shop.v1.Shop/GetCart"]);
  expect(methods("v1.Orders/ListOrders")).toEqual(["api.v1.Orders/ListOrders"]);
  expect(explain("iewer")).toMatchObject({ status: 2, out: "" });
  expect(explain("GetCrat").err).toContain('did you mean "GetCart"?');
});

test("json: steps and fields, for other tools", () => {
  const [cart] = JSON.parse(explain("Shop/GetCart", "--format", "json").out);
  expect(cart).toMatchObject({
    method: "api.shop.v1.Shop/GetCart",
    kind: "unary",
    for: ['role:"<b>\\"R&D\\"</b>"'],
    timeoutMs: 2000,
    calls: { formula: expect.stringContaining("5 + |lines.item_id| + "), most: 175 },
  });
  expect(cart.steps.find(({ id }: { id: string }) => id === "maker")).toEqual({
    id: "maker",
    kind: "join",
    method: "shop.v1.Shop/BatchGetPeople",
    effect: "READ",
    at: ["lines"],
    keys: [{ row: "item.maker_id", request: "ids", response: "people.id" }],
    keysPerCall: 100,
    onMissing: "empty",
    maxRows: 10_000,
    waitsFor: ["item", "source"],
  });
  expect(cart.response[2]).toEqual({
    path: "lines.name",
    from: [{ step: "item", path: "name", field: "shop.v1.Item.name" }],
  });
  expect(cart.requests[0]).toEqual({ path: "viewer.id", from: [{ step: "auth", path: "claims.user.id" }] });
});

test("bounds, errors and conditions", () => {
  const { out, err } = explain("Shop/Visit");
  expect(err).toBe("");
  expect(out.slice(0, out.indexOf("\n  response"))).toBe(`api.shop.v1.Shop/Visit
    for             role viewer
    within          10 s
    ensures         person.team_id != '', else PERMISSION_DENIED "not yours"; waits for person
    ensures         visit.id != '', else NOT_FOUND; waits for visit
    upstream calls  4; 4 allowed

  steps
    source  shop.v1.Shop/GetCart         read; at most 20 rows; on NOT_FOUND: fail as FAILED_PRECONDITION "no cart"; waits for nothing
    visit   shop.v1.Shop/SaveVisit       write; waits for source, person
    viewer  shop.v1.Shop/GetViewer       read; on UNAVAILABLE if request.lang == '': empty; on any error: fail; waits for visit
    person  shop.v1.Shop/BatchGetPeople  join of the response; ids <- person_id; 500 keys a call; matched by people.id; a missing row: fail; at most 7 rows; on UNAVAILABLE: fail as ABORTED; waits for source
`);
  const [visit] = JSON.parse(explain("Shop/Visit", "--format", "json").out);
  expect(visit.calls).toEqual({ formula: "4", most: 4, allowed: 4 });
  expect(visit.ensures[0]).toEqual({
    that: "person.team_id != ''",
    code: "PERMISSION_DENIED",
    message: "not yours",
    waitsFor: ["person"],
  });
  expect(visit.steps[2]).toMatchObject({
    maxRows: 10_000,
    // biome-ignore lint/suspicious/noThenProperty: as the annotation calls it.
    onError: [{ code: "UNAVAILABLE", when: "request.lang == ''", then: "empty" }, { then: "fail" }],
  });
});

test("mermaid: a flowchart, without edges that follow from others, and no text is markup", () => {
  const { out } = explain("Shop/GetCart", "--format", "mermaid");
  const lines = out
    .trim()
    .split("\n")
    .map((line) => line.trim());
  expect(lines[0]).toBe("flowchart LR");
  expect(lines.filter((line) => line.includes("-->"))).toEqual([
    "m0_request --> m0_s0",
    "m0_s0 --> m0_s1",
    "m0_s1 --> m0_s2",
    "m0_s1 --> m0_s3",
    "m0_s1 --> m0_s4",
    "m0_s1 --> m0_s5",
    "m0_s5 --> m0_s6",
    "m0_s3 --> m0_s7",
    "m0_s2 --> m0_response",
    "m0_s4 --> m0_response",
    "m0_s6 --> m0_response",
    "m0_s7 --> m0_response",
  ]);
  expect(lines).toContain('m0_s2["visit<br/>Shop/SaveVisit"]');
  expect(lines).toContain(
    'm0_s4[["price<br/>Shop/GetPrice<br/>item_id #60;- item_id; a call for each key"]]',
  );
});

describe("svg", () => {
  interface Rect {
    readonly kind: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  }
  let svg: string;
  let rects: Rect[];
  beforeAll(() => {
    svg = explain("Shop/GetCart", "--format", "svg").out;
    rects = [...svg.matchAll(/<rect class="(\w+)" x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"/g)].map(
      ([, kind, ...numbers]) => {
        const [x, y, width, height] = numbers.map(Number) as [number, number, number, number];
        return { kind: kind!, x, y, width, height };
      },
    );
  });

  test("a box for each step, and they do not overlap", () => {
    expect(rects.map(({ kind }) => kind).sort()).toEqual(
      [...Array(3).fill("call"), "end", "end", ...Array(5).fill("join")].sort(),
    );
    for (const [i, a] of rects.entries())
      for (const b of rects.slice(i + 1)) {
        const apart =
          a.x + a.width < b.x || b.x + b.width < a.x || a.y + a.height < b.y || b.y + b.height < a.y;
        expect(apart, JSON.stringify([a, b])).toBe(true);
      }
  });

  test("arrows go from the right of a box to the left of one further on", () => {
    const edges = [...svg.matchAll(/<path class="edge" d="M(\S+) (\S+) .* (\S+) (\S+)"\/>/g)];
    expect(edges).toHaveLength(12);
    for (const [edge, ...numbers] of edges) {
      const [x, y, toX, toY] = numbers.map(Number) as [number, number, number, number];
      const near = (a: number, b: number) => Math.abs(a - b) < 0.2;
      const middle = (rect: Rect) => rect.y + rect.height / 2;
      expect(
        rects.some((rect) => near(rect.x + rect.width, x) && near(middle(rect), y)),
        edge,
      ).toBe(true);
      expect(
        rects.some((rect) => near(rect.x, toX) && near(middle(rect), toY)),
        edge,
      ).toBe(true);
      expect(toX).toBeGreaterThan(x);
    }
  });

  test("is whole by itself, its tags are ours and closed, and text is no markup", () => {
    expect(svg).not.toMatch(/<script|<image|href|url\((?!#)|@import/);
    expect(svg).toContain("&#60;b&#62;\\&#34;R&#38;D\\&#34;&#60;/b&#62;");
    const open: string[] = [];
    for (const [, close, name, self] of svg.matchAll(/<(\/?)(\w+)(?:\s[^<>]*?)?(\/?)>/g)) {
      expect(["svg", "style", "defs", "marker", "path", "rect", "g", "text"]).toContain(name);
      if (close === "/") expect(open.pop()).toBe(name);
      else if (self !== "/") open.push(name!);
    }
    expect(open).toEqual([]);
    expect(svg.replace(/<[^<>]*>/g, "")).not.toMatch(/[<>]/);
  });

  test("draws every method", () => {
    const all = explain("--format", "svg").out;
    for (const method of ["Shop/GetCart", "Shop/GetViewer", "Orders/ListOrders", "Orders/CreateOrder"])
      expect(all).toContain(`${method}</text>`);
  });
});

test("a message in itself is told once", () => {
  const recursive = PUBLIC.replace(
    "string id = 1;\n  repeated Line",
    "string id = 1; Cart saved = 9;\n  repeated Line",
  );
  workspace.write("public/api/shop/v1/shop.proto", recursive.replace("on_missing: FAIL", ""));
  const { out, err } = explain("Shop/GetCart");
  expect(err).toBe("");
  expect(out).toMatch(
    /^ {4}saved +<- source: shop\.v1\.Cart\.saved, with the fields that it has further out$/m,
  );
  expect(out).not.toContain("saved.id");
  workspace.write("public/api/shop/v1/shop.proto", PUBLIC);
});

test("what is computed: the expression, what it reads, and the condition", () => {
  const computed = PUBLIC.replace(
    '[(portico.v1.field).from = "viewer.name"]',
    `[(portico.v1.field) = {from: "viewer.name + ' ' + request.lang", when: "person_id != ''"}]`,
  ).replace(
    "string id = 1;\n  repeated Line",
    `string id = 1; string who = 9 [(portico.v1.field).from = "auth.subject + ''"];\n  repeated Line`,
  );
  workspace.write("public/api/shop/v1/shop.proto", computed);
  const { out, err } = explain("Shop/GetCart");
  expect(err).toBe("");
  expect(out).toMatch(
    /^ {4}viewer_name +<- viewer\.name \+ ' ' \+ request\.lang, of viewer: shop\.v1\.Person\.name, request\.lang, if person_id != ''$/m,
  );
  expect(out).toMatch(/^ {4}who +<- auth\.subject \+ '', of auth\.subject$/m);
  const list = JSON.parse(workspace.portico("exposure", "--out", "-").out) as {
    readable: Array<{ public: string; internal: string }>;
  };
  const of = (name: string) =>
    list.readable
      .filter((entry) => entry.public === `api.shop.v1.Cart.${name}`)
      .map((entry) => entry.internal);
  // What its condition reads shows as well.
  expect(of("viewer_name")).toEqual(["shop.v1.Cart.person_id", "shop.v1.Person.name"]);
  expect(of("who")).toEqual([]);
  workspace.write("public/api/shop/v1/shop.proto", PUBLIC);
});

test("where the annotations are wrong, the findings", () => {
  workspace.write("public/api/shop/v1/shop.proto", PUBLIC.replace('"viewer.name"', '"viewer.nme"'));
  expect(explain()).toMatchObject({ status: 1, out: "", err: expect.stringContaining("path-unknown") });
  workspace.write("public/api/shop/v1/shop.proto", PUBLIC);
});
