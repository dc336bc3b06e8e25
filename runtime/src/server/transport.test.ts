import { afterEach, describe, expect, it, vi } from "vitest";
import { transportOf, transportProblem } from "./transport.js";

describe("the transport", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("is what the options say, else the environment", () => {
    vi.stubEnv("PORTICO_TRANSPORT", "node");
    expect(transportOf(undefined)).toBe("node");
    expect(transportOf("http2")).toBe("http2");
    vi.stubEnv("PORTICO_TRANSPORT", "http2");
    expect(transportOf(undefined)).toBe("http2");
    expect(transportOf("node")).toBe("node");
    expect(transportProblem(undefined)).toBe(undefined);
  });

  it("is the default where neither says anything", () => {
    vi.stubEnv("PORTICO_TRANSPORT", "");
    expect(transportOf(undefined)).toBe("http2");
    expect(transportProblem(undefined)).toBe(undefined);
  });

  it("must be one that there is", () => {
    vi.stubEnv("PORTICO_TRANSPORT", "grpc");
    expect(transportProblem(undefined)).toMatch(/^PORTICO_TRANSPORT: "grpc" is not known; write/);
    expect(transportProblem("node")).toBe(undefined);
    expect(transportProblem("grpc")).toBe('transport: "grpc" is not known');
  });
});
