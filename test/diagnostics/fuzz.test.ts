import fc from "fast-check";
import { expect, test } from "vitest";
import { typeErrors } from "../support/check-code.js";
import { type Case, runAll } from "./case.js";
import { celText, fittingText as fitting } from "./fuzz-cel.js";

// No annotation, however wrong, may make the plugin fail: it answers with findings, or with files.

/** Strings of annotations that are right together. */
const RIGHT = {
  serviceFrom: "orders.v1.Orders",
  serviceSet: "tenant_id = auth.claims.tenant",
  serviceTimeout: "5s",
  role: "viewer",
  callName: "buyer",
  callMethod: "users.v1.Users/GetUser",
  callSelect: "",
  callSet: "id = request.buyer",
  callTimeout: "250ms",
  joinName: "user",
  joinMethod: "users.v1.Users/BatchGetUsers",
  joinKey: "user_id -> ids = users.id",
  joinSelect: "",
  joinSet: "tenant_id = request.tenant",
  loadMethod: "users.v1.Users/BatchGetMembers",
  loadKey: "keys.id = members.key.id",
  loadSelect: "user",
  loadName: "by_id",
  from: "customer.address.city",
  otherFrom: "user.email",
  to: "filter.owner_id",
  key: "watcher_ids",
  load: "by_id",
  any: "shop.Note",
  source: "orders.v1.Customer",
  enumFrom: "SHIPPED",
  serviceLet: "region = metadata['x-region']",
  methodLet: "has_buyer = request.buyer != '' && region != 'none'",
  policyWhen: "request.tenant == auth.claims.tenant",
  ensureThat: "buyer.id == auth.subject",
  ensureCode: "PERMISSION_DENIED",
  callWhen: "request.buyer.size() > 2",
  errorCode: "NOT_FOUND",
  errorAs: "ABORTED",
  errorWhen: "has_buyer && auth.roles.exists(r, r == 'viewer')",
  errorMessage: "'no buyer ' + request.buyer",
  joinCode: "UNAVAILABLE",
  joinWhen: "total_cents > 10 || parent.orders.size() > 1",
  joinDrop: "lines.all(l, l.amount < 100)",
  computed: "lines.filter(l, l.amount > 1).sort_by(l, l.sku).map(l, l.sku).first() + product",
  fieldWhen: "state == 'SHIPPED' && has(customer.address)",
  listed: "this.city == '' ? [id] : watcher_ids.distinct().take(3)",
  skip: "boss",
  streamSet: "tenant_id = string(size(request.tenant)) + auth.subject",
  streamed: "labels.exists(k, labels[k] == product) ? 1 : total_cents / 2",
};
type Slot = keyof typeof RIGHT;

/** Numbers of annotations that are right together. */
const NUMBERS = { maxCalls: 50, maxDepth: 3, batchSize: 100, maxPages: 2 };
type Numbers = typeof NUMBERS;

