import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";

// A gateway must not pass on what it does not know; dropping it is also cheaper than keeping it.
const readOptions = { readUnknownFields: false };
const writeOptions = { writeUnknownFields: false };

/** A decoder for grpc-js. */
export function decoder<D extends DescMessage>(schema: D): (bytes: Buffer) => MessageShape<D> {
  return (bytes) => fromBinary(schema, bytes, readOptions);
}

/** An encoder for grpc-js, which wants a Buffer: a view, no copy. */
export function encoder<D extends DescMessage>(schema: D): (message: MessageShape<D>) => Buffer {
  return (message) => {
    const bytes = toBinary(schema, message, writeOptions);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}
