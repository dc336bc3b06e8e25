import http2 from "node:http2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import {
  envelope,
  rawRequest,
  rawRequestOn,
  startGateway,
  startUpstream,
  type TestGateway,
  type TestUpstream,
  targetsOf,
  transports,
} from "./peers.test.support.js";

describe.each(transports)("on %s", (transport) => {
  const serve: typeof startGateway = (options) => startGateway({ transport, ...options });

  let upstream: TestUpstream;
  let served: TestGateway;
  beforeAll(async () => {
    upstream = await startUpstream();
    served = await serve({ upstreams: targetsOf(upstream) });
  });
  afterAll(async () => {
    await served.close();
    upstream.stop();
  });

  const CHECK = "/grpc.health.v1.Health/Check";
  const WATCH = "/grpc.health.v1.Health/Watch";
  const SERVING = Buffer.from([8, 1]);
  const NOT_SERVING = Buffer.from([8, 2]);

  function request(service: string): Buffer {
    const length =
      service.length < 128 ? [service.length] : [(service.length & 127) | 128, service.length >> 7];
    return service === ""
      ? Buffer.alloc(0)
      : Buffer.concat([Buffer.from([10, ...length]), Buffer.from(service)] as never[]);
  }

  describe("Check", () => {
    it.each(["", "api.v1.Api"])("says that %j serves", async (service) => {
      expect(await served.client.unary(CHECK, request(service))).toMatchObject({ code: 0, reply: SERVING });
    });

    it.each(["api.v1.Other", "x".repeat(200), "internal.v1.Echo"])("does not know %j", async (service) => {
      expect((await served.client.unary(CHECK, request(service))).code).toBe(Code.NOT_FOUND);
    });

    it.each([[[10, 5, 65]], [[10]], [[8, 1]], [[10, 0x80]]])("refuses malformed %j", async (bytes) => {
      expect((await served.client.unary(CHECK, Buffer.from(bytes))).code).toBe(Code.INVALID_ARGUMENT);
    });

    it("does not look at credentials", async () => {
      const headers = { authorization: "nonsense" };
      expect((await served.client.unary(CHECK, Buffer.alloc(0), { headers })).code).toBe(Code.OK);
    });
  });

  describe("Watch", () => {
    it("tells of a service that is not known, and stays", async () => {
      const headers = { "grpc-timeout": "100m" };
      const { body } = await rawRequest(served.port, WATCH, { headers, body: [envelope(request("nope"))] });
      expect(body).toEqual(envelope(Buffer.from([8, 3])));
    });

    it("tells of the drain", async () => {
      const draining = await serve({ upstreams: targetsOf(upstream) });
      const session = http2.connect(`http://127.0.0.1:${draining.port}`);
      const watched = rawRequestOn(session, WATCH, { body: [envelope(request("api.v1.Api"))] });
      // What came before on the same connection has been read by then.
      await rawRequestOn(session, "/api.v1.Api/Unary", { body: [envelope(Buffer.from("x"))] });
      await draining.gateway.close({ graceMs: 60_000 });
      const { body, trailers } = await watched;
      expect(body).toEqual(Buffer.concat([envelope(SERVING), envelope(NOT_SERVING)] as never[]));
      expect(trailers["grpc-status"]).toBe(String(Code.UNAVAILABLE));
    });
  });
});
