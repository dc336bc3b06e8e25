import type { FieldPolicy } from "../auth/policy.js";
import type { Principal } from "../auth/principal.js";
import { check, type Shape } from "../wire/check.js";
import type { Reader } from "../wire/reader.js";
import { denialOf } from "./error.js";

/** Who sets fields. */
export interface FieldCaller {
  readonly principal: Principal | undefined;
  may(policy: FieldPolicy, request?: Reader): boolean;
}

/**
 * Checks a request, and that the caller may set all fields that are set in it. `first` is the request that policies read: of a
 * stream, its first one.
 */
export function checkFields(caller: FieldCaller, request: Reader, shape: Shape, first = request): void {
  check(request.begin(), shape, (guard) => {
    if (!caller.may(guard as FieldPolicy, first)) throw denialOf(caller.principal);
  });
}
