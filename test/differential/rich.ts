import type { Sources } from "../support/compile.js";

const SCALARS = [
  "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "bytes", "uint32", "sfixed32",
  "sfixed64", "sint32", "sint64",
] as const; // biome-ignore format: a table
const MAP_KEYS = SCALARS.filter((type) => !["double", "float", "bytes"].includes(type));

// Types of the same values in other encodings: they go both ways.
const RECODED = [
  ["int32", "sint32"], ["sint32", "sfixed32"], ["sfixed32", "int32"], ["int64", "sint64"], ["sint64", "sfixed64"],
  ["sfixed64", "int64"], ["uint32", "fixed32"], ["fixed32", "uint32"], ["uint64", "fixed64"], ["fixed64", "uint64"],
] as const; // biome-ignore format: a table
const WIDENED = [
  ["int32", "int64"], ["sint32", "sfixed64"], ["sfixed32", "sint64"], ["uint32", "uint64"], ["fixed32", "fixed64"],
  ["float", "double"],
] as const; // biome-ignore format: a table

/** The fields that are in both messages, each with its internal and its public type. */
function fields(side: 0 | 1): string {
  const lines: string[] = [];
  let number = 0;
  // Public numbers are others than internal ones.
  const add = (types: readonly [string, string], name: string, option = "") => {
    number++;
    lines.push(
      `  ${types[side]} ${name} = ${side === 0 ? number : 2000 - number}${side === 1 ? option : ""};`,
    );
  };
  const same = (type: string, name: string) => add([type, type], name);
  const readOnly = " [(portico.v1.field).output_only = true]";
  for (const type of SCALARS) {
    same(type, `s_${type}`);
    same(`optional ${type}`, `o_${type}`);
    same(`repeated ${type}`, `r_${type}`);
    add([type, `optional ${type}`], `i2e_${type}`);
    add([`optional ${type}`, type], `e2i_${type}`);
    add([type, `repeated ${type}`], `many_${type}`, readOnly);
  }
  for (const [from, to] of RECODED) {
    add([from, to], `c_${from}_${to}`);
    add([`repeated ${from}`, `repeated ${to}`], `rc_${from}_${to}`);
  }
  for (const [from, to] of WIDENED) {
    add([from, to], `w_${from}_${to}`, readOnly);
    add([`repeated ${from}`, `repeated ${to}`], `rw_${from}_${to}`, readOnly);
  }
  for (const key of MAP_KEYS) same(`map<${key}, string>`, `m_${key}`);
  for (const value of SCALARS) same(`map<string, ${value}>`, `mv_${value}`);
  add(["map<sint32, sfixed64>", "map<int32, sint64>"], "mc");
  same("map<string, Leaf>", "m_message");
  same("map<int32, Kind>", "m_enum");
  add(["map<string, google.protobuf.Int64Value>", "map<string, int64>"], "m_unwrap");
  add(["map<string, int64>", "map<string, google.protobuf.Int64Value>"], "m_wrap");
  for (const [type, wrapper] of [["string", "String"], ["int64", "Int64"], ["bool", "Bool"], ["double", "Double"], ["float", "Float"], ["bytes", "Bytes"], ["uint32", "UInt32"]] as const) {
    add([`google.protobuf.${wrapper}Value`, `optional ${type}`], `u_${type}`);
    add([`optional ${type}`, `google.protobuf.${wrapper}Value`], `x_${type}`);
    add([type, `google.protobuf.${wrapper}Value`], `ix_${type}`, readOnly);
    add([`repeated google.protobuf.${wrapper}Value`, `repeated ${type}`], `ru_${type}`);
    add([`repeated ${type}`, `repeated google.protobuf.${wrapper}Value`], `rx_${type}`);
  } // biome-ignore format: a table
  for (const prefix of ["", "optional ", "repeated "]) {
    same(`${prefix}Kind`, `kind_${prefix.trim() || "plain"}`);
  }
  same("Leaf", "leaf");
  same("repeated Leaf", "leaves");
  same("All", "child");
  same("repeated All", "children");
  same("A", "mutual");
  same("Old", "old");
  same("repeated Old", "olds");
  same("Delimited", "delimited");
  for (const type of ["Timestamp", "Duration", "Struct", "Value", "ListValue", "Empty"]) {
    same(`google.protobuf.${type}`, `p_${type.toLowerCase()}`);
    same(`repeated google.protobuf.${type}`, `rp_${type.toLowerCase()}`);
  }
  // Names that are words of the language, or of generated code.
  for (const name of ["constructor", "__proto__", "w", "r", "tag", "end", "call", "key", "value", "class", "_1", "A_b__C_", "input"])
    same("string", name); // biome-ignore format: a list
  return lines.join("\n");
}

