import { expect, it } from "vitest";
import { ByteBudget } from "./byte-budget.js";
import { HpackEncoder } from "./hpack/encoder.js";
import { HeaderBlock } from "./hpack/header-block.js";
import { defaultHttp2Limits, ErrorCode, Http2Connection, type Http2Stream } from "./index.js";
import { Output } from "./output.js";
import { FrameType, frame, PREFACE, settings } from "./raw.test.support.js";

const reply = new HeaderBlock({ ":status": "200", "x-constant": "always the same" });

/** A connection of a server on `tables`. */
function connect(tables: ByteBudget) {
  const connection = new Http2Connection(
    "server",
    defaultHttp2Limits,
    {
      onRequest: (stream: Http2Stream) => stream.respond(reply, undefined, true),
      onOutput() {},
      onPeerChange() {},
      onClose() {},
    },
    1,
    undefined,
    tables,
  );
  const client = new HpackEncoder();
  let id = -1;
  const own = Buffer.from(connection.takeOutput()!);
  connection.receive(Buffer.concat([PREFACE, settings()]), 1);
  return {
    connection,
    settings: own,
    /** A request with a field that goes to the table. */
    ask(value: string) {
      const output = new Output();
      client.begin(output);
      const fields = { ":method": "POST", ":scheme": "http", ":path": "/x", "x-value": value };
      client.block(new HeaderBlock(fields), output);
      id += 2;
      connection.receive(frame(FrameType.HEADERS, 5, id, output.take()), 1);
    },
  };
}

const tellsNoTable = Buffer.from([0, 1, 0, 0, 0, 0]);

it("counts the tables of both directions, until the connection is over", () => {
  const tables = new ByteBudget(100_000);
  const one = connect(tables);
  one.ask("a");
  const first = tables.used;
  // Of the request ":path" and "x-value", of the answer "x-constant": 32 bytes each, and their texts.
  expect(first).toBe(32 + 7 + 32 + 8 + 32 + 25);
  one.ask("b");
  expect(tables.used).toBe(first + 32 + 8);
  connect(tables).ask("a");
  expect(tables.used).toBe(2 * first + 32 + 8);
  one.connection.transportClosed();
  expect(tables.used).toBe(first);
});

it("asks new connections to do without a table when half of the budget is used", () => {
  const tables = new ByteBudget(1_000);
  const one = connect(tables);
  expect(one.settings.includes(tellsNoTable)).toBe(false);
  one.ask("a".repeat(400));
  expect(connect(tables).settings.includes(tellsNoTable)).toBe(true);
});

it("ends the connection that outgrows the budget, and no other", () => {
  const tables = new ByteBudget(1_000);
  const [one, greedy] = [connect(tables), connect(tables)];
  one.ask("a".repeat(400));
  greedy.ask("b".repeat(600));
  expect(greedy.connection.error?.code).toBe(ErrorCode.ENHANCE_YOUR_CALM);
  expect(one.connection.closed).toBe(false);
  one.connection.transportClosed();
  expect(tables.used).toBe(0);
});

it("answers without a table where there is no room for one", () => {
  const tables = new ByteBudget(0);
  const full = new HpackEncoder(tables);
  const output = new Output();
  full.block(reply, output);
  const size = output.length;
  full.block(reply, output);
  expect(output.length).toBe(2 * size);
  expect(full.tableBytes).toBe(0);
});
