import type { DescMethod } from "@bufbuild/protobuf";
import type { Context, Place } from "../context.js";
import type { StreamKind, UpstreamMethod } from "../types.js";

/** Whether methods of the kind take a stream of requests. */
export function takesStream(kind: StreamKind): boolean {
  return kind === "client_streaming" || kind === "bidi_streaming";
}

/** Whether methods of the kind answer with a stream of messages. */
export function answersStream(kind: StreamKind): boolean {
  return kind === "server_streaming" || kind === "bidi_streaming";
}

/**
 * Checks that a call streams as its public method does, or, if it has a name, not at all; false if not. A call that is
 * wrong in both directions is one mistake.
 */
export function checkStreamKind(
  context: Context,
  desc: DescMethod,
  method: UpstreamMethod,
  unnamed: boolean,
  place: Place,
): boolean {
  const wanted = unnamed ? desc.methodKind : "unary";
  if (method.kind === wanted) return true;
  const upstream = `${method.service}/${method.name}`;
  const report = (text: string, fix: string) => context.report("stream-kind", place, text, fix);
  if (!unnamed) {
    report(
      `${upstream} ${takesStream(method.kind) ? "takes a stream of requests" : "answers with a stream"}, and ${desc.name} can stream only its unnamed call`,
      "make it the call without a name, or call a unary method",
    );
  } else if (takesStream(method.kind) && !takesStream(wanted)) {
    report(
      `${upstream} takes a stream of requests, and ${desc.name} one request`,
      "make the public method take a stream, or call a method that takes one request",
    );
  } else if (takesStream(wanted) && !takesStream(method.kind)) {
    report(
      `${desc.name} takes a stream of requests, and ${upstream} one request`,
      "call a method that takes a stream of requests",
    );
  } else if (answersStream(method.kind)) {
    report(
      `${upstream} answers with a stream, and ${desc.name} with one message`,
      "make the public method return a stream",
    );
  } else {
    report(
      `${desc.name} answers with a stream, and ${upstream} with one message`,
      "call a method that streams",
    );
  }
  return false;
}

/** Checks a call that is made before a resolver makes the response; false if it streams. */
export function checkUnary(
  context: Context,
  desc: DescMethod,
  { service, name, kind }: UpstreamMethod,
  place: Place,
): boolean {
  if (kind === "unary") return true;
  context.report(
    "stream-kind",
    place,
    `${service}/${name} is a stream, and the calls of ${desc.name} are made before its resolver`,
    "call a unary method",
  );
  return false;
}

/** Reports a method that streams, all of whose calls have names: none is its source. */
export function reportNoStream(context: Context, desc: DescMethod): void {
  const [what, which] = answersStream(desc.methodKind)
    ? ["answers with a stream", "is the source of it"]
    : ["takes a stream of requests", "takes it"];
  context.report(
    "stream-kind",
    { element: desc },
    `${desc.name} ${what}, and none of its calls ${which}`,
    "add a call without a `name`, of a method that streams likewise",
  );
}
