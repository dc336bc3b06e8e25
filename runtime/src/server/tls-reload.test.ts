import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ConfigurationError } from "../configuration-error.js";
import type { GatewayOptions } from "./gateway-options.js";
import { type Identity, makeIdentity } from "./identity.test.support.js";
import { startGateway, type TestGateway, transports, until } from "./peers.test.support.js";

let first: Identity;
let second: Identity;
beforeAll(() => {
  first = makeIdentity("first.test");
  second = makeIdentity("second.test");
});

describe.each(transports)("on %s", (transport) => {
  let directory: string;
  let served: TestGateway | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "portico-tls-"));
  });
  afterEach(async () => {
    await served?.close();
    served = undefined;
    rmSync(directory, { recursive: true });
  });

  async function serve(option: NonNullable<GatewayOptions["tls"]>): Promise<TestGateway> {
    served = await startGateway({ upstreams: { "internal.v1.Echo": "127.0.0.1:1" }, transport, tls: option });
    return served;
  }

  /** A new version of the files, as Kubernetes mounts a secret: a directory that a link is switched over to. */
  function mount(version: string, { key, cert }: Partial<Identity>) {
    mkdirSync(join(directory, version));
    writeFileSync(join(directory, version, "tls.key"), key!);
    writeFileSync(join(directory, version, "tls.crt"), cert!);
    symlinkSync(version, join(directory, `link-${version}`));
    renameSync(join(directory, `link-${version}`), join(directory, "..data"));
    return { keyFile: join(directory, "..data/tls.key"), certFile: join(directory, "..data/tls.crt") };
  }

  /** The name in the certificate that a new connection gets, and the connection. */
  async function connect(): Promise<{ name: string; socket: tls.TLSSocket }> {
    const socket = tls.connect({
      port: served!.port,
      host: "127.0.0.1",
      ALPNProtocols: ["h2"],
      rejectUnauthorized: false,
    });
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    return { name: socket.getPeerCertificate().subject.CN as string, socket };
  }

  async function nameNow(): Promise<string> {
    const { name, socket } = await connect();
    socket.destroy();
    return name;
  }

  it("files that change are used for the connections to come, by themselves", async () => {
    const files = mount("1", first);
    const { log } = await serve({ ...files, checkIntervalMs: 20 });
    const before = await connect();
    expect(before.name).toBe("first.test");
    mount("2", second);
    await until(() => log.some(({ message }) => message === "certificate replaced"));
    expect(await nameNow()).toBe("second.test");
    // Connections go on with the certificate that they were made with.
    expect(before.socket.destroyed).toBe(false);
    before.socket.destroy();
    expect(log).toContainEqual(
      expect.objectContaining({
        level: "info",
        cause: expect.stringMatching(/^it is valid until \w+ +\d+ /),
      }),
    );
  });

  it("files that do not fit leave what is in use, until they do", async () => {
    const files = mount("1", first);
    const { log } = await serve({ ...files, checkIntervalMs: 20 });
    mount("2", { key: first.key, cert: second.cert });
    await until(() => log.some(({ message }) => message === "certificate not replaced"));
    expect(await nameNow()).toBe("first.test");
    mount("3", { key: Buffer.from("garbage"), cert: second.cert });
    mount("4", second);
    await until(() => log.some(({ message }) => message === "certificate replaced"));
    expect(await nameNow()).toBe("second.test");
  });

  it("reloadTls uses the files at once, or what it is given", async () => {
    const files = mount("1", first);
    const { gateway } = await serve(files);
    mount("2", second);
    expect(await nameNow()).toBe("first.test");
    await gateway.reloadTls();
    expect(await nameNow()).toBe("second.test");
    await gateway.reloadTls(first);
    expect(await nameNow()).toBe("first.test");
    await expect(gateway.reloadTls({ key: first.key, cert: second.cert })).rejects.toThrow("mismatch");
    await expect(gateway.reloadTls({ ...second, ca: second.cert })).rejects.toThrow("ca cannot be added");
    expect(await nameNow()).toBe("first.test");
    rmSync(files.keyFile);
    await expect(gateway.reloadTls()).rejects.toThrow("ENOENT");
    expect(await nameNow()).toBe("first.test");
  });

  it("reloadTls says so where there is nothing to reload", async () => {
    const { gateway } = await serve(first);
    await expect(gateway.reloadTls()).rejects.toThrow("not in files");
    await gateway.reloadTls(second);
    expect(await nameNow()).toBe("second.test");
    await served!.close();
    served = await startGateway({ upstreams: { "internal.v1.Echo": "127.0.0.1:1" }, transport });
    await expect(served.gateway.reloadTls(first)).rejects.toThrow("made without");
  });

  it("mistakes are told at start", async () => {
    const files = mount("1", { key: first.key, cert: second.cert });
    await expect(serve(files)).rejects.toThrow(/tls: .*mismatch/);
    await expect(serve({ ...files, certFile: "/nowhere/tls.crt" })).rejects.toThrow(ConfigurationError);
    await expect(serve({ ...first, checkIntervalMs: 0 } as never)).rejects.toThrow("tls.checkIntervalMs: 0");
  });
});
