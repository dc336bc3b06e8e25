// A process of its own, started by node.ts: makes the requests of one job and prints a LoadResult as JSON.
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import type { LoadJob, LoadResult } from "./load.js";

const job = JSON.parse(process.argv[2] ?? "") as LoadJob;
const { origin, pathname } = new URL(job.url);
const body = readFileSync(job.bodyFile);
const headers: OutgoingHttpHeaders = { ":method": "POST", ":path": pathname, ...job.headers };

let started = 0;
let dataBytes = 0;

function request(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    let status: unknown;
    stream.on("response", (response) => {
      status = response["grpc-status"];
    });
    stream.on("trailers", (trailers) => {
      status = trailers["grpc-status"];
    });
    stream.on("data", (chunk: Buffer) => {
      dataBytes += chunk.byteLength;
    });
    stream.on("error", reject);
    stream.on("close", () => {
      if (status === "0") resolve();
      else reject(new Error(`grpc-status ${status} from ${pathname}`));
    });
    stream.end(body);
  });
}

async function worker(session: ClientHttp2Session): Promise<void> {
  while (started < job.requests) {
    started++;
    await request(session);
  }
}

const startMs = performance.now();
const sessions = Array.from({ length: job.shape.connections }, () => {
  const session = connect(origin, { settings: { initialWindowSize: 1 << 24 } });
  session.on("connect", () => session.setLocalWindowSize(1 << 24));
  return session;
});
await Promise.all(
  sessions.flatMap((session) => Array.from({ length: job.shape.streams }, () => worker(session))),
);
const result: LoadResult = { dataBytes, seconds: (performance.now() - startMs) / 1000 };
for (const session of sessions) session.close();
process.stdout.write(JSON.stringify(result));
