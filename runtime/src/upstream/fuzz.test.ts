import { afterAll, expect, it } from "vitest";
import { fuzzRuns, fuzzSeed, numbers } from "../http2/random.test.support.js";
import {
  block,
  data,
  type Fields,
  FrameType,
  frame,
  reset,
  settings,
  uint32Bytes,
  windowUpdate,
} from "../http2/raw.test.support.js";
import { http2Upstream } from "./http2-upstream.js";
import {
  endsRequest,
  head,
  message,
  reply,
  startRawPeer,
  streamMethod,
  targetsOf,
  testContext,
  trailers,
  unaryMethod,
} from "./raw-peer.test.support.js";
import { UpstreamError } from "./upstream.js";

// PORTICO_FUZZ_SEED repeats a run, PORTICO_FUZZ_RUNS sets how many calls it has.
const runs = Math.min(fuzzRuns(900), 100_000);

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => unhandled.push(reason);
process.on("unhandledRejection", onUnhandled);
afterAll(() => {
  process.off("unhandledRejection", onUnhandled);
});

it(`peers that say anything end each call, once, and no more (seed ${fuzzSeed})`, async () => {
  const random = numbers(fuzzSeed);
  const fields: Fields[] = [
    [["grpc-status", "0"]],
    [
      ["grpc-status", "5"],
      ["grpc-message", "%zz%41"],
    ],
    [["grpc-status", ""]],
    [
      [":status", "200"],
      ["content-type", "text/html"],
    ],
    [[":status", "503"]],
    [[":status", "103"]],
    [["content-length", "3"]],
  ];
  const pieces: Array<(id: number) => Uint8Array> = [
    (id) => head(id),
    (id) => head(id, [["grpc-encoding", "gzip"]]),
    (id) => message(id, new Uint8Array(random(30))),
    (id) => data(id, [random(3), 0, 0, random(2), random(4), 1, 2], random(3) === 0),
    (id) => trailers(id),
    (id) => frame(FrameType.HEADERS, 4 | random(2), id, block(fields[random(fields.length)]!)),
    (id) => reset(id, random(15)),
    (id) => windowUpdate(random(2) * id, 1 + random(1000)),
    () => settings([[3, 4, 1][random(3)]!, random(100)]),
    () => frame(FrameType.PING, 0, 0, new Uint8Array(8)),
    (id) =>
      random(8) > 0
        ? reply(id)
        : frame(FrameType.GOAWAY, 0, 0, [...uint32Bytes(random(id + 4)), 0, 0, 0, random(3)]),
    (id) =>
      random(8) > 0
        ? reply(id)
        : frame(
            random(12),
            random(256),
            random(id + 4),
            Uint8Array.from({ length: random(20) }, () => random(256)),
          ),
  ];
  const peer = await startRawPeer(
    (received, connection) => {
      if (!endsRequest(received)) return;
      const id = received.streamId;
      for (let i = random(6); i >= 0; i--) connection.send(pieces[random(pieces.length)]!(id));
      if (random(40) === 0) connection.socket.destroy();
    },
    { peerSettings: settings([3, 20]) },
  );
  const upstream = http2Upstream({ targets: targetsOf(peer.port), maxReconnectBackoffMs: 5 });
  const contexts: Array<ReturnType<typeof testContext>> = [];
  let ended = 0;
  const call = async (i: number): Promise<void> => {
    const context = testContext({ deadlineMs: Date.now() + 300 });
    contexts.push(context);
    if (i % 20 === 0)
      setTimeout(
        () =>
          [...context.listeners].forEach((listener) => {
            listener();
          }),
        random(20),
      );
    try {
      if (i % 3 > 0) await upstream.unary(unaryMethod, new Uint8Array(random(200)), context);
      else
        for await (const _message of upstream.serverStream(streamMethod, new Uint8Array(), context))
          if (random(10) === 0) break;
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(UpstreamError);
    }
    ended++;
  };
  for (let i = 0; i < runs; i += 30) await Promise.all(Array.from({ length: 30 }, (_, j) => call(i + j)));
  expect(ended).toBeGreaterThanOrEqual(runs);
  expect(contexts.every(({ listeners }) => listeners.size === 0)).toBe(true);
  await upstream.close();
  await peer.close();
  expect(unhandled).toEqual([]);
});
