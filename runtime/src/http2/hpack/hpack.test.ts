import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../byte-budget.js";
import { Output } from "../output.js";
import { BlockKind, Decoded, HpackDecoder } from "./decoder.js";
import { HpackEncoder } from "./encoder.js";
import { HeaderBlock } from "./header-block.js";
import type { HeaderField } from "./header-field.js";
import { huffmanDecode, huffmanEncode, huffmanLength } from "./huffman.js";

const limits = { maxTableBytes: 4096, maxListBytes: 16 * 1024, maxFields: 100 };

type Fields = Array<[name: string, value: string]>;

function decode(decoder: HpackDecoder, bytes: Uint8Array): Fields {
  const result = decoder.decode(Buffer.from(bytes), 0, bytes.length);
  expect([Decoded.OK, Decoded.SAME]).toContain(result);
  return decoder.fields.slice(0, decoder.count).map(({ name, value }) => [name, value]);
}

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ""), "hex");
}

const request1: Fields = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
];
const request2: Fields = [...request1, ["cache-control", "no-cache"]];
const request3: Fields = [
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/index.html"],
  [":authority", "www.example.com"],
  ["custom-key", "custom-value"],
];
const date1 = "Mon, 21 Oct 2013 20:13:21 GMT";
const date2 = "Mon, 21 Oct 2013 20:13:22 GMT";
const location = "https://www.example.com";
const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const response = (status: string, date: string): Fields => [
  [":status", status],
  ["cache-control", "private"],
  ["date", date],
  ["location", location],
];
const response3: Fields = [...response("200", date2), ["content-encoding", "gzip"], ["set-cookie", cookie]];

// https://www.rfc-editor.org/rfc/rfc7541#appendix-C: the block, what it says, the size of the table after it.
const sequences: Array<[string, number, Array<[string, Fields, number]>]> = [
  [
    "C.2.1 literal with indexing",
    4096,
    [["400a637573746f6d2d6b65790d637573746f6d2d686561646572", [["custom-key", "custom-header"]], 55]],
  ],
  [
    "C.2.2 literal without indexing",
    4096,
    [["040c2f73616d706c652f70617468", [[":path", "/sample/path"]], 0]],
  ],
  [
    "C.2.3 literal never indexed",
    4096,
    [["100870617373776f726406736563726574", [["password", "secret"]], 0]],
  ],
  ["C.2.4 indexed", 4096, [["82", [[":method", "GET"]], 0]]],
  [
    "C.3 requests without Huffman",
    4096,
    [
      ["828684410f7777772e6578616d706c652e636f6d", request1, 57],
      ["828684be58086e6f2d6361636865", request2, 110],
      ["828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", request3, 164],
    ],
  ],
  [
    "C.4 requests with Huffman",
    4096,
    [
      ["828684418cf1e3c2e5f23a6ba0ab90f4ff", request1, 57],
      ["828684be5886a8eb10649cbf", request2, 110],
      ["828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", request3, 164],
    ],
  ],
  [
    "C.5 responses without Huffman",
    256,
    [
      [
        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
        response("302", date1),
        222,
      ],
      ["4803333037c1c0bf", response("307", date1), 222],
      [
        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
        response3,
        215,
      ],
    ],
  ],
  [
    "C.6 responses with Huffman",
    256,
    [
      [
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
        response("302", date1),
        222,
      ],
      ["4883640effc1c0bf", response("307", date1), 222],
      [
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
        response3,
        215,
      ],
    ],
  ],
];

describe("the examples of RFC 7541", () => {
  it.each(sequences)("%s", (_name, maxTableBytes, blocks) => {
    const decoder = new HpackDecoder({ ...limits, maxTableBytes });
    for (const [block, fields, tableBytes] of blocks) {
      expect(decode(decoder, hex(block))).toEqual(fields);
      expect(decoder.tableBytes).toBe(tableBytes);
    }
  });
});

describe("Huffman", () => {
  it("decodes what it encodes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString("latin1");
        const coded = new Uint8Array(huffmanLength(text));
        expect(huffmanEncode(text, coded, 0)).toBe(coded.length);
        const decoded = Buffer.alloc(coded.length * 2);
        expect(huffmanDecode(coded, 0, coded.length, decoded)).toBe(bytes.length);
        expect(decoded.toString("latin1", 0, bytes.length)).toBe(text);
      }),
    );
  });

  it.each([
    ["padding of eight bits", "1fff"],
    ["padding of zeros", "18"],
    ["the end of string", "ffffffff"],
    ["the end of string after a text", "1fffffffff"],
  ])("refuses %s", (_name, bytes) => {
    expect(huffmanDecode(hex(bytes), 0, bytes.length / 2, Buffer.alloc(100))).toBe(-1);
  });
});