const KIND = ["UNSPECIFIED", "ONE", "TWO", "MINUS"];
const KIND_NUMBERS = [[0, 1, 2, -1], [0, 11, 12, -7]] as const; // biome-ignore format: a table

function common(side: 0 | 1): string {
  const isPublic = side === 1;
  const other = isPublic
    ? `  KIND_OTHER = 99 [(portico.v1.enum_value).from = "*"];`
    : "  IN_KIND_HIDDEN = 5;";
  const prefix = isPublic ? "KIND" : "IN_KIND";
  return `
message All {
${fields(side)}
  oneof choice {
    string c_text = ${isPublic ? 21 : 3001};
    int32 c_number = ${isPublic ? 22 : 3002};
    Leaf c_leaf = ${isPublic ? 23 : 3003};
    Kind c_kind = ${isPublic ? 24 : 3004};
    bytes c_bytes = ${isPublic ? 25 : 3005};
    ${isPublic ? "" : "string c_hidden = 3006; Leaf c_hidden_leaf = 3007; int64 c_hidden_number = 536870911;"}
  }
${
  isPublic
    ? `
  string deep = 41 [(portico.v1.field) = {from: "leaf.inner.inner.text" output_only: true}];
  string deep_again = 42 [(portico.v1.field) = {from: "leaf.inner.inner.text" output_only: true}];
  repeated string deep_list = 43 [(portico.v1.field) = {from: "leaf.inner.list" output_only: true}];
  repeated Leaf leaves_again = 44 [(portico.v1.field) = {from: "leaves" output_only: true}];
  repeated int32 list_again = 45 [(portico.v1.field) = {from: "r_int32" output_only: true}];
  repeated google.protobuf.StringValue text_again = 47 [(portico.v1.field) = {from: "r_string" output_only: true}];
  repeated string unwrap_again = 48 [(portico.v1.field) = {from: "ru_string" output_only: true}];
  All itself = 49 [(portico.v1.field) = {from: "source.child" output_only: true}];
  string only_out = 50 [(portico.v1.field) = {from: "s_string" output_only: true}];
  map<string, Leaf> m_again = 51 [(portico.v1.field) = {from: "m_message" output_only: true}];
  int32 joined = 536870911 [(portico.v1.field) = {from: "s_int32" output_only: true}];
`
    : "  string hidden = 536870910;"
}
}
message Leaf {
  string text = 1;
  int32 number = ${isPublic ? 2 : 16};
  Leaf inner = ${isPublic ? 3 : 17};
  repeated string list = ${isPublic ? 4 : 2048};
  ${isPublic ? "" : "string secret = 9; repeated Leaf secrets = 10;"}
}
message A { B b = ${side + 1}; string name = 5; }
message B { repeated A as = ${side + 1}; map<string, A> by = 7; }
enum Kind {
${KIND.map((name, i) => `  ${prefix}_${name} = ${KIND_NUMBERS[side][i]};`).join("\n")}
${other}
}
`;
}

/** proto2: closed enums, defaults, groups, required fields, unpacked lists. The public side has presence of its own. */
const old = (side: 0 | 1) => `
message Old {
  ${side === 0 ? "required" : "optional"} int32 id = 1;
  optional string text = 2 [default = "dé\\"fault"];
  optional int64 number = 3 [default = -9007199254740993];
  repeated int32 unpacked = 4;
  repeated sint64 packed = 5 [packed = true];
  optional Mode mode = 6;
  repeated group Item = ${side + 7} { optional string name = 1; repeated group Sub = 2 { optional int32 n = 1; } }
  optional group Single = 9 { optional string name = ${side + 1}; optional float ratio = 3 [default = inf]; }
  repeated Mode modes = 10;
  repeated Mode packed_modes = 11 [packed = true];
  map<int32, Mode> mode_by = 12;
  extensions 1000 to max;
  ${side === 0 ? "" : `repeated Mode modes_again = 13 [(portico.v1.field) = {from: "packed_modes" output_only: true}];`}
}
enum Mode { MODE_FAST = 1; MODE_SLOW = ${side === 0 ? 2 : 7}; }
`;

