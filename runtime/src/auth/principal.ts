/** Who makes a call, as an Authenticator has verified it. Expressions see it as `auth`. */
export interface Principal {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  /** All verified claims, as JSON values. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When the credentials end, in milliseconds of `Date.now()`; absent: they do not. */
  readonly expiresAtMs?: number;
}