describe("the decoder", () => {
  it.each([
    ["index 0", "80"],
    ["an index beyond the table", "be"],
    ["a name beyond the table", "7f0001"],
    ["an integer without end", "ff"],
    ["an integer that is too long", "ffffffffff7f"],
    ["a text without its length", "40"],
    ["a text that is cut", "400161"],
    ["a text longer than the block", "4001617f"],
    ["a size update after a field", "8220"],
    ["a size update over the limit", "3fe220"],
    ["three size updates", "202020"],
    ["a malformed Huffman text", "00821fff0161"],
  ])("refuses %s", (_name, block) => {
    const bytes = hex(block);
    expect(new HpackDecoder(limits).decode(bytes, 0, bytes.length)).toBe(Decoded.MALFORMED);
  });

  it("takes size updates, and empties the table by them", () => {
    const decoder = new HpackDecoder(limits);
    decode(decoder, hex("400161 0162"));
    expect(decoder.tableBytes).toBe(34);
    expect(decode(decoder, hex("20 3fe11f 82"))).toEqual([[":method", "GET"]]);
    expect(decoder.tableBytes).toBe(0);
    expect(decode(decoder, hex("20"))).toEqual([]);
    expect(decode(decoder, hex("400161 0162"))).toEqual([["a", "b"]]);
    expect(decoder.tableBytes).toBe(0);
  });

  it("knows the block that it has just decoded, unless that changed the table", () => {
    const decoder = new HpackDecoder(limits);
    const run = (block: string) => decoder.decode(hex(block), 0, block.length / 2);
    expect([run("8286"), run("8286"), run("8287"), run("8286")]).toEqual([0, 1, 0, 0]);
    expect([run("4001610162"), run("4001610162"), run("be"), run("be")]).toEqual([0, 0, 0, 1]);
    expect(decoder.fields[0]).toMatchObject({ name: "a", value: "b" });
  });

  it("knows the last block of each kind, until the table changes", () => {
    const decoder = new HpackDecoder(limits);
    const run = (block: string, kind: BlockKind) => decoder.decode(hex(block), 0, block.length / 2, kind);
    const { MESSAGE, TRAILERS } = BlockKind;
    expect([run("88", MESSAGE), run("8c", TRAILERS)]).toEqual([0, 0]);
    expect([run("88", MESSAGE), run("8c", TRAILERS), run("88", TRAILERS)]).toEqual([1, 1, 0]);
    run("4001610162", TRAILERS);
    expect([run("88", MESSAGE), run("88", TRAILERS)]).toEqual([0, 0]);
  });

  it("knows a token and a path again by their bytes, whatever stands around them", () => {
    const budget = new ByteBudget(1_000);
    const decoder = new HpackDecoder(limits, budget);
    const run = (block: string): HeaderField[] => {
      expect(decoder.decode(hex(block), 0, hex(block).length)).toBe(Decoded.OK);
      return decoder.fields.slice(0, decoder.count);
    };
    const [first] = run("1f08 03 616263");
    const [path, again] = run("04 022f61 1f08 03 616263");
    expect(again).toBe(first);
    expect(run("82 1f08 03 616263 04 022f61").slice(1)).toEqual([first, path]);
    expect(decoder.fields[2]).toBe(path);
    // Another value, a shorter and a longer one, another kind of literal, and at last the first one again.
    expect(run("1f08 03 616264 83")[0]).toMatchObject({ value: "abd", sensitive: true });
    expect(run("1f08 02 6162 83")[0]).toMatchObject({ value: "ab" });
    expect(run(`1f08 50 ${"61".repeat(80)}`)[0]).toMatchObject({ value: "a".repeat(80) });
    expect(run("1f08 03 616263")[0]).toEqual(first);
    expect(run("0f08 03 616263")[0]).toMatchObject({ value: "abc", sensitive: false });
    expect(run("1f08 03 616263 83")[0]).toEqual(first);
    // Another name with the same value.
    expect(run("04 03 616263")[0]).toMatchObject({ name: ":path", value: "abc" });
    expect(budget.used).toBeGreaterThan(0);
    decoder.release();
    expect(budget.used).toBe(0);
  });

  it("remembers no more than the budget allows", () => {
    const budget = new ByteBudget(300);
    const decoder = new HpackDecoder(limits, budget);
    const long = hex(`1f08 50 ${"61".repeat(80)}`);
    const short = hex("04 022f61");
    for (const block of [short, long, long, short]) decoder.decode(block, 0, block.length);
    expect(decoder.fields[0]).toMatchObject({ value: "/a" });
    expect(budget.used).toBe(3 * 64);
  });

  it("stops at the limits, keeps the table, and gives up on a flood", () => {
    const decoder = new HpackDecoder({ ...limits, maxFields: 3 });
    const run = (block: string) => decoder.decode(hex(block), 0, block.length / 2);
    expect(run("828282")).toBe(Decoded.OK);
    expect(run("8282824001610162")).toBe(Decoded.TOO_LONG);
    expect(decoder.fields).toHaveLength(3);
    expect(decode(decoder, hex("be"))).toEqual([["a", "b"]]);
    expect(run("82".repeat(12))).toBe(Decoded.TOO_LONG);
    expect(run("82".repeat(13))).toBe(Decoded.FLOOD);
    const small = new HpackDecoder({ ...limits, maxListBytes: 100 });
    const text = `00 01 61 7f 01 ${"62".repeat(128)}`;
    expect(small.decode(hex(text), 0, 133)).toBe(Decoded.TOO_LONG);
    expect(small.decode(hex(text.repeat(3)), 0, 133 * 3)).toBe(Decoded.FLOOD);
  });

  it("survives any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (blocks) => {
        const decoder = new HpackDecoder(limits);
        for (const block of blocks) {
          const bytes = Buffer.from(block);
          if (decoder.decode(bytes, 0, bytes.length) >= Decoded.MALFORMED) return;
          expect(decoder.tableBytes).toBeLessThanOrEqual(4096);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const name = fc
  .stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
  .filter((text) => !/^(te|connection|keep-alive|upgrade|proxy-connection|transfer-encoding)$/.test(text));
const value = fc.string({
  unit: fc.integer({ min: 33, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
});

describe("the encoder", () => {
  it("is understood by the decoder, whatever size the table has", () => {
    const field = fc.tuple(name, value);
    const block = fc
      .array(field, { maxLength: 5 })
      .map((fields) => new HeaderBlock(Object.fromEntries(fields)));
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ pick: fc.nat(), fields: fc.array(field, { maxLength: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ resize: fc.integer({ min: 0, max: 5000 }) }) },
    );
    fc.assert(
      fc.property(
        fc.array(block, { minLength: 1, maxLength: 8 }),
        fc.array(step, { maxLength: 40 }),
        (blocks, steps) => {
          const encoder = new HpackEncoder();
          const decoder = new HpackDecoder(limits);
          for (const step of steps) {
            if ("resize" in step) {
              encoder.setMaxTableBytes(step.resize);
              continue;
            }
            const output = new Output();
            const constant = blocks[step.pick % blocks.length]!;
            encoder.begin(output);
            encoder.block(constant, output);
            for (const [name, value] of step.fields) encoder.field(name, value, output);
            const expected = [...constant.fields.map(({ key }) => key.split("\n")), ...step.fields];
            expect(decode(decoder, output.take())).toEqual(expected);
            expect(decoder.tableBytes).toBe(encoder.tableBytes);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("sends a constant block as a byte for each field from the second time on", () => {
    const encoder = new HpackEncoder();
    const block = new HeaderBlock({ ":status": "200", "content-type": "application/grpc+proto", "x-a": "b" });
    const lengths = [1, 2, 3].map(() => {
      const output = new Output();
      encoder.begin(output);
      encoder.block(block, output);
      return output.take().length;
    });
    expect(lengths[0]).toBeGreaterThan(15);
    expect(lengths.slice(1)).toEqual([3, 3]);
  });

  it("never lets credentials into a table", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(limits);
    const output = new Output();
    encoder.block(new HeaderBlock({ authorization: "secret" }), output);
    encoder.field("cookie", "a=b", output);
    encoder.field("x-other", "c", output);
    decode(decoder, output.take());
    expect(decoder.fields.map(({ sensitive }) => sensitive)).toEqual([true, true, false]);
    expect([encoder.tableBytes, decoder.tableBytes]).toEqual([0, 0]);
  });

  it("puts nothing on the wire that is not allowed there", () => {
    expect(() => new HeaderBlock({ "X-Upper": "a" })).toThrow(TypeError);
    expect(() => new HeaderBlock({ connection: "close" })).toThrow(TypeError);
    expect(() => new HeaderBlock({ "x-a": "a\nb" })).toThrow(TypeError);
    const output = new Output();
    new HpackEncoder().field("x-a", "a\r\nb\0\u20acc", output);
    expect(decode(new HpackDecoder(limits), output.take())).toEqual([["x-a", "a??b??c"]]);
  });
});
