import http2 from "node:http2";
import net from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import {
  defaultHttp2Limits,
  HeaderBlock,
  type HeaderMap,
  Http2Connection,
  type Http2Limits,
  type Http2Stream,
} from "./index.js";
import { Recorder } from "./raw.test.support.js";

// The other side is Node's own HTTP/2, which is nghttp2.

const closers: Array<() => void> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Joins a connection with a socket, as simply as can be. */
function join(
  role: "server" | "client",
  socket: net.Socket,
  onRequest: (stream: Http2Stream) => void = () => {},
  limits: Partial<Http2Limits> = {},
): Http2Connection {
  const flush = () => {
    for (let output = connection.takeOutput(); output !== undefined; output = connection.takeOutput())
      socket.write(output);
  };
  const events = {
    onRequest,
    onOutput: () => setImmediate(flush),
    onPeerChange() {},
    onClose: () => {
      setImmediate(() => {
        flush();
        socket.end();
      });
    },
  };
  const connection = new Http2Connection(
    role,
    { ...defaultHttp2Limits, ...limits },
    events,
    performance.now(),
  );
  socket.on("data", (chunk) => connection.receive(chunk, performance.now()));
  socket.on("error", () => {});
  socket.on("close", () => connection.transportClosed());
  flush();
  return connection;
}

