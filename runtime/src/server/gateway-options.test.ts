import { describe, expect, it } from "vitest";
import { GENERATED_VERSION } from "../call/route.js";
import { ConfigurationError } from "../configuration-error.js";
import { http2Upstream } from "../upstream/http2-upstream.js";
import { createGateway } from "./gateway.js";
import type { GatewayOptions } from "./gateway-options.js";
import { testApi, testAuthenticator } from "./peers.test.support.js";

const api = testApi();
const upstreams = { "internal.v1.Echo": "localhost:50051" };
const valid: GatewayOptions = { api, upstreams, authenticator: testAuthenticator };
const [route] = api.routes;

function problemsOf(options: GatewayOptions): readonly string[] {
  try {
    createGateway(options);
    return [];
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ConfigurationError);
    return (thrown as ConfigurationError).problems;
  }
}

describe("createGateway", () => {
  it("takes valid options", () => {
    expect(problemsOf(valid)).toEqual([]);
    expect(
      problemsOf({
        ...valid,
        api: { ...api, resolvers: { names: ["hello"], clients: {} } },
        resolvers: { hello: () => "hi" },
      }),
    ).toEqual([]);
    // Targets of services that no method calls any more do no harm.
    expect(problemsOf({ ...valid, upstreams: { ...upstreams, "a.B": "x:1" } })).toEqual([]);
    expect(
      problemsOf({ ...valid, port: 0, host: "::", limits: { maxCalls: 1 }, forwardHeaders: ["x-a"] }),
    ).toEqual([]);
  });

  const cases: Array<[string, Partial<GatewayOptions>, RegExp]> = [
    ["no api", { api: undefined as never }, /^api: pass what the generated/],
    [
      "older code",
      { api: { ...api, version: GENERATED_VERSION - 1 } },
      /regenerate it with the protoc-gen-portico/,
    ],
    ["newer code", { api: { ...api, version: GENERATED_VERSION + 1 } }, /upgrade @portico\/runtime/],
    ["missing target", { upstreams: {} }, /^upstreams: no target for internal.v1.Echo$/],
    ["no upstreams", { upstreams: undefined as never }, /^upstreams: say where/],
    [
      "unknown compression",
      { compression: { minBytes: 1 } as never },
      /^compression.minBytes: no such option$/,
    ],
    [
      "compression of nothing",
      { compression: { responseMinBytes: 0 } },
      /^compression.responseMinBytes: 0 is not a whole number above 0$/,
    ],
    [
      "compression of requests by an upstream that was passed",
      { upstreams: http2Upstream({ targets: upstreams }), compression: { requestMinBytes: 1 } },
      /^compression.requestMinBytes: set compressMinBytes/,
    ],
    [
      "target without port",
      { upstreams: { "internal.v1.Echo": "localhost" } },
      /"localhost" is not "host:port"/,
    ],
    ["target as URL", { upstreams: { "internal.v1.Echo": "http://a:1" } }, /without http/],
    [
      "no authenticator",
      { authenticator: undefined as never },
      /^authenticator: missing, and 1 of 3 .*\/Guarded/,
    ],
    ["port", { port: 70_000 }, /^port: 70000 is not between/],
    ["port of text", { port: "80" as never }, /^port/],
    ["empty host", { host: "" }, /^host/],
    ["negative limit", { limits: { maxCalls: -1 } }, /^limits.maxCalls: -1 is not a whole number above 0$/],
    ["unknown option", { limit: {} } as never, /^limit: no such option; did you mean "limits"\?$/],
    [
      "another unknown option",
      { resolver: {} } as never,
      /^resolver: no such option; did you mean "resolvers"\?$/,
    ],
    ["an option like no other", { quota: 1 } as never, /^quota: no such option$/],
    [
      "limit that is written wrongly",
      { limits: { maxCals: 1 } as never },
      /no such limit; did you mean "maxCalls"\?$/,
    ],
    [
      "missing config",
      { api: { ...api, config: ["a", "region"] }, config: { a: 1 } },
      /^config.region: missing, and annotations read it$/,
    ],
    ["no config", { api: { ...api, config: ["region"] } }, /^config.region: missing/],
    ["unknown limit", { limits: { maxFoo: 1 } as never }, /^limits.maxFoo: no such limit$/],
    ["limit of connections", { connections: { maxConnections: 0 } }, /^connections.maxConnections: 0 is not/],
    [
      "endless time",
      { connections: { stallTimeoutMs: 2 ** 31 } },
      /^connections.stallTimeoutMs: .* more than/,
    ],
    ["header in upper case", { forwardHeaders: ["X-A"] }, /^forwardHeaders: "X-A"/],
    ["own header", { forwardHeaders: ["traceparent"] }, /set by the gateway itself/],
    ["grpc header", { forwardHeaders: ["grpc-timeout"] }, /set by the gateway itself/],
    ["half of tls", { tls: { key: "k" } as never }, /^tls: needs key and cert, or keyFile and certFile$/],
    ["transport", { transport: "own" as never }, /^transport/],
    ["route twice", { api: { ...api, routes: [...api.routes, route!] } }, /Unary: declared twice$/],
    [
      "route of health",
      { api: { ...api, routes: [{ ...route!, path: "/grpc.health.v1.Health/Check" }] } },
      /itself/,
    ],
    [
      "missing resolver",
      { api: { ...api, resolvers: { names: ["hello"], clients: {} } } },
      /^resolvers.hello: missing, and annotations name it$/,
    ],
    [
      "resolver that is no function",
      { api: { ...api, resolvers: { names: ["hello"], clients: {} } }, resolvers: { hello: "hi" } },
      /^resolvers.hello: not a function$/,
    ],
    ["unknown resolver", { resolvers: { hello: () => "hi" } }, /^resolvers.hello: no annotation names it$/],
    ["resolvers that are no object", { resolvers: "hello" as never }, /^resolvers: not an object/],
    ["no path", { api: { ...api, routes: [{ ...route!, path: "Unary" }] } }, /not a path/],
    ["no timeout", { api: { ...api, routes: [{ ...route!, timeoutMs: 0 }] } }, /timeout of 0 ms/],
  ];
  it.each(cases)("refuses: %s", (_name, change, problem) => {
    const problems = problemsOf({ ...valid, ...change });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it("lists all problems at once", () => {
    expect(() => createGateway({ api, upstreams: {}, port: -1 })).toThrow(
      /^\n {2}- authenticator.*\n {2}- upstreams.*\n {2}- port.*$/,
    );
  });
});
