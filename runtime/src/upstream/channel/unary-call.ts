import { envelop } from "../../grpc/envelop.js";
import type { Http2Stream } from "../../http2/index.js";
import { cardinalityCode } from "../single-reply.js";
import { type Method, type UpstreamContext, UpstreamError } from "../upstream.js";
import { GrpcCall } from "./call.js";
import type { Channel } from "./channel.js";
import type { CompressedRequest } from "./compressed-request.js";

/** One unary RPC: the way that nearly all calls go. */
export class UnaryCall extends GrpcCall {
  readonly #request: Uint8Array;
  #compressedRequest: CompressedRequest | undefined;
  #reply: Uint8Array | undefined;
  #compressed = false;
  #resolve!: (reply: Uint8Array) => void;
  #reject!: (error: UpstreamError) => void;

  constructor(channel: Channel, method: Method, request: Uint8Array, context: UpstreamContext) {
    super(channel, method, context);
    this.#request = request;
  }

  get heldBytes(): number {
    return this.#request.byteLength;
  }

  run(): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#compressedRequest = this.compress(this.#request);
      this.start();
    });
  }

  onMessage(message: Uint8Array, compressed: boolean): void {
    if (this.over) return;
    if (this.#reply !== undefined) {
      this.fail(cardinalityCode, "more than one reply to a unary call");
      return;
    }
    this.#reply = message;
    this.#compressed = compressed;
  }

  onDrain(): void {}

  protected sendBody(stream: Http2Stream): void {
    if (this.#compressedRequest !== undefined) this.#compressedRequest.sendOn(stream);
    else stream.write(envelop(this.#request), true);
  }

  protected get isRepeatable(): boolean {
    return true;
  }

  protected succeeded(): void {
    const reply = this.#reply;
    if (reply === undefined) this.#reject(new UpstreamError(cardinalityCode, "no reply", this.method));
    else if (!this.#compressed) this.#resolve(reply);
    else {
      this.decompress(reply, (error, message) => {
        if (error === undefined) this.#resolve(message);
        else this.#reject(error);
      });
    }
  }

  protected failed(error: UpstreamError): void {
    this.#reject(error);
  }
}
