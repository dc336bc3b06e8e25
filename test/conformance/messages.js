// The messages of connectrpc/conformance, and how its runner exchanges them with the programs under test: on standard
// input and output, each with its length before it.
import { readFileSync } from "node:fs";
import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyPack, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

// An image of proto/, which run.js makes.
const image = fromBinary(FileDescriptorSetSchema, readFileSync(process.env.CONFORMANCE_IMAGE));
const registry = createFileRegistry(image);

/** The descriptor of a message: of the suite, or any by its full name. */
export function schema(name) {
  const found = registry.getMessage(`connectrpc.conformance.v1.${name}`) ?? registry.getMessage(name);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}

export const make = (name, init) => create(schema(name), init);
export const encode = (message) => toBinary(registry.getMessage(message.$typeName), message);
export const decode = (name, bytes) => fromBinary(schema(name), bytes);
export const pack = (message) => anyPack(registry.getMessage(message.$typeName), message);

/** A message for the runner. */
export function send(message) {
  const bytes = encode(message);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.byteLength);
  process.stdout.write(Buffer.concat([head, bytes]));
}

/** The runner's messages, in order. */
export async function* received(name) {
  let held = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    held = Buffer.concat([held, chunk]);
    while (held.byteLength >= 4 && held.byteLength >= 4 + held.readUInt32BE()) {
      const end = 4 + held.readUInt32BE();
      yield decode(name, held.subarray(4, end));
      held = held.subarray(end);
    }
  }
}

/** Header fields of gRPC as the suite writes them: without what HTTP/2 and gRPC say themselves. */
export function headersOf(fields) {
  return Object.entries(fields ?? {})
    .filter(([name]) => !name.startsWith(":"))
    .map(([name, value]) => make("Header", { name, value: [value] }));
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
