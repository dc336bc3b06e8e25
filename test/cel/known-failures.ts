/** Sections of the CEL conformance tests that Portico does not support, and why. */
export const UNSUPPORTED_SECTIONS: ReadonlyMap<string, string> = new Map([
  ["bindings_ext", "cel.bind: Portico has `let`"],
  ["block_ext", "cel.block is made by optimizers, not by authors"],
  ["encoders_ext", "base64 belongs to the JSON edge"],
  ["math_ext", "not part of the annotation language"],
  ["optionals", "presence is told by has()"],
  ["proto2_ext", "extensions are not part of a public API"],
]);

const STRONG_ENUMS = "enums are names here, ints in plain CEL (the legacy_ tests), never a type of their own";
const EXTENSIONS = "proto2 extensions are not part of a public API";

/** Tests outside of those sections that fail, by path, and why. */
export const KNOWN_FAILURES: ReadonlyMap<string, string> = new Map([
  ...listed("enums/strong_proto2", STRONG_ENUMS, [
    "literal_global",
    "literal_nested",
    "literal_zero",
    "type_global",
    "type_nested",
    "select_default",
    "field_type",
    "assign_standalone_int",
    "convert_int_inrange",
    "convert_int_big",
    "convert_int_neg",
    "convert_int_too_big",
    "convert_int_too_neg",
    "convert_string",
    "convert_string_bad",
  ]),
  ...listed("enums/strong_proto3", STRONG_ENUMS, [
    "literal_global",
    "literal_nested",
    "literal_zero",
    "type_global",
    "type_nested",
    "select_default",
    "select",
    "select_big",
    "select_neg",
    "field_type",
    "assign_standalone_int",
    "assign_standalone_int_big",
    "assign_standalone_int_neg",
    "convert_int_inrange",
    "convert_int_big",
    "convert_int_neg",
    "convert_int_too_big",
    "convert_int_too_neg",
    "convert_string",
    "convert_string_bad",
  ]),
  ...["extensions_has", "extensions_get"].flatMap((section) =>
    listed(`proto2/${section}`, EXTENSIONS, [
      "package_scoped_int32",
      "package_scoped_nested_ext",
      "package_scoped_test_all_types_ext",
      "package_scoped_test_all_types_nested_enum_ext",
      "package_scoped_repeated_test_all_types",
      "message_scoped_int64",
      "message_scoped_nested_ext",
      "message_scoped_nested_enum_ext",
      "message_scoped_repeated_test_all_types",
    ]),
  ),
]);

function listed(section: string, reason: string, names: readonly string[]): [string, string][] {
  return names.map((name) => [`${section}/${name}`, reason]);
}
