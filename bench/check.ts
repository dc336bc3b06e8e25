import { createRegistry, equals, fromBinary, toJsonString } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Identity } from "./lib/control.js";
import type { Tokens } from "./lib/token.js";
import type { Scenario } from "./scenarios.js";

/** A gateway that has been started. */
export interface Target {
  readonly name: string;
  readonly port: number;
  /** What it serves TLS with, if it does. */
  readonly identity: Identity | undefined;
}

const TIMEOUT_MS = 5_000;
const CLIENT_REQUEST_LIMIT = 1024 * 1024;
const noExtensions = createRegistry();

/**
 * Makes one call with a real gRPC client; throws unless the answer is, field by field, the scenario's, and carries
 * nothing else. All gateways answer the same, since all answer this. Returns the answer's length in bytes.
 */
export async function checkAnswer(
  target: Target,
  scenario: Scenario,
  token: string | undefined,
): Promise<number> {
  const reply = await call(target, scenario.path, scenario.request, token);
  if (!Buffer.isBuffer(reply)) throw new Error(`${where(target, scenario)}: ${reply.message}`);
  const { schema, message } = scenario.response;
  const answer = fromBinary(schema, reply);
  if (!equals(schema, answer, message, { registry: noExtensions, unknown: true })) {
    throw new Error(
      `${where(target, scenario)}: a wrong answer, or fields that must not pass (${reply.byteLength} bytes)\n` +
        difference(toJsonString(schema, message), toJsonString(schema, answer)),
    );
  }
  return reply.byteLength;
}

/** Throws unless the gateway refuses what it must: measuring one that lets everybody in would be no comparison. */
export async function checkRefusals(target: Target, scenario: Scenario, tokens: Tokens): Promise<void> {
  const tooLong = Buffer.alloc(CLIENT_REQUEST_LIMIT + 1);
  const refusals: ReadonlyArray<
    [what: string, request: Uint8Array, token: string | undefined, code: status]
  > = [
    ["no token", scenario.request, undefined, status.UNAUTHENTICATED],
    ["a forged token", scenario.request, tokens.forged, status.UNAUTHENTICATED],
    ["a request over 1 MiB", tooLong, tokens.admin, status.RESOURCE_EXHAUSTED],
  ];
  for (const [what, request, token, code] of refusals) {
    expectCode(
      await call(target, scenario.path, request, token),
      code,
      `${where(target, scenario)}, ${what}`,
    );
  }
}

/** Throws unless a caller without the role is refused. */
export async function checkRole(target: Target, scenario: Scenario, token: string): Promise<void> {
  const reply = await call(target, scenario.path, scenario.request, token);
  expectCode(reply, status.PERMISSION_DENIED, `${where(target, scenario)}, without the role`);
}

function expectCode(reply: Buffer | ServiceError, code: status, what: string): void {
  const actual = Buffer.isBuffer(reply) ? status.OK : reply.code;
  if (actual !== code) throw new Error(`${what}: ${status[actual]}, expected ${status[code]}`);
}

// Where two texts part, with a little of what stands around; a list of 200 rows is too long to show.
function difference(expected: string, received: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === received[at]) at++;
  const excerpt = (text: string) => text.slice(Math.max(0, at - 100), at + 100);
  return `expected … ${excerpt(expected)} …\nreceived … ${excerpt(received)} …`;
}

function where(target: Target, scenario: Scenario): string {
  return `${target.name}, ${scenario.name}`;
}

async function call(
  target: Target,
  path: string,
  request: Uint8Array,
  token: string | undefined,
): Promise<Buffer | ServiceError> {
  const security =
    target.identity === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(Buffer.from(target.identity.cert));
  const client = new Client(`localhost:${target.port}`, security);
  const metadata = new Metadata();
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  const same = (bytes: Buffer) => bytes;
  try {
    return await new Promise((resolve) => {
      const options = { deadline: Date.now() + TIMEOUT_MS };
      client.makeUnaryRequest(path, same, same, Buffer.from(request), metadata, options, (error, reply) =>
        resolve(error ?? reply!),
      );
    });
  } finally {
    client.close();
  }
}
