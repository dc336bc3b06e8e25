// The soak: a gateway at half of the load that it can bear here, for 20 minutes (PORTICO_SOAK_MINUTES), while clients come,
// go and give up, and upstreams are restarted, one in four of them without a word. Fails when anything is left at the end,
// when the memory grows, or when a call ends as none should. PORTICO_TRANSPORT says which transport. Needs what
// `npm run build` makes.
import { fork } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { fileURLToPath } from "node:url";
import { Load, MOST_UNDER_WAY } from "./load.js";

const MINUTES = Number(process.env.PORTICO_SOAK_MINUTES ?? 20);
const SAMPLE_MS = 5_000;
const RESTART_MS = 6_000;
// What is not noise any more, over the whole run; and what is left when all has ended.
const MOST_GROWTH = 4 * 1024 * 1024;
const MiB = (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
// OK; CANCELLED and UNAVAILABLE of clients that leave, and of upstreams that are killed; DEADLINE_EXCEEDED is a hang.
const ALLOWED = new Set([0, 1, 14]);

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const failures = [];
const fail = (text) => failures.push(text);

const ports = [await freePort(), await freePort()];
const upstreams = await Promise.all(ports.map(startUpstream));
const gateway = fork(here("gateway.js"), ports.map(String), { execArgv: ["--expose-gc"] });
gateway.on("exit", (code, signal) => {
  console.error(`the gateway has ended: ${code ?? signal}`);
  process.exit(1);
});
const [{ port }] = await once(gateway, "message");

const load = new Load(port);
await load.peak(3_000);
const peak = await load.peak(5_000);
console.log(`peak: ${peak.toFixed(0)} calls a second; soak: half of it, for ${MINUTES} minutes`);
load.clear();
load.run(peak / 2);

const started = Date.now();
const end = started + MINUTES * 60_000;
const samples = [];
let restarts = 0;
let kills = 0;
let nextRestart = started + RESTART_MS;
while (Date.now() < end) {
  await wait(SAMPLE_MS);
  const sample = await measure();
  samples.push({ minute: (Date.now() - started) / 60_000, ...sample });
  if (samples.length % 12 === 0) tell(samples.at(-1));
  if (Date.now() >= nextRestart) {
    nextRestart += RESTART_MS;
    await restart(restarts++);
  }
}

const left = await load.stop();
if (left > 0) fail(`${left} calls of clients never ended`);
await wait(2_000);
const idle = await measure();
const closed = await measure("close");

const warm = samples.slice(Math.floor(samples.length / 5));
const slope = slopeOf(warm.map(({ minute, held }) => [minute, held]));
const growth = slope * (warm.at(-1).minute - warm[0].minute);
const rss = warm.map((sample) => sample.rss);
console.log(
  `calls: ${load.calls}, ${restarts} restarts of upstreams; codes: ${JSON.stringify([...load.codes])}`,
);
console.log(
  `failed calls have these reasons: ${JSON.stringify([...load.reasons])}; ${kills} upstreams were killed`,
);
const failed = closed.logged.filter(([entry]) => entry.startsWith("request failed"));
console.log(`failed by the gateway: ${JSON.stringify(failed)}`);
console.log(
  `heap and external: ${MiB(warm[0].held)} to ${MiB(warm.at(-1).held)}, slope ${(slope / 1024).toFixed(1)} KiB a minute`,
);
console.log(`RSS: ${MiB(rss[0])} to ${MiB(rss.at(-1))}, at most ${MiB(Math.max(...rss))}`);
console.log(
  `CPU: ${((samples.at(-1).cpuMs - samples[0].cpuMs) / (samples.at(-1).minute - samples[0].minute) / 600).toFixed(0)} % of a core`,
);
const kinds = ["streams", "listeners", "deadlines", "timers", "sockets"];
const list = (from) => kinds.map((kind) => `${from[kind]} ${kind}`).join(", ");
console.log(`without load: ${list(idle)}`);
console.log(`closed: ${list(closed)}; ${MiB(closed.held)} held`);

if (growth > MOST_GROWTH) fail(`memory grew by ${MiB(growth)}`);
for (const kind of ["streams", "listeners", "deadlines"]) {
  if (idle[kind] > 0) fail(`${idle[kind]} ${kind} are left without load`);
}
for (const kind of kinds) if (closed[kind] > 0) fail(`${closed[kind]} ${kind} are left after the end`);
for (const code of load.codes.keys())
  if (!ALLOWED.has(code)) fail(`${load.codes.get(code)} calls ended with ${code}`);
for (const [reason, count] of load.reasons) {
  if (reason.startsWith("none")) fail(`${count} calls failed for no reason that there was: ${reason}`);
}
// An upstream that is killed fails what it has, and nothing that comes later.
const killed = load.reasons.get("the upstream was killed") ?? 0;
if (killed > kills * MOST_UNDER_WAY) fail(`${killed} calls failed since ${kills} upstreams were killed`);
// Clients that leave take their calls with them: how many depends on how slow the machine is.
if ((load.codes.get(0) ?? 0) < load.calls * 0.5) fail("fewer than half of the calls were answered");
for (const [entry] of failed) {
  // An upstream that is killed takes calls with it; nothing else is the gateway's to fail.
  if (!entry.startsWith("request failed: UNAVAILABLE")) fail(entry);
}
for (const warning of closed.warnings) fail(`warning: ${warning}`);
if (failures.length > 0) {
  for (const text of failures) console.log(`FAILED: ${text}`);
  for (const [entry, count] of closed.logged.slice(0, 30)) console.log(`  log: ${count} x ${entry}`);
}
gateway.removeAllListeners("exit");
gateway.disconnect();
for (const upstream of upstreams) upstream.disconnect();
process.exitCode = failures.length > 0 ? 1 : 0;

async function measure(message = "measure") {
  gateway.send(message);
  const [answer] = await once(gateway, "message");
  return answer;
}

function tell({ minute, held, rss, streams, sockets }) {
  const counts = `${streams} streams, ${sockets} sockets`;
  console.log(
    `minute ${minute.toFixed(1)}: ${MiB(held)} held, RSS ${MiB(rss)}, ${counts}, ${load.calls} calls`,
  );
}

async function startUpstream(onPort) {
  const upstream = fork(here("upstream.js"), [String(onPort)]);
  await once(upstream, "message");
  return upstream;
}

// The other one goes on: where there is one, no call needs to fail.
async function restart(count) {
  const i = count % upstreams.length;
  const old = upstreams[i];
  const ended = once(old, "exit");
  const kill = () => {
    kills++;
    load.upstreamKilled();
    old.kill("SIGKILL");
  };
  if (count % 4 === 3) kill();
  else old.kill("SIGTERM");
  const patience = setTimeout(kill, 5_000);
  await ended;
  clearTimeout(patience);
  upstreams[i] = await startUpstream(ports[i]);
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: free } = server.address();
  server.close();
  await once(server, "close");
  return free;
}

// By least squares, in units of y for each of x.
function slopeOf(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([one]) => one)), mean(points.map(([, one]) => one))];
  const above = points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0);
  return above / points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
}
