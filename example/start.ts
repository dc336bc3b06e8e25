/**
 * The whole example: three services with their databases, the gateway in front of them, and a client that calls it.
 * Prints what it calls, then serves until Ctrl-C; with --once, ends there. Writes example/out/transcript.json.
 *
 *   PORT                       where the gateway serves; default: 8080, or a free port where that is taken
 *   USERS_DATABASE_URL, …      PostgreSQL servers for the services; default: embedded, in memory
 */
import { createClient } from "./demo/client.js";
import { type GatewayProcess, startGateway } from "./demo/gateway-process.js";
import { howToCall } from "./demo/how-to-call.js";
import { removeOut, writeOut } from "./demo/out.js";
import { findPort } from "./demo/port.js";
import { startServices } from "./demo/services.js";
import { defaultPort } from "./demo/target.js";
import { type DemoTokens, issueTokens } from "./demo/tokens.js";
import { tour } from "./demo/tour.js";
import { createTranscript } from "./demo/transcript.js";
import type { CallLog } from "./services/shared/call-log.js";

/** What has been started, each to be closed; the last first. */
const started: Array<() => Promise<void>> = [];
let closing: Promise<void> | undefined;
let serving = false;

/** Closes everything, once. */
function close(): Promise<void> {
  closing ??= (async () => {
    for (const stop of started.reverse()) await stop();
  })();
  return closing;
}

async function start({ once, port }: Settings): Promise<void> {
  await removeOut("transcript.json");
  console.log("Starting three services, each on a PostgreSQL of its own, and the gateway …");
  const services = await startServices();
  started.push(services.close);
  const tokens = await issueTokens();
  await writeOut("token", tokens.admin);
  const ports = port !== undefined ? [port] : once ? [0] : [defaultPort, 0];
  const gateway = await startGateway(await findPort(...ports), {
    ...services.env,
    JWT_ISSUER: tokens.issuer,
    JWT_AUDIENCE: tokens.audience,
    JWT_PUBLIC_KEY: tokens.publicKey,
  });
  started.push(gateway.stop);
  await show(gateway, services.calls, tokens);
  if (once) return close();
  serving = true;
  console.log(howToCall(gateway.target));
  const how = await gateway.ended;
  if (closing === undefined) throw new Error(`the gateway ended (${how})`);
}

/** Calls the public API, and writes down the calls also when one of them goes wrong. */
async function show(gateway: GatewayProcess, calls: CallLog, tokens: DemoTokens): Promise<void> {
  const client = createClient(gateway.target);
  const transcript = createTranscript(client, tokens, calls, console.log);
  try {
    await tour(transcript);
  } finally {
    client.close();
    await writeOut("transcript.json", `${JSON.stringify(transcript.entries, null, 2)}\n`);
  }
}

/** Ends by a signal: well, if it was serving; otherwise as interrupted. */
async function interrupt(): Promise<void> {
  const code = serving ? 0 : 130;
  await close();
  process.exit(code);
}

interface Settings {
  readonly once: boolean;
  /** Undefined: the demo chooses. */
  readonly port: number | undefined;
}

function settingsOf(argv: readonly string[], { PORT }: NodeJS.ProcessEnv): Settings {
  const unknown = argv.find((argument) => argument !== "--once");
  if (unknown !== undefined) throw new Error(`unknown argument: ${unknown}. The only one is --once`);
  if (PORT !== undefined && !(/^\d{1,5}$/.test(PORT) && Number(PORT) <= 65535)) {
    throw new Error("PORT must be a number from 0 to 65535");
  }
  return { once: argv.includes("--once"), port: PORT === undefined ? undefined : Number(PORT) };
}

/** A failure with what caused it, on one line each. */
function explain(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause === undefined ? thrown.message : `${thrown.message}:\n  ${explain(thrown.cause)}`;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void interrupt());

// A signal that npm gets ends the shell between npm and us, and stops there: that our parent is gone is how we know.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) void interrupt();
  }, 500).unref();
}

try {
  await start(settingsOf(process.argv.slice(2), process.env));
} catch (thrown) {
  // What fails because we are closing is no failure.
  if (closing === undefined) {
    console.error(`\n${explain(thrown)}`);
    process.exitCode = 1;
    await close();
  }
}
