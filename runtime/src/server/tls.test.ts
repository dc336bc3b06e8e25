import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import { grpcJsUpstream } from "../upstream/grpc-js.js";
import { http2Upstream } from "../upstream/http2-upstream.js";
import type { Upstream } from "../upstream/upstream.js";
import type { UpstreamTls } from "../upstream/upstream-tls.js";
import { type Identity, makeIdentity } from "./identity.test.support.js";
import { startGateway, type TestGateway, transports, unaryMethod } from "./peers.test.support.js";

describe.each(transports)("on %s", (transport) => {
  const serve: typeof startGateway = (options) => startGateway({ transport, ...options });

  let gatewayIdentity: Identity;
  let internal: Identity;
  let server: Server;
  let served: TestGateway;

  beforeAll(async () => {
    gatewayIdentity = makeIdentity("gateway.test");
    internal = makeIdentity("internal.test");
    server = new Server();
    const codec = (bytes: Buffer) => bytes;
    const definition = {
      path: unaryMethod.path,
      requestStream: false,
      responseStream: false,
      requestSerialize: codec,
      requestDeserialize: codec,
      responseSerialize: codec,
      responseDeserialize: codec,
    };
    server.addService(
      { Unary: definition },
      {
        Unary: (call: { request: Buffer }, reply: (error: null, value: Buffer) => void) =>
          reply(null, call.request),
      },
    );
    // The internal service takes calls of the gateway only.
    const pair = { private_key: internal.key, cert_chain: internal.cert };
    const mutual = ServerCredentials.createSsl(gatewayIdentity.cert, [pair], true);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", mutual, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    upstreamOf = (own, targets = { [unaryMethod.service]: `127.0.0.1:${port}` }) =>
      (transport === "http2" ? http2Upstream : grpcJsUpstream)({
        targets,
        tls: { rootCerts: internal.cert, serverName: "internal.test", ...own },
      });
    served = await serve({ upstreams: upstreamOf(gatewayIdentity), tls: gatewayIdentity });
  });
  let upstreamOf: (own: Partial<UpstreamTls>, targets?: Record<string, string>) => Upstream;
  afterAll(async () => {
    await served.close();
    server.forceShutdown();
  });

  function call(port: number, rootCert: Buffer): Promise<number> {
    const client = new Client(`127.0.0.1:${port}`, credentials.createSsl(rootCert), {
      "grpc.ssl_target_name_override": "gateway.test",
    });
    const codec = (bytes: Buffer) => bytes;
    return new Promise((resolve) => {
      client.makeUnaryRequest("/api.v1.Api/Unary", codec, codec, Buffer.from("x"), (error) => {
        client.close();
        resolve(error?.code ?? Code.OK);
      });
    });
  }

  describe("tls", () => {
    it("is served, and used with certificates of both sides towards upstreams", async () => {
      expect(await call(served.port, gatewayIdentity.cert)).toBe(Code.OK);
    });

    it("is refused by clients that do not trust the certificate", async () => {
      expect(await call(served.port, internal.cert)).toBe(Code.UNAVAILABLE);
    });

    it("fails towards an upstream that does not know the gateway", async () => {
      const stranger = await serve({ upstreams: upstreamOf({}), tls: gatewayIdentity });
      expect(await call(stranger.port, gatewayIdentity.cert)).toBe(Code.UNAVAILABLE);
      await stranger.close();
    });

    it.each<[string, () => Partial<UpstreamTls>]>([
      ["that the gateway does not trust", () => ({ ...gatewayIdentity, rootCerts: gatewayIdentity.cert })],
      ["with another name", () => ({ ...gatewayIdentity, serverName: "other.test" })],
      // The target is an address, which the certificate does not have.
      ["with a name for an address", () => ({ ...gatewayIdentity, serverName: "127.0.0.1" })],
    ])("fails towards an upstream %s", async (_name, settings) => {
      const wrong = await serve({ upstreams: upstreamOf(settings()), tls: gatewayIdentity });
      expect(await call(wrong.port, gatewayIdentity.cert)).toBe(Code.UNAVAILABLE);
      await wrong.close();
    });

    // grpc-js speaks HTTP/2 to it all the same, and waits for an answer.
    it.runIf(transport === "http2")("fails towards an upstream that does not name HTTP/2", async () => {
      const server = tls.createServer({ ...internal }, (socket) => socket.on("error", () => {}));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as net.AddressInfo;
      const targets = { [unaryMethod.service]: `127.0.0.1:${port}` };
      const wrong = await serve({ upstreams: upstreamOf({}, targets), tls: gatewayIdentity });
      expect(await call(wrong.port, gatewayIdentity.cert)).toBe(Code.UNAVAILABLE);
      await wrong.close();
      server.close();
    });

    it("does not let a client that hangs in the handshake keep the gateway from closing", async () => {
      const closing = await serve({ upstreams: upstreamOf(gatewayIdentity), tls: gatewayIdentity });
      const socket = net.connect(closing.port, "127.0.0.1");
      socket.on("error", () => {});
      await new Promise((resolve) => socket.once("connect", resolve));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const start = performance.now();
      await closing.close();
      expect(performance.now() - start).toBeLessThan(2_000);
    });

    it("does not speak to cleartext clients or old protocols", async () => {
      const session = http2.connect(`http://127.0.0.1:${served.port}`);
      session.on("error", () => {});
      await new Promise((resolve) => session.once("close", resolve));
      const old = tls.connect({
        port: served.port,
        host: "127.0.0.1",
        ca: gatewayIdentity.cert,
        servername: "gateway.test",
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1",
      });
      await expect(
        new Promise((resolve, reject) => old.once("secureConnect", resolve).once("error", reject)),
      ).rejects.toThrow();
      expect(await call(served.port, gatewayIdentity.cert)).toBe(Code.OK);
    });
  });
});
