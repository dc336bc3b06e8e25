import fc from "fast-check";
import { expect, test } from "vitest";
import { type Case, runAll } from "./case.js";

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
};
type Slot = keyof typeof RIGHT;

function body(value: Record<Slot, string>): string {
  const s = (slot: Slot) => quoted(value[slot]);
  return `import "google/protobuf/any.proto";
service Shop {
  option (portico.v1.service) = {
    from: ${s("serviceFrom")} allow: {role: ${s("role")}} set: ${s("serviceSet")} timeout: ${s("serviceTimeout")}
  };
  rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse) {
    option (portico.v1.method) = {
      call: {method: "ListOrders"}
      call: {
        name: ${s("callName")} method: ${s("callMethod")} select: ${s("callSelect")} set: ${s("callSet")}
        timeout: ${s("callTimeout")}
      }
    };
  }
}
message ListOrdersRequest {
  string buyer = 1;
  string tenant = 2;
  string owner = 3 [(portico.v1.field).to = ${s("to")}];
}
message ListOrdersResponse {
  repeated Order orders = 1;
  string buyer_email = 2 [(portico.v1.field).from = "buyer.email"];
}
message Order {
  option (portico.v1.message).join = {
    name: ${s("joinName")} method: ${s("joinMethod")} key: ${s("joinKey")} select: ${s("joinSelect")} set: ${s("joinSet")}
  };
  string city = 1 [(portico.v1.field) = {from: ${s("from")}}];
  string email = 2 [(portico.v1.field).from = ${s("otherFrom")}, (portico.v1.field).from = "product"];
  repeated User watchers = 3 [(portico.v1.field) = {key: ${s("key")} load: ${s("load")}}];
  google.protobuf.Any payload = 4 [(portico.v1.field).any = ${s("any")}];
  State state = 5;
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

const slot = fc.constantFrom(...(Object.keys(RIGHT) as Slot[]));
const change = slot.chain((name) =>
  fc.oneof(changed(RIGHT[name]), anything).map((value) => ({ name, value })),
);
const wrong = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes): Case => {
  const value = { ...RIGHT };
  for (const { name, value: text } of changes) value[name] = text;
  return {
    name: JSON.stringify(changes),
    body: body(value),
    expected: "",
    files: new Map(),
    parameter: "",
    noText: false,
  };
});

test("any string in an annotation leads to findings or to files", () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20240517);
  const right: Case = {
    name: "right",
    body: body(RIGHT),
    expected: "",
    files: new Map(),
    parameter: "",
    noText: false,
  };
  const cases = [right, ...fc.sample(wrong, { numRuns: 300, seed })];
  const responses = runAll(cases);
  expect(responses[0]?.error).toBe("");
  responses.forEach(({ error, file }, index) => {
    const name = cases[index]!.name;
    expect(error, name).not.toMatch(/internal error/);
    expect(error === "", name).toBe(file.length > 0);
    // A finding stands in the file, and its caret under something.
    for (const [, line, column] of error.matchAll(/^shop\/shop\.proto:(\d+):(\d+): /gm)) {
      expect(Number(line), name).toBeGreaterThan(1);
      expect(Number(column), name).toBeGreaterThan(0);
    }
  });
  // Most of them are wrong, and some happen to be right.
  const generated = responses.filter(({ error }) => error === "").length;
  expect(generated).toBeGreaterThan(3);
  expect(generated).toBeLessThan(150);
});
