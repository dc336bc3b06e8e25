import { Code } from "../grpc/code.js";
import { type Method, UpstreamError } from "./upstream.js";

/** The one reply to a stream of requests; none, or more, is INTERNAL. */
export async function singleReply(
  messages: AsyncIterator<Uint8Array, undefined>,
  method: Method,
): Promise<Uint8Array> {
  const { value: reply, done } = await messages.next();
  if (done) throw new UpstreamError(Code.INTERNAL, "no reply", method);
  if ((await messages.next()).done) return reply;
  await messages.return?.();
  throw new UpstreamError(Code.INTERNAL, "more than one reply to a stream of requests", method);
}
