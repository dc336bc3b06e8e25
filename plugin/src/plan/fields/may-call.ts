import type { DescService } from "@bufbuild/protobuf";
import type { Context, Place } from "../context.js";
import type { UpstreamMethod } from "../types.js";

/** Of a field: it may run at any time and again, as joins may. */
export interface MayCallScope {
  /** The internal service of bare names. */
  readonly home: DescService | undefined | "unknown" | "none";
  /** Whether methods that write may be called. */
  readonly writes: boolean;
}

const FIELD: MayCallScope = { home: "none", writes: false };

/** Resolves the `may_call` of a resolver; undefined where something in it is wrong. */
export function planMayCall(
  context: Context,
  names: readonly string[],
  place: Place & { readonly path: ReadonlyArray<string | number> },
  { home, writes }: MayCallScope = FIELD,
): readonly UpstreamMethod[] | undefined {
  const methods: UpstreamMethod[] = [];
  names.forEach((name, index) => {
    const at: Place = { ...place, path: [...place.path, index] };
    const method = context.upstreamMethod(name, home, at);
    if (method === undefined) return;
    const report = (message: string, fix: string) => context.report("resolver-calls", at, message, fix);
    const said = methodName(method);
    if (methods.some((other) => methodName(other) === said)) {
      report(`${said} is listed twice`, "remove one of them");
    } else if (method.kind !== "unary") {
      report(`${said} is a stream, and resolvers call unary methods`, "remove it, or call a unary method");
    } else if (!writes && method.effect !== "READ") {
      report(
        `${said} is not known to be a read, and the resolver of a field may run at any time and again`,
        "call a method that reads: one whose name begins with Get, List, BatchGet, BatchList, Search, Count or Lookup, or that has `idempotency_level = NO_SIDE_EFFECTS`",
      );
    } else methods.push(method);
  });
  return methods.length === names.length ? methods : undefined;
}

/** "smpl.users.v1.UsersService/GetUser" */
export function methodName({ service, name }: UpstreamMethod): string {
  return `${service}/${name}`;
}
