/**
 * A request stream of the front, with metadata in the answer: Portico gives its handlers no way to send any, and the
 * suite asks for it. All else goes through as it is.
 */
export class MetadataStream {
  /** To be added to the answer; set before its headers or its trailers are sent. */
  responseHeaders = {};
  responseTrailers = {};

  #stream;

  constructor(stream) {
    this.#stream = stream;
  }

  get headers() {
    return this.#stream.headers;
  }

  get receiver() {
    return this.#stream.receiver;
  }

  set receiver(receiver) {
    this.#stream.receiver = receiver;
  }

  read(unhurried) {
    this.#stream.read(unhurried);
  }

  pause() {
    this.#stream.pause();
  }

  respondHeaders(headers) {
    const all = { ...headers, ...this.responseTrailers };
    if (Object.keys(this.responseHeaders).length === 0) {
      this.#stream.respondHeaders(all);
      return;
    }
    // Headers of their own: the status is for the trailers then.
    const { ":status": status, "content-type": type, "x-request-id": requestId, ...trailers } = all;
    this.startResponse({ ":status": status, "content-type": type }, requestId);
    this.#stream.endResponse(trailers);
  }

  respond(headers, requestId, body, trailers, ...rest) {
    const allTrailers = { ...trailers, ...this.responseTrailers };
    this.#stream.respond({ ...headers, ...this.responseHeaders }, requestId, body, allTrailers, ...rest);
  }

  startResponse(headers, requestId) {
    this.#stream.startResponse({ ...headers, ...this.responseHeaders }, requestId);
  }

  hasRoom(bytes) {
    return this.#stream.hasRoom(bytes);
  }

  write(part) {
    return this.#stream.write(part);
  }

  endResponse(trailers) {
    this.#stream.endResponse({ ...trailers, ...this.responseTrailers });
  }
}
