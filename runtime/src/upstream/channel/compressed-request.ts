import { gzipEnvelope } from "../../grpc/gzip.js";
import type { Http2Stream } from "../../http2/index.js";

/** The one message of a request while it is being compressed, and after. */
export class CompressedRequest {
  #envelope: Uint8Array | undefined;

  /** Starts to compress, and tells when it is done; undefined if the message had better be sent as it is. */
  static of(message: Uint8Array, onDone: () => void): CompressedRequest | undefined {
    const request = new CompressedRequest();
    const started = gzipEnvelope(message, (envelope) => {
      request.#envelope = envelope;
      onDone();
    });
    return started ? request : undefined;
  }

  /** Sends it as the body of a stream, if it is done; else whoever is told so has to. */
  sendOn(stream: Http2Stream | undefined): void {
    if (this.#envelope !== undefined) stream?.write(this.#envelope, true);
  }
}