function body(value: Record<Slot, string>, numbers: Numbers = NUMBERS): string {
  const number = (slot: keyof Numbers) => String(numbers[slot]);
  const s = (slot: Slot) => quoted(value[slot]);
  return `import "google/protobuf/any.proto";
service Shop {
  option (portico.v1.service) = {
    from: ${s("serviceFrom")} allow: {role: ${s("role")}} set: ${s("serviceSet")} timeout: ${s("serviceTimeout")}
    let: ${s("serviceLet")}
  };
  rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse) {
    option (portico.v1.method) = {
      allow: {authenticated: true when: ${s("policyWhen")}}
      let: ${s("methodLet")}
      ensure: {that: ${s("ensureThat")} code: ${s("ensureCode")}}
      max_calls: ${number("maxCalls")}
      call: {method: "ListOrders"}
      call: {
        name: ${s("callName")} method: ${s("callMethod")} select: ${s("callSelect")} set: ${s("callSet")}
        timeout: ${s("callTimeout")}
        on_error: {code: ${s("errorCode")} when: ${s("errorWhen")} as: ${s("errorAs")} message: ${s("errorMessage")}}
      }
      call: {
        name: "extra" method: "users.v1.Users/GetUser" set: "id = request.buyer" when: ${s("callWhen")}
      }
    };
  }
  rpc WatchOrders(WatchOrdersRequest) returns (stream WatchedOrder) {
    option (portico.v1.method).call = {method: "WatchOrders" set: ${s("streamSet")}};
  }
}
message WatchOrdersRequest { string tenant = 1; }
message WatchedOrder {
  string id = 1;
  int64 half = 2 [(portico.v1.field).from = ${s("streamed")}];
  Staff staff = 3 [(portico.v1.field) = {key: "user_id" skip: ${s("skip")}}];
}
message Staff {
  option (portico.v1.message) = {
    load: {method: "users.v1.Users/BatchGetUsers" key: "ids = users.id"}
    join: {
      name: "boss" method: "users.v1.Users/BatchGetUsers" key: "manager_id -> ids = users.id"
      max_depth: ${number("maxDepth")} batch_size: ${number("batchSize")}
    }
    join: {
      name: "latest" method: "orders.v1.Orders/ListOrders" key: "id -> filter.owner_id = orders.user_id"
      max_keys: 10 max_pages: ${number("maxPages")} when: "number > 1"
    }
  };
  string id = 1;
  Staff boss = 2;
  string latest = 3 [(portico.v1.field).from = "latest.product"];
}
message ListOrdersRequest {
  string buyer = 1;
  string tenant = 2;
  string owner = 3 [(portico.v1.field).to = ${s("to")}];
}
message ListOrdersResponse {
  repeated Order orders = 1;
  string buyer_email = 2 [(portico.v1.field).from = "buyer.email"];
  string extra_email = 3 [(portico.v1.field).from = "extra.email"];
}
message Order {
  option (portico.v1.message).join = {
    name: ${s("joinName")} method: ${s("joinMethod")} key: ${s("joinKey")} select: ${s("joinSelect")} set: ${s("joinSet")}
    when: ${s("joinWhen")} on_error: {code: ${s("joinCode")} then: DROP}
  };
  string city = 1 [(portico.v1.field) = {from: ${s("from")}}];
  string email = 2 [(portico.v1.field).from = ${s("otherFrom")}, (portico.v1.field).from = "product"];
  repeated User watchers = 3 [(portico.v1.field) = {key: ${s("key")} load: ${s("load")}}];
  google.protobuf.Any payload = 4 [(portico.v1.field).any = ${s("any")}];
  State state = 5;
  string computed = 6 [(portico.v1.field) = {from: ${s("computed")} when: ${s("fieldWhen")}}];
  repeated string listed = 7 [(portico.v1.field).from = ${s("listed")}];
  bool all_small = 8 [(portico.v1.field).from = ${s("joinDrop")}];
}
message User {
  option (portico.v1.message).load = {
    name: ${s("loadName")} method: ${s("loadMethod")} key: ${s("loadKey")} select: ${s("loadSelect")}
  };
  string email = 1;
}
message Note {
  option (portico.v1.message).source = ${s("source")};
  string name = 1;
}
enum State {
  STATE_UNSPECIFIED = 0;
  STATE_OPEN = 1;
  STATE_SENT = 2 [(portico.v1.enum_value).from = ${s("enumFrom")}];
}
message GetOrderRequest {}`;
}

/** A string of a .proto file. */
function quoted(text: string): string {
  const escaped = [...text].map((char) =>
    char < " " || ['"', "\\", "\x7f"].includes(char)
      ? `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`
      : char,
  );
  return `"${escaped.join("")}"`;
}

const piece = fc.oneof(
  fc.constantFrom(
    " ",
    ".",
    "->",
    "=",
    "==",
    "_",
    "'",
    '"',
    "(",
    ")",
    "[0]",
    "{",
    "\\",
    "\n",
    "\t",
    "/",
    "*",
    "-",
  ),
  fc.constantFrom(
    "request",
    "auth",
    "source",
    "parent",
    "user",
    "buyer",
    "id",
    "users",
    "1",
    "é",
    "😀",
    "\0",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);

/** The string with a piece in place of some of its characters. */
const changed = (text: string) =>
  fc
    .tuple(fc.nat(text.length), fc.nat(4), piece)
    .map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length));

const anything = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
  fc.constantFrom(...Object.values(RIGHT)),
  fc.string({ unit: "grapheme" }),
);

/** Where expressions stand, and the kind of value that fits there. */
const EXPRESSIONS = {
  computed: "text",
  from: "text",
  errorMessage: "text",
  policyWhen: "test",
  ensureThat: "test",
  callWhen: "test",
  errorWhen: "test",
  joinWhen: "test",
  fieldWhen: "test",
  joinDrop: "test",
  listed: "list",
  streamed: "number",
} as const satisfies Partial<Record<Slot, keyof typeof fitting>>;
const ASSIGNED = {
  serviceLet: "region = ",
  methodLet: "has_buyer = ",
  streamSet: "tenant_id = ",
  callSet: "id = ",
  joinSet: "tenant_id = ",
  serviceSet: "tenant_id = ",
} as const satisfies Partial<Record<Slot, string>>;

