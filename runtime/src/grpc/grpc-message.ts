const unsafe = /[^\x20-\x24\x26-\x7e]/;

/**
 * A text as value of the header `grpc-message`: UTF-8, with all bytes but printable ASCII, and "%", as %XX. Lone
 * surrogates become U+FFFD.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function encodeGrpcMessage(text: string): string {
  if (!unsafe.test(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const printable = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += printable ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** The text of a header `grpc-message`. What is not encoded as it should be is taken as it is. */
export function decodeGrpcMessage(value: string): string {
  if (!value.includes("%")) return value;
  // Bytes first, since a character may be several; a lone "%" stands for itself.
  const bytes = value.replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}
