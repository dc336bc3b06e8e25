/** What compiled CEL expressions call. */

export {
  at,
  elementAt,
  hasName,
  inList,
  inMap,
  noElements,
  select,
  size,
  valueAt,
  within,
} from "./access.js";
export { add, concatBytes, concatLists, concatStrings, subtract } from "./add.js";
export {
  avg,
  distinct,
  first,
  last,
  max,
  min,
  sortBy,
  sumDouble,
  sumDuration,
  sumInt,
  sumUint,
  take,
  uuid,
} from "./aggregate.js";
export {
  asBool,
  asBytes,
  asDouble,
  asDuration,
  asInt,
  asList,
  asMap,
  asMessage,
  asString,
  asTimestamp,
  asType,
  asUint,
} from "./cast.js";
export {
  compareBytes,
  compareStrings,
  differs,
  endsWith,
  equals,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  startsWith,
} from "./compare.js";
export {
  toBool,
  toBytes,
  toDouble,
  toDuration,
  toInt,
  toText,
  toTimestamp,
  toUint,
} from "./convert.js";
export type { Kind } from "./decode.js";
export { AbsentError, CelError, fail, nothing } from "./error.js";
export { format } from "./format.js";
export { and, or } from "./logic.js";
export {
  all,
  exists,
  existsOne,
  filter,
  filterMap,
  filterTransformMap,
  indexed,
  map,
  pairsOf,
  rangeOf,
  transformMap,
} from "./macro.js";
export { CelMap, mapOf } from "./map.js";
export {
  addInt,
  addUint,
  divide,
  divideInt,
  divideUint,
  modulo,
  moduloInt,
  moduloUint,
  multiply,
  multiplyInt,
  multiplyUint,
  negate,
  negateInt,
  subtractInt,
  subtractUint,
} from "./number.js";
export { matches, type Pattern, pattern } from "./pattern.js";
export {
  charAt,
  contains,
  indexOf,
  join,
  lastIndexOf,
  lowerAscii,
  quote,
  replace,
  reverse,
  split,
  substring,
  trim,
  upperAscii,
} from "./string.js";
export {
  addDurations,
  addTimestampTo,
  addToTimestamp,
  Duration,
  durationOf,
  now,
  since,
  subtractDurations,
  subtractFromTimestamp,
  Timestamp,
  timestampOf,
} from "./time.js";
export {
  getDate,
  getDayOfMonth,
  getDayOfWeek,
  getDayOfYear,
  getFullYear,
  getHours,
  getMilliseconds,
  getMinutes,
  getMonth,
  getSeconds,
} from "./time-parts.js";
export { type MessageValue, TypeValue, typeOf, Uint, type Value } from "./value.js";
export { present, replyView, View, type ViewField, type ViewType, viewOf } from "./view.js";
export { type Written, writeMap, writeValue, writeValues } from "./write.js";
