import type { Principal } from "./principal.js";

/** Request headers: lower-case names; the values of a repeated header joined by ", " (cookies by "; "). */
export type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Turns request headers into a Principal. Resolves to undefined when the headers carry no credentials at all;
 * throws a PorticoError (UNAUTHENTICATED) when they carry any that are not valid, on public methods too.
 */
export interface Authenticator {
  authenticate(headers: Headers): Promise<Principal | undefined>;
}