const delimited = (side: 0 | 1) => `
message Delimited {
  Delimited inner = ${side + 1};
  repeated Delimited list = ${side + 3};
  google.protobuf.StringValue wrapped = ${side + 5};
  repeated google.protobuf.StringValue many = ${side + 7};
  google.protobuf.Timestamp time = ${side + 9};
  int32 implicit = 20 [features.field_presence = IMPLICIT];
  int32 explicit = 21;
  repeated int32 expanded = 22 [features.repeated_field_encoding = EXPANDED];
  map<string, Delimited> map = 23;
  string raw = 24 [features.utf8_validation = NONE];
}
`;

/** What reads the defaults of proto2 into fields without presence, out only. */
const GETS = `
  rpc Get(GetRequest) returns (Defaults);
`;

const WELL_KNOWN = ["wrappers", "timestamp", "duration", "struct", "empty"]
  .map((name) => `import "google/protobuf/${name}.proto";`)
  .join("\n");

/** A pair of schemas with all shapes that are translated. */
export const rich: Sources = {
  "in/old.proto": `syntax = "proto2"; package in; ${old(0)}
    message Defaults {
      optional string text = 1 [default = "text"];
      optional bytes raw = 2 [default = "\\377\\000"];
      optional int32 i32 = 3 [default = -5];
      optional uint64 u64 = 4 [default = 18446744073709551615];
      optional sint64 s64 = 5 [default = -9007199254740993];
      optional double d = 6 [default = -inf];
      optional float f = 7 [default = 1.5];
      optional bool yes = 8 [default = true];
      optional fixed32 x32 = 9 [default = 4294967295];
      optional Mode mode = 10 [default = MODE_SLOW];
      optional Mode first = 11;
      optional int32 widened = 12 [default = -3];
      optional string same = 13;
    }`,
  "in/delimited.proto": `edition = "2023"; package in; ${WELL_KNOWN.split("\n").slice(0, 2).join("\n")}
    option features.message_encoding = DELIMITED; ${delimited(0)}`,
  "in/rich.proto": `syntax = "proto3"; package in; ${WELL_KNOWN}
    import "in/old.proto"; import "in/delimited.proto";
    service Rich {
      rpc Put(PutRequest) returns (All);
      ${GETS}
    }
    message GetRequest {}
    message PutRequest {
      All all = 1;
      Filter filter = 2;
    }
    message Filter {
      Owner owner = 1;
      repeated string tags = 2;
      repeated int32 numbers = 3;
      Leaf leaf = 4;
      map<string, int32> labels = 5;
      InKind kind = 6;
      google.protobuf.StringValue name = 7;
      repeated Leaf leaves = 8;
    }
    message Owner { string id = 1; optional int32 rank = 2; bool hidden = 3; }
    ${common(0).replace(/\bKind\b/g, "InKind")}`,
  "pub/old.proto": `syntax = "proto2"; package pub; import "portico/v1/options.proto"; ${old(1)}`,
  "pub/delimited.proto": `edition = "2023"; package pub; ${WELL_KNOWN.split("\n").slice(0, 2).join("\n")}
    ${delimited(1)}`,
  "pub/rich.proto": `syntax = "proto3"; package pub; ${WELL_KNOWN}
    import "pub/old.proto"; import "pub/delimited.proto"; import "portico/v1/options.proto";
    service Rich {
      option (portico.v1.service) = { from: "in.Rich" allow: {public: true} };
      rpc Put(PutRequest) returns (All);
      ${GETS}
    }
    message GetRequest {}
    message PutRequest {
      All all = 10;
      string owner_id = 2 [(portico.v1.field).to = "filter.owner.id"];
      optional int32 owner_rank = 3 [(portico.v1.field).to = "filter.owner.rank"];
      repeated string tags = 4 [(portico.v1.field).to = "filter.tags"];
      repeated int32 numbers = 5 [(portico.v1.field).to = "filter.numbers"];
      Leaf leaf = 6 [(portico.v1.field).to = "filter.leaf"];
      map<string, int32> labels = 7 [(portico.v1.field).to = "filter.labels"];
      Kind kind = 8 [(portico.v1.field).to = "filter.kind"];
      optional string name = 9 [(portico.v1.field).to = "filter.name"];
      repeated Leaf leaves = 11 [(portico.v1.field).to = "filter.leaves"];
    }
    message Defaults {
      string text = 1;
      bytes raw = 2;
      int32 i32 = 3;
      uint64 u64 = 4;
      sint64 s64 = 5;
      double d = 6;
      float f = 7;
      bool yes = 8;
      fixed32 x32 = 9;
      OpenMode mode = 10;
      OpenMode first = 11;
      int64 widened = 12;
      string same = 13;
      enum OpenMode { MODE_UNSPECIFIED = 0; MODE_SLOW = 5; MODE_FAST = 6; }
    }
    ${common(1)}`,
};