async function ownServer(
  onRequest: (stream: Http2Stream) => void,
  limits: Partial<Http2Limits> = {},
): Promise<http2.ClientHttp2Session> {
  const server = net.createServer((socket) => {
    join("server", socket, onRequest, limits);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const session = http2.connect(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
  session.on("error", () => {});
  closers.push(() => {
    session.destroy();
    server.close();
  });
  return session;
}

async function nodeServer(
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  settings: http2.Settings = {},
): Promise<Http2Connection> {
  const server = http2.createServer({ settings });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    onStream(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  closers.push(() => {
    socket.destroy();
    server.close();
  });
  return join("client", socket);
}

/** Answers with what it is sent. */
function echo(stream: Http2Stream): void {
  stream.receiver = {
    onData: (part) => {
      if (!stream.write(part)) stream.pause();
    },
    onDrain: () => stream.read(),
    onEnd: () => stream.end(new HeaderBlock({ "x-end": "1" })),
    onClose() {},
  };
  stream.respond(new HeaderBlock({ ":status": "200" }), undefined, false);
  stream.read();
}

async function ask(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body: Buffer,
): Promise<{ headers: http2.IncomingHttpHeaders; body: Buffer }> {
  const stream = session.request({ ":method": "POST", ...headers });
  stream.end(body);
  const [answered] = await new Promise<[http2.IncomingHttpHeaders]>((resolve, reject) => {
    stream.once("response", (fields) => resolve([fields]));
    stream.once("error", reject);
  });
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return { headers: answered, body: Buffer.concat(parts as never[]) };
}

async function askNode(
  connection: Http2Connection,
  headers: Record<string, string>,
  body: Buffer | undefined,
): Promise<{ headers: HeaderMap; body: Buffer; code: number }> {
  const all = { ":method": "POST", ":scheme": "http", ":path": "/", ":authority": "a", ...headers };
  const stream = connection.request(all, undefined, body === undefined)!;
  const recorder = new Recorder();
  stream.receiver = recorder;
  const code = await new Promise<number>((resolve) => {
    recorder.onClose = resolve;
    if (body !== undefined) stream.write(body, true);
    stream.read();
  });
  return { headers: stream.message?.headers ?? {}, body: recorder.body, code };
}

const name = fc.stringMatching(/^x-[a-z0-9-]{0,30}$/).filter((text) => text !== "x-");
// Node trims values, and takes none that is not ASCII as it is.
const value = fc.string({
  unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
  maxLength: 200,
});
const manyHeaders = fc.array(
  fc
    .uniqueArray(fc.tuple(name, value), { maxLength: 12, selector: ([name]) => name })
    .map(Object.fromEntries),
  { minLength: 20, maxLength: 60 },
);

describe("header blocks, against nghttp2", () => {
  it("of requests and responses are understood both ways by our server", async () => {
    await fc.assert(
      fc.asyncProperty(manyHeaders, async (lists) => {
        const session = await ownServer((stream) => {
          const { headers } = stream.message!;
          const answer: Record<string, string> = { ":status": "200" };
          for (const name in headers) if (name.startsWith("x-")) answer[name] = headers[name]!;
          // Half as constants, which go through the table.
          if (stream.id % 4 === 1) stream.respond(new HeaderBlock(answer), undefined, true);
          else stream.respond(answer, undefined, true);
        });
        for (const list of [...lists, ...lists]) {
          const { headers } = await ask(session, list, Buffer.alloc(0));
          expect(headers).toMatchObject(list);
        }
        session.destroy();
      }),
      { numRuns: 8 },
    );
  });

  it("are understood both ways by our client", async () => {
    await fc.assert(
      fc.asyncProperty(manyHeaders, fc.constantFrom(0, 100, 4096, 65_536), async (lists, headerTableSize) => {
        const connection = await nodeServer(
          (stream, headers) => {
            const own = Object.entries(headers).filter(([name]) => name.startsWith("x-"));
            stream.respond({ ":status": 200, ...Object.fromEntries(own) }, { endStream: true });
          },
          { headerTableSize },
        );
        for (const list of [...lists, ...lists]) {
          const { headers, code } = await askNode(connection, list, undefined);
          expect(code).toBe(0);
          expect({ ...headers }).toMatchObject(list);
        }
      }),
      { numRuns: 8 },
    );
  });
});

describe("bodies", () => {
  it.each([0, 1, 16_384, 16_385, 65_535, 65_536, 3_000_000])(
    "of %i bytes go to our server and back",
    async (size) => {
      const session = await ownServer(echo);
      const body = Buffer.alloc(size, "0123456789");
      const answers = await Promise.all([1, 2, 3].map(() => ask(session, {}, body)));
      for (const answer of answers) expect(answer.body.equals(body as never)).toBe(true);
    },
  );

  it.each([0, 1, 16_384, 65_536, 3_000_000])("of %i bytes go from our client and back", async (size) => {
    const connection = await nodeServer((stream) => {
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
    });
    const body = Buffer.alloc(size, "0123456789");
    const answers = await Promise.all([1, 2, 3].map(() => askNode(connection, {}, body)));
    for (const answer of answers) expect(answer.body.equals(body as never)).toBe(true);
  });

  it("of any sizes go through small windows", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 8 }),
        async (sizes) => {
          const session = await ownServer(echo, { streamWindowBytes: 1_000 });
          const answers = await Promise.all(sizes.map((size) => ask(session, {}, Buffer.alloc(size, "abc"))));
          expect(answers.map(({ body }) => body.length)).toEqual(sizes);
          session.destroy();
        },
      ),
      { numRuns: 10 },
    );
  });

  it("that nobody reads hold their sender back", async () => {
    let stream: Http2Stream | undefined;
    const session = await ownServer((opened) => {
      stream = opened;
    });
    const sent = session.request({ ":method": "POST" });
    sent.on("error", () => {});
    sent.write(Buffer.alloc(1_000_000));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stream!.bodyLength).toBe(65_535);
    const recorder = new Recorder();
    stream!.receiver = recorder;
    stream!.read();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(recorder.body.length).toBe(1_000_000);
  });
});

describe("streams", () => {
  it("a thousand at once wait for their turn, and all are answered", async () => {
    const session = await ownServer(echo);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => ask(session, {}, Buffer.from(`${i}`))),
    );
    expect(answers.map(({ body }) => body.toString())).toEqual(answers.map((_, i) => `${i}`));
  });

  it("are closed for a client as its server resets them", async () => {
    const connection = await nodeServer((stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM));
    expect((await askNode(connection, {}, undefined)).code).toBe(7);
  });
});
