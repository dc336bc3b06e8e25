import { Code } from "../grpc/code.js";
import { type Method, UpstreamError } from "./upstream.js";

/** The code of an answer with no reply, or more than one, where there is to be one: a "response cardinality violation".
 *
 * @see https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
export const cardinalityCode = Code.UNIMPLEMENTED;

/** The one reply to a stream of requests; none, or more, is an error. */
export async function singleReply(
  messages: AsyncIterator<Uint8Array, undefined>,
  method: Method,
): Promise<Uint8Array> {
  const { value: reply, done } = await messages.next();
  if (done) throw new UpstreamError(cardinalityCode, "no reply", method);
  if ((await messages.next()).done) return reply;
  await messages.return?.();
  throw new UpstreamError(cardinalityCode, "more than one reply to a stream of requests", method);
}
