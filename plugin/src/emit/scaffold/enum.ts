import type { DescEnum } from "@bufbuild/protobuf";
import { bareName } from "../../plan/fields/enums.js";
import { quoteText } from "../public-proto/literal.js";
import { withOptions } from "../public-proto/options.js";
import type { ProtoText } from "../public-proto/text.js";
import { snakeCase } from "./names.js";
import type { ScaffoldStyle } from "./style.js";
import type { PublicEnum } from "./types.js";

/** Writes the public copy of an enum: its values have the enum's name before theirs, as `buf lint` has it. */
export function writeEnum(
  text: ProtoText,
  { name, internal }: PublicEnum,
  style: ScaffoldStyle,
  gap: boolean,
): void {
  const prefix = `${snakeCase(name).toUpperCase()}_`;
  text.block([`enum ${name}`], style.comments(internal), gap, () => {
    const taken = new Set<string>();
    for (const { value, number } of numbered(internal)) {
      const bare = bareName(internal, value);
      const publicName = `${prefix}${snakeCase(bare).toUpperCase()}`;
      if (taken.has(publicName)) continue;
      taken.add(publicName);
      // Names are compared without the enum's own prefix.
      const isSame = publicName === `${prefix}${bare}` || publicName === value.name;
      const options = [
        ...(value.deprecated ? [{ name: "deprecated", value: "true", place: undefined }] : []),
        ...(isSame
          ? []
          : [{ name: "(portico.v1.enum_value).from", value: quoteText(value.name), place: undefined }]),
      ];
      const comments = style.comments(value);
      const isLinted = number === 0 && !publicName.endsWith("_UNSPECIFIED");
      const leading = isLinted
        ? `${comments.leading} buf:lint:ignore ENUM_ZERO_VALUE_SUFFIX\n`
        : comments.leading;
      text.statement(withOptions(`${publicName} = ${number}`, options, ";"), { ...comments, leading }, false);
    }
  });
}

/** Each number once, zero first: where no value has it, the first value gets it, since numbers need not agree. */
function numbered(desc: DescEnum): Array<{ value: DescEnum["values"][number]; number: number }> {
  const seen = new Set<number>();
  const values = desc.values.filter(({ number }) => !seen.has(number) && seen.add(number));
  const zero = values.find(({ number }) => number === 0) ?? values[0]!;
  return [zero, ...values.filter((value) => value !== zero)].map((value) => {
    return { value, number: value === zero ? 0 : value.number };
  });
}
