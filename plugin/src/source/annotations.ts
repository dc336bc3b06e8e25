import {
  type AnyDesc,
  type DescEnumValue,
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";
import * as options from "../../../gen/portico/v1/options_pb.js";

/** The annotations of an element; undefined where it has none. */
export const serviceRule = reading<DescService, options.ServiceRule>(options.service);
export const methodRule = reading<DescMethod, options.MethodRule>(options.method);
export const messageRule = reading<DescMessage, options.MessageRule>(options.message);
export const fieldRule = reading<DescField | DescExtension, options.FieldRule>(options.field);
export const enumValueRule = reading<DescEnumValue, options.EnumValueRule>(options.enum_value);

/** Decodes an element's annotation when it is first asked for: the plan asks often. */
function reading<D extends AnyDesc, R>(extension: DescExtension): (desc: D) => R | undefined {
  const known = new WeakMap<D, { readonly rule: R | undefined }>();
  // Which extension goes with which element is said above.
  const [has, get] = [hasOption, getOption] as unknown as [Reader<boolean>, Reader<R>];
  return (desc) => {
    let entry = known.get(desc);
    if (entry === undefined) {
      entry = { rule: has(desc, extension) ? get(desc, extension) : undefined };
      known.set(desc, entry);
    }
    return entry.rule;
  };
}

type Reader<T> = (desc: AnyDesc, extension: DescExtension) => T;

export type {
  Call,
  Ensure,
  EnumValueRule,
  FieldRule,
  Join,
  Load,
  MessageRule,
  MethodRule,
  OnError,
  Policy,
  ServiceRule,
} from "../../../gen/portico/v1/options_pb.js";
export { Effect, Outcome } from "../../../gen/portico/v1/options_pb.js";
export const optionSchemas = {
  service: options.ServiceRuleSchema,
  method: options.MethodRuleSchema,
  message: options.MessageRuleSchema,
  field: options.FieldRuleSchema,
  enumValue: options.EnumValueRuleSchema,
};

/** The field number of all Portico extensions. */
export const EXTENSION_NUMBER: number = options.field.number;
