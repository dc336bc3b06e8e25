// Portico's upstream tells nobody of the metadata of an answer: nothing of it may reach a client. The suite asks for
// it, so it is watched from outside, at the two places where a call gets it.
import { GrpcCall } from "../../runtime/dist/upstream/channel/call.js";

const records = new WeakMap();

/** What comes for the calls of `method`, an object of its own for each call. */
export function observe(method) {
  const record = { headers: undefined, trailers: undefined };
  records.set(method, record);
  return record;
}

const { onHeaders, onEnd } = GrpcCall.prototype;

GrpcCall.prototype.onHeaders = function (headers) {
  const record = records.get(this.method);
  if (record !== undefined && !this.over) record.headers = headers;
  onHeaders.call(this, headers);
};

GrpcCall.prototype.onEnd = function () {
  const record = records.get(this.method);
  if (record !== undefined && !this.over) {
    // An answer without a body has its trailers in its headers.
    const { trailers } = this.stream;
    record.trailers = trailers ?? record.headers;
    if (trailers === undefined) record.headers = undefined;
  }
  onEnd.call(this);
};
