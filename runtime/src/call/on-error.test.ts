import { describe, expect, it } from "vitest";
import { type Method, UpstreamError } from "../upstream/upstream.js";
import { Degraded } from "./degraded.js";
import { Code, PorticoError } from "./error.js";
import { Rows } from "./join.js";
import { failureBy, ruleFor } from "./on-error.js";

const method: Method = { service: "s", name: "m", path: "/s/m", kind: "unary" };
const failed = (upstream: number, code: Code = Code.INTERNAL) =>
  new PorticoError(code, "internal error", { cause: new UpstreamError(upstream, "secret", method) });

describe("rules for errors", () => {
  const rules = [
    { code: Code.NOT_FOUND, outcome: "empty" },
    { code: Code.NOT_FOUND, outcome: "drop" },
    { outcome: "fail" },
  ] as const;

  it("fit by the upstream's code, the first that does", () => {
    expect(ruleFor(failed(Code.NOT_FOUND), { rules, degraded: [] })).toBe(rules[0]);
    expect(ruleFor(failed(Code.INVALID_ARGUMENT), { rules, degraded: [] })).toBe(rules[2]);
    expect(ruleFor(failed(Code.ABORTED), { rules: rules.slice(0, 2), degraded: [] })).toBeUndefined();
  });

  it.each([
    ["a bound", new PorticoError(Code.RESOURCE_EXHAUSTED, "too many")],
    ["a fault of the gateway", new TypeError("x")],
    ["nothing at all", undefined],
  ])("never fit %s", (_, thrown) => {
    expect(ruleFor(thrown, { rules, degraded: [] })).toBeUndefined();
  });

  it("give a client their code and text, and keep the cause for the log", () => {
    const thrown = failed(Code.ABORTED, Code.ABORTED);
    expect(failureBy({ outcome: "fail" }, thrown)).toBe(thrown);
    const other = failureBy({ outcome: "fail", as: Code.INVALID_ARGUMENT }, thrown);
    expect(other).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "invalid argument" });
    expect(other.cause).toBe(thrown.cause);
    expect(failureBy({ outcome: "fail", as: Code.INTERNAL }, thrown).message).toBe("internal error");
    expect(failureBy({ outcome: "fail", message: "no" }, thrown)).toMatchObject({
      code: Code.ABORTED,
      message: "no",
    });
  });
});

describe("degraded fields", () => {
  it("are sorted, each once", () => {
    const degraded = new Degraded();
    expect(degraded.text()).toBeUndefined();
    degraded.add([]);
    expect(degraded.text()).toBeUndefined();
    degraded.add(["b.c", "a"]);
    degraded.add(["a"]);
    expect(degraded.text()).toBe("a,b.c");
  });

  it("fit into a header, however many there are", () => {
    const degraded = new Degraded();
    degraded.add(Array.from({ length: 2000 }, (_, i) => `orders.field_${String(i).padStart(4, "0")}`));
    const text = degraded.text()!;
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(text).toMatch(/^orders\.field_0000,.*,orders\.field_\d{4}$/);
  });
});

describe("rows of a batch that failed", () => {
  const lookup = { name: "s/m", method, mode: "batch", batchSize: 1, maxKeys: 9, maxRows: 9 } as const;
  const rowsOf = (onMissing: "empty" | "drop" | "fail") => {
    const rows = new Rows({ ...lookup, ask: () => {}, match: () => {} }, { onMissing });
    for (const key of ["a", "b"]) rows.add(key);
    for (const number of [0, 1]) rows.replies.assign(number, number);
    return rows;
  };

  it("are not missing", () => {
    const rows = rowsOf("fail");
    expect(rows.hasMissing()).toBe(true);
    rows.failed(0, "empty");
    expect(rows.hasMissing()).toBe(true);
    rows.failed(1, "empty");
    expect(rows.hasMissing()).toBe(false);
  });

  it("are dropped where it is said, and no others", () => {
    const rows = rowsOf("empty");
    rows.failed(1, "drop");
    rows.take();
    expect(rows.dropped).toBe(false);
    rows.take();
    expect(rows.dropped).toBe(true);
  });

  it("stay where they are EMPTY, though missing ones are dropped", () => {
    const rows = rowsOf("drop");
    rows.failed(1, "empty");
    rows.take();
    expect(rows.dropped).toBe(true);
    rows.take();
    expect(rows.dropped).toBe(false);
  });
});
