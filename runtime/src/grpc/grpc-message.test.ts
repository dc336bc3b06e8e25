import { expect, it } from "vitest";
import { decodeGrpcMessage, encodeGrpcMessage } from "./grpc-message.js";

it.each([
  ["not found", "not found"],
  ["100 %", "100 %25"],
  ["a\r\nb: c\0", "a%0D%0Ab: c%00"],
  ["zu spät", "zu sp%C3%A4t"],
  ["😀", "%F0%9F%98%80"],
  ["\ud800", "%EF%BF%BD"],
  ["~\x7f", "~%7F"],
])("encodes %j", (text, encoded) => {
  expect(encodeGrpcMessage(text)).toBe(encoded);
});

it.each([
  ["not found", "not found"],
  ["100 %25", "100 %"],
  ["zu sp%C3%A4t", "zu spät"],
  ["%f0%9F%98%80!", "😀!"],
  ["%", "%"],
  ["50% of %zz%2", "50% of %zz%2"],
  ["%FF", "\ufffd"],
])("decodes %j", (encoded, text) => {
  expect(decodeGrpcMessage(encoded)).toBe(text);
});
