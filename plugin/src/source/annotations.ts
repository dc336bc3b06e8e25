import {
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
export const serviceRule = (desc: DescService): options.ServiceRule | undefined =>
  hasOption(desc, options.service) ? getOption(desc, options.service) : undefined;

export const methodRule = (desc: DescMethod): options.MethodRule | undefined =>
  hasOption(desc, options.method) ? getOption(desc, options.method) : undefined;

export const messageRule = (desc: DescMessage): options.MessageRule | undefined =>
  hasOption(desc, options.message) ? getOption(desc, options.message) : undefined;

export const fieldRule = (desc: DescField | DescExtension): options.FieldRule | undefined =>
  hasOption(desc, options.field) ? getOption(desc, options.field) : undefined;

export const enumValueRule = (desc: DescEnumValue): options.EnumValueRule | undefined =>
  hasOption(desc, options.enum_value) ? getOption(desc, options.enum_value) : undefined;

export type {
  Call,
  EnumValueRule,
  FieldRule,
  Join,
  Load,
  MessageRule,
  MethodRule,
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
