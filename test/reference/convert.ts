import type { DescMessage } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Conversion, EnumPlan, Translator } from "../../plugin/src/plan/types.js";
import type { Scalar } from "../../plugin/src/source/model.js";
import { Malformed } from "./cursor.js";
import { decode } from "./decode.js";
import { encode } from "./encode.js";
import { translateMask } from "./mask.js";
import { empty, type Holder, open } from "./object.js";
import { checkText } from "./scalar.js";

/** What a conversion needs from its surroundings. */
export interface Converter {
  /** Text, as the target may hold it. */
  readonly text: (text: string) => string;
  /** The target's type, where that is a message. */
  readonly message: DescMessage | undefined;
  /** Whether the value is a client's. */
  readonly isClients: boolean;
  readonly translate: (translator: Translator, source: Holder) => ReflectMessage | undefined;
}

/** One value as another type's; undefined where nothing is written. */
export function converted(value: unknown, conversion: Conversion, to: Converter): unknown {
  switch (conversion.kind) {
    case "scalar":
      return typeof value === "string" ? to.text(value) : widened(value, conversion.to);
    case "enum":
      return mapped(value as number, conversion.map);
    case "message":
      return to.translate(conversion.translator, value as Holder);
    case "wrap": {
      const wrapper = empty(to.message!);
      const content = typeof value === "string" ? checkText(value) : value;
      wrapper.set(wrapper.desc.fields[0]!, content as never);
      return wrapper;
    }
    case "unwrap": {
      const wrapper = open(value as ReflectMessage);
      const content: unknown = wrapper.get(wrapper.desc.fields[0]!);
      return typeof content === "string" ? to.text(content) : content;
    }
    case "mask":
      return translateMask(open(value as ReflectMessage), to.message!, conversion.subject);
    case "any":
      return translateAny(open(value as ReflectMessage), conversion.types, to);
    default:
      throw new Error(`${conversion.kind} is not of a single value`);
  }
}

const WIDE: readonly Scalar[] = ["int64", "uint64", "sint64", "fixed64", "sfixed64"];

/** The same number, as a bigint where the target has 64 bits. */
function widened(value: unknown, to: Scalar): unknown {
  return WIDE.includes(to) && typeof value === "number" ? BigInt(value) : value;
}

function mapped(number: number, map: EnumPlan): number | undefined {
  const twin = map.numbers.find(([from]) => from === number);
  if (twin !== undefined) return twin[1];
  if (map.otherwise === "invalid") throw new Malformed("an enum value that is not taken");
  return map.otherwise === "ignore" ? undefined : map.otherwise;
}

function translateAny(any: ReflectMessage, types: readonly Translator[], to: Converter): unknown {
  const [urlField, valueField] = any.desc.fields;
  const url = checkText(any.get(urlField!) as string);
  const slash = url.lastIndexOf("/");
  const type = types.find((candidate) => candidate.source!.typeName === url.slice(slash + 1));
  if (type === undefined || slash < 0) {
    if (to.isClients && url !== "") throw new Malformed("a type that is not allowed in an Any");
    return undefined;
  }
  const content = to.translate(type, decode(type.source!.desc!, any.get(valueField!) as Uint8Array));
  const result = empty(to.message!);
  result.set(result.desc.fields[0]!, `type.googleapis.com/${type.target.typeName}`);
  result.set(result.desc.fields[1]!, encode(content!));
  return result;
}