const slot = fc.constantFrom(...(Object.keys(RIGHT) as Slot[]));
const change = slot.chain((name) =>
  fc.oneof(changed(RIGHT[name]), anything).map((value) => ({ name, value })),
);
const expressionChange = fc.oneof(
  fc
    .constantFrom(...keysOf(EXPRESSIONS))
    .chain((name) =>
      fc
        .oneof(changed(RIGHT[name]), celText, fitting[EXPRESSIONS[name]])
        .map((value): { name: Slot; value: string } => ({ name, value })),
    ),
  fc
    .constantFrom(...keysOf(ASSIGNED))
    .chain((name) =>
      celText.map((value): { name: Slot; value: string } => ({ name, value: ASSIGNED[name] + value })),
    ),
  celText.map((value): { name: Slot; value: string } => ({
    name: "joinKey",
    value: `${value} -> ids = users.id`,
  })),
  celText.map((value): { name: Slot; value: string } => ({ name: "key", value })),
);
const numbers = fc.record({
  maxCalls: fc.constantFrom(0, 1, 50, 4294967295),
  maxDepth: fc.constantFrom(0, 1, 3, 10, 11, 4294967295),
  batchSize: fc.constantFrom(0, 1, 100, 4294967295),
  maxPages: fc.constantFrom(0, 1, 2, 1000, 4294967295),
});

type Change = { readonly name: Slot; readonly value: string };

function caseOf(changes: readonly Change[], chosen: Numbers = NUMBERS): Case {
  const value = { ...RIGHT };
  for (const { name, value: text } of changes) value[name] = text;
  return {
    name: JSON.stringify([changes, chosen]),
    body: body(value, chosen),
    expected: "",
    files: new Map(),
    parameter: "",
    noText: false,
  };
}

const wrong = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => caseOf(changes)),
  },
  {
    weight: 3,
    arbitrary: fc.array(expressionChange, { minLength: 1, maxLength: 2 }).map((changes) => caseOf(changes)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.array(expressionChange, { maxLength: 1 }), numbers)
      .map(([changes, chosen]) => caseOf(changes, chosen)),
  },
);
/** Expressions that fit: most of these build. */
const fit = fc
  .uniqueArray(fc.constantFrom(...keysOf(EXPRESSIONS)), { minLength: 1, maxLength: 2 })
  .filter((names) =>
    names.every((name) => ["computed", "fieldWhen", "joinDrop", "listed", "joinWhen"].includes(name)),
  )
  .chain((names) =>
    fc.tuple(...names.map((name) => fitting[EXPRESSIONS[name]].map((value): Change => ({ name, value })))),
  )
  .map((changes) => caseOf(changes));

function keysOf<T extends object>(object: T): (keyof T)[] {
  return Object.keys(object) as (keyof T)[];
}

/** What earlier runs have found: code that did not parse, did not type-check, or had a parameter that nothing reads. */
const FOUND: readonly (readonly Change[])[] = [
  [{ name: "joinDrop", value: "user == null && size(user.email) > 0" }],
  [
    { name: "fieldWhen", value: "user == null" },
    { name: "computed", value: "user.email + '!'" },
  ],
  [
    {
      name: "joinWhen",
      value:
        "!(watcher_ids.sort_by(s, s).distinct().take(2).size() == (int(weight) + (['a', 'b'] + watcher_ids.sort_by(s, s)).size()))",
    },
  ],
  [{ name: "errorMessage", value: "'a'.trim()" }],
  [{ name: "errorWhen", value: "'call' == 'a'.trim()" }],
];

/** For a long run of one's own: so many times as much, each time from another seed. */
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 1);
const SEED = Number(process.env.FUZZ_SEED ?? 20240517);

test(
  "any string in an annotation leads to findings or to files, and files type-check",
  () => {
    for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
      const cases = [
        caseOf([]),
        ...FOUND.map((changes) => caseOf(changes)),
        ...fc.sample(wrong, { numRuns: 130, seed }),
        ...fc.sample(fit, { numRuns: 25, seed }),
      ];
      const responses = runAll(cases);
      expect(responses[0]?.error).toBe("");
      const built = new Map<string, string>();
      responses.forEach(({ error, file }, index) => {
        const name = `FUZZ_SEED=${seed} ${cases[index]!.name}`;
        expect(error, name).not.toMatch(/internal error/);
        expect(error === "", name).toBe(file.length > 0);
        // A finding stands in the file, and its caret under something.
        for (const [, line, column] of error.matchAll(/^shop\/shop\.proto:(\d+):(\d+): /gm)) {
          expect(Number(line), name).toBeGreaterThan(1);
          expect(Number(column), name).toBeGreaterThan(0);
        }
        for (const each of file) {
          if (each.name?.endsWith(".ts")) built.set(`${index}/${each.name}`, each.content ?? "");
        }
      });
      // Most of them are wrong, and some happen to be right.
      const generated = responses.filter(({ error }) => error === "").length;
      expect(generated).toBeGreaterThan(10);
      expect(generated).toBeLessThan(110);
      const told = (problem: string) => {
        const index = /^(\d+)\//.exec(problem)?.[1];
        return `${problem}\nFUZZ_SEED=${seed} ${index === undefined ? "" : cases[Number(index)]!.name}`;
      };
      const said = typeErrors(built);
      const problems = said.split("\n").filter((line) => line.includes("error TS"));
      expect((problems.length > 0 || said === "" ? problems : [said]).map(told)).toEqual([]);
    }
  },
  ROUNDS * 240_000,
);
