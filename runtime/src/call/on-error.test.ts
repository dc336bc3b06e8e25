import { describe, expect, it } from "vitest";
import { CelError } from "../cel/error.js";
import { Timestamp } from "../cel/time.js";
import { type Method, UpstreamError } from "../upstream/upstream.js";
import { Reader } from "../wire/reader.js";
import { Degraded } from "./degraded.js";
import { Code, PorticoError } from "./error.js";
import { Rows } from "./join.js";
import { type ErrorContext, failureBy, ruleFor } from "./on-error.js";

const method: Method = { service: "s", name: "m", path: "/s/m", kind: "unary" };
const failed = (upstream: number, code: Code = Code.INTERNAL) =>
  new PorticoError(code, "internal error", { cause: new UpstreamError(upstream, "secret", method) });

const call: ErrorContext = {
  principal: undefined,
  metadata: [],
  config: {},
  request: Reader.absent(""),
  now: () => new Timestamp(0n),
  once: (_, compute) => compute(),
};

describe("rules for errors", () => {
  const rules = [
    { code: Code.NOT_FOUND, outcome: "empty" },
    { code: Code.NOT_FOUND, outcome: "drop" },
    { outcome: "fail" },
  ] as const;

  it("fit by the upstream's code, the first that does", () => {
    expect(ruleFor(failed(Code.NOT_FOUND), { rules, degraded: [] }, call)).toBe(rules[0]);
    expect(ruleFor(failed(Code.INVALID_ARGUMENT), { rules, degraded: [] }, call)).toBe(rules[2]);
    expect(ruleFor(failed(Code.ABORTED), { rules: rules.slice(0, 2), degraded: [] }, call)).toBeUndefined();
  });

  it("fit only where their condition holds", () => {
    const narrow = { outcome: "empty", when: () => false } as const;
    expect(ruleFor(failed(Code.ABORTED), { rules: [narrow, rules[2]], degraded: [] }, call)).toBe(rules[2]);
  });

  it("give the text that an expression gives, if it does", () => {
    const thrown = failed(Code.ABORTED, Code.ABORTED);
    const text = (message: () => string) => failureBy({ outcome: "fail", message }, thrown, call).message;
    expect(text(() => "no order 7")).toBe("no order 7");
    const fails = () => {
      throw new CelError("secret");
    };
    expect(text(fails)).toBe("internal error");
  });

  it.each([
    ["a bound", new PorticoError(Code.RESOURCE_EXHAUSTED, "too many")],
    ["a fault of the gateway", new TypeError("x")],
    ["nothing at all", undefined],
  ])("never fit %s", (_, thrown) => {
    expect(ruleFor(thrown, { rules, degraded: [] }, call)).toBeUndefined();
  });

  it("give a client their code and text, and keep the cause for the log", () => {
    const thrown = failed(Code.ABORTED, Code.ABORTED);
    expect(failureBy({ outcome: "fail" }, thrown, call)).toBe(thrown);
    const other = failureBy({ outcome: "fail", as: Code.INVALID_ARGUMENT }, thrown, call);
    expect(other).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "invalid argument" });
    expect(other.cause).toBe(thrown.cause);
    expect(failureBy({ outcome: "fail", as: Code.INTERNAL }, thrown, call).message).toBe("internal error");
    expect(failureBy({ outcome: "fail", message: "no" }, thrown, call)).toMatchObject({
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
