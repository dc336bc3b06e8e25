import type { Principal } from "./principal.js";

/** Request headers: lower-case names; the values of a repeated header joined by ", " (cookies by "; "). */
export type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Turns request headers into a Principal. Gives undefined when the headers carry no credentials at all; throws a
 * PorticoError (UNAUTHENTICATED) when they carry any that are not valid, on public methods too. Whatever else it
 * throws denies as well.
 */
export interface Authenticator {
  /** May answer without a promise, as for credentials that it has verified before: the request then does not wait. */
  authenticate(headers: Headers): Principal | undefined | Promise<Principal | undefined>;
}
