import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ConfigurationError } from "../configuration-error.js";
import { type Identity, makeIdentity } from "../server/identity.test.support.js";
import { envelope, unaryMethod, until } from "../server/peers.test.support.js";
import { grpcJsUpstream } from "./grpc-js.js";
import { http2Upstream } from "./http2-upstream.js";
import { failureOf, testContext } from "./raw-peer.test.support.js";
import type { Upstream } from "./upstream.js";
import type { UpstreamTls } from "./upstream-tls.js";

// What a gateway shows to its upstreams, and whom it trusts there, is replaced while it runs.

let first: Identity;
let second: Identity;
let service: Identity;
let otherService: Identity;
beforeAll(() => {
  first = makeIdentity("first.test");
  second = makeIdentity("second.test");
  service = makeIdentity("service.test");
  otherService = makeIdentity("service.test");
});

describe.each([
  ["grpc-js", grpcJsUpstream],
  ["our own HTTP/2", http2Upstream],
])("an upstream through %s", (_name, make) => {
  let directory: string;
  let server: http2.Http2SecureServer;
  let upstream: Upstream | undefined;
  const sessions = new Set<http2.ServerHttp2Session>();
  // Who has called, by the names in their certificates.
  let callers: string[] = [];
  let told: Array<Error | undefined> = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "portico-upstream-tls-"));
    [callers, told] = [[], []];
    server = http2.createSecureServer({
      ...service,
      ca: [first.cert, second.cert],
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.on("session", (session) => {
      sessions.add(session);
      session.on("error", () => {});
    });
    server.on("stream", (stream) => {
      const socket = stream.session!.socket as unknown as TLSSocket;
      callers.push(String(socket.getPeerCertificate().subject.CN));
      stream.on("error", () => {});
      stream.resume();
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(envelope(Buffer.from("x")));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await upstream?.close();
    upstream = undefined;
    disconnect();
    server.close();
    rmSync(directory, { recursive: true });
  });

  function disconnect(): void {
    for (const session of sessions) session.destroy();
    sessions.clear();
  }

  /** A new version of the files, as Kubernetes mounts a secret: a directory that a link is switched over to. */
  function mount(version: string, identity: Identity, { cert: ca }: Identity): void {
    mkdirSync(join(directory, version));
    writeFileSync(join(directory, version, "tls.key"), identity.key as never);
    writeFileSync(join(directory, version, "tls.crt"), identity.cert as never);
    writeFileSync(join(directory, version, "ca.crt"), ca as never);
    symlinkSync(version, join(directory, `link-${version}`));
    renameSync(join(directory, `link-${version}`), join(directory, "..data"));
  }

  function connect(change: Partial<UpstreamTls> = {}): Upstream {
    const { port } = server.address() as AddressInfo;
    upstream = make({
      targets: { [unaryMethod.service]: `127.0.0.1:${port}` },
      maxReconnectBackoffMs: 50,
      tls: {
        keyFile: join(directory, "..data/tls.key"),
        certFile: join(directory, "..data/tls.crt"),
        rootCertsFile: join(directory, "..data/ca.crt"),
        serverName: "service.test",
        checkIntervalMs: 20,
        onReload: (problem) => told.push(problem),
        ...change,
      },
    });
    return upstream;
  }

  const ask = () => upstream!.unary(unaryMethod, new Uint8Array(), testContext());

  it("shows another certificate on new connections, and those that are open go on", async () => {
    mount("one", first, service);
    connect();
    await ask();
    mount("two", second, service);
    await until(() => told.length === 1);
    await ask();
    expect(callers).toEqual(["first.test", "first.test"]);
    expect(sessions.size).toBe(1);
    disconnect();
    await until(() => sessions.size === 0);
    await askUntilAnswered();
    expect(callers.at(-1)).toBe("second.test");
    expect(told).toEqual([undefined]);
  });

  it("trusts another authority on new connections", async () => {
    mount("one", first, otherService);
    connect();
    expect((await failureOf(ask())).code).toBe(14);
    mount("two", first, service);
    await until(() => told.length === 1);
    await askUntilAnswered();
    expect(callers.at(-1)).toBe("first.test");
  });

  it("keeps what it has while files do not fit, and says so once", async () => {
    mount("one", first, service);
    connect();
    await ask();
    mount("broken", { key: second.key, cert: first.cert }, service);
    await until(() => told.length === 1);
    expect(told[0]).toBeInstanceOf(Error);
    disconnect();
    await askUntilAnswered();
    expect(callers.at(-1)).toBe("first.test");
    rmSync(join(directory, "..data"));
    await until(() => told.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told.map((problem) => problem instanceof Error)).toEqual([true, true]);
    mount("two", second, service);
    await until(() => told.length === 3);
    expect(told[2]).toBe(undefined);
  });

  it("refuses options that do not fit, at the start", () => {
    mount("one", first, service);
    const problemsOf = (change: Partial<UpstreamTls>) => {
      try {
        connect(change);
        return "none";
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ConfigurationError);
        return (thrown as ConfigurationError).problems.join("; ");
      }
    };
    expect(problemsOf({ rootCertsFile: join(directory, "none") })).toMatch(/^upstream tls: ENOENT/);
    expect(problemsOf({ key: first.key })).toBe("upstream tls: give key or keyFile, not both");
    expect(problemsOf({ certFile: undefined as never })).toMatch(/key and cert belong together/);
    expect(problemsOf({ checkIntervalMs: 0 })).toMatch(/checkIntervalMs: 0 is not a time/);
  });

  // A connection that is just lost may fail one call.
  async function askUntilAnswered(): Promise<void> {
    const end = Date.now() + 10_000;
    while (Date.now() < end) {
      const answered = await ask().then(
        () => true,
        () => false,
      );
      if (answered) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("not answered");
  }
});
