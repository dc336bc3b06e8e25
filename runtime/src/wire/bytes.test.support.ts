/** A varint, in as many bytes as it takes, or padded to `width`. */
export function varint(value: bigint | number, width = 1): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 0x80n || bytes.length < width - 1) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

export function tag(field: number, wire: number): number[] {
  return varint(BigInt(field) * 8n + BigInt(wire));
}

/** A field of bytes: a string, bytes, or a sub-message. */
export function len(field: number, content: readonly number[] | string): number[] {
  const bytes = typeof content === "string" ? [...Buffer.from(content, "utf8")] : content;
  return [...tag(field, 2), ...varint(bytes.length), ...bytes];
}

export function int(field: number, value: bigint | number): number[] {
  return [...tag(field, 0), ...varint(value)];
}

export function group(field: number, content: readonly number[]): number[] {
  return [...tag(field, 3), ...content, ...tag(field, 4)];
}
