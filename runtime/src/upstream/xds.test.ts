import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type GrpcObject, loadPackageDefinition, Server, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import { ConfigurationError } from "../configuration-error.js";
import { startGateway, startUpstream, type TestUpstream, unaryMethod } from "../server/peers.test.support.js";
import { grpcJsUpstream } from "./grpc-js.js";
import { http2Upstream } from "./http2-upstream.js";
import { registerXds } from "./xds.js";

const require = createRequire(import.meta.url);
const installed = (() => {
  try {
    return dirname(require.resolve("@grpc/grpc-js-xds/package.json"));
  } catch {
    return undefined;
  }
})();

const targets = { [unaryMethod.service]: "xds:///echo.test" };
const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  delete process.env.GRPC_XDS_BOOTSTRAP;
});

function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
    return [];
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ConfigurationError);
    return (thrown as ConfigurationError).problems;
  }
}

describe("targets of xDS", () => {
  it("are refused by our own HTTP/2, at the start", async () => {
    const wrong = /only grpc-js knows xDS; use transport: "node", or grpcJsUpstream$/;
    expect(problemsOf(() => http2Upstream({ targets }))).toEqual([expect.stringMatching(wrong)]);
    await expect(startGateway({ upstreams: targets, transport: "http2" })).rejects.toThrow(
      /only grpc-js knows/,
    );
  });

  it("need a bootstrap file", () => {
    expect(problemsOf(() => grpcJsUpstream({ targets }))).toEqual([
      expect.stringContaining("GRPC_XDS_BOOTSTRAP has to name"),
    ]);
  });

  it("need the package", () => {
    process.env.GRPC_XDS_BOOTSTRAP = "/none";
    const load = () => {
      throw Object.assign(new Error("Cannot find module"), { code: "MODULE_NOT_FOUND" });
    };
    const problems = ['targets "xds:…" need the package @grpc/grpc-js-xds: it is not installed'];
    expect(problemsOf(() => registerXds(load))).toEqual(problems);
  });
});

const name =
  installed === undefined
    ? "a control plane (skipped: @grpc/grpc-js-xds is not installed)"
    : "a control plane";
describe.skipIf(installed === undefined)(name, () => {
  it("says where a service is, and where it has moved to", async () => {
    const first = await startUpstream({ unary: (_call, reply) => reply(null, Buffer.from("first")) });
    const second = await startUpstream({ unary: (_call, reply) => reply(null, Buffer.from("second")) });
    closers.push(
      () => first.stop(),
      () => second.stop(),
    );
    const plane = await startControlPlane(first);
    const gateway = await startGateway({ upstreams: targets, transport: "node" });
    closers.unshift(() => gateway.close());
    const ask = async () => {
      const { code, reply } = await gateway.client.unary("Unary", Buffer.from("x"), { deadlineMs: 10_000 });
      return code === Code.OK ? String(reply) : code;
    };
    expect(await ask()).toBe("first");
    plane.moveTo(second);
    const end = Date.now() + 10_000;
    let answer = await ask();
    while (answer !== "second" && Date.now() < end) answer = await ask();
    expect(answer).toBe("second");
  });
});

/** A server of the aggregated discovery service that knows one target; its bootstrap file is in the environment. */
async function startControlPlane(upstream: TestUpstream): Promise<{ moveTo(upstream: TestUpstream): void }> {
  // The protos, and the loader that reads them, are those of the package.
  const ofPackage = createRequire(join(installed!, "package.json"));
  const loader = ofPackage("@grpc/proto-loader") as typeof import("@grpc/proto-loader");
  const files = [
    "service/discovery/v3/ads.proto",
    "config/listener/v3/listener.proto",
    "config/route/v3/route.proto",
    "config/cluster/v3/cluster.proto",
    "config/endpoint/v3/endpoint.proto",
    "extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
    "extensions/filters/http/router/v3/router.proto",
  ];
  const definition = loader.loadSync(
    files.map((file) => `envoy/${file}`),
    {
      keepCase: true,
      includeDirs: ["envoy-api", "xds", "googleapis", "protoc-gen-validate"].map((folder) =>
        join(installed!, "deps", folder),
      ),
    },
  );
  type Service = { service: import("@grpc/grpc-js").ServiceDefinition };
  const discovery = (loadPackageDefinition(definition) as unknown as Record<string, GrpcObject>)
    .envoy as never as {
    service: { discovery: { v3: { AggregatedDiscoveryService: Service } } };
  };
  type Stream = import("@grpc/grpc-js").ServerDuplexStream<
    { type_url: string; response_nonce: string },
    { type_url: string; version_info: string; nonce: string; resources: unknown[] }
  >;
  const streams = new Set<Stream>();
  let place = upstream;
  let version = 1;
  const send = (stream: Stream, type_url: string) => {
    const resource = { "@type": type_url, ...resourceOf(type_url, place) };
    stream.write({ type_url, version_info: String(version), nonce: String(version), resources: [resource] });
  };
  const server = new Server();
  server.addService(discovery.service.discovery.v3.AggregatedDiscoveryService.service, {
    StreamAggregatedResources(stream: Stream) {
      streams.add(stream);
      // A request with a nonce says that an answer has come.
      stream.on("data", ({ type_url, response_nonce }) => {
        if (response_nonce === "") send(stream, type_url);
      });
      stream.on("error", () => {});
      stream.on("end", () => stream.end());
    },
    DeltaAggregatedResources(stream: Stream) {
      stream.end();
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const directory = mkdtempSync(join(tmpdir(), "portico-xds-"));
  const bootstrap = join(directory, "bootstrap.json");
  const plane = {
    server_uri: `127.0.0.1:${port}`,
    channel_creds: [{ type: "insecure" }],
    server_features: ["xds_v3"],
  };
  writeFileSync(bootstrap, JSON.stringify({ xds_servers: [plane], node: { id: "test", locality: {} } }));
  process.env.GRPC_XDS_BOOTSTRAP = bootstrap;
  closers.push(() => {
    server.forceShutdown();
    rmSync(directory, { recursive: true });
  });
  return {
    moveTo(next) {
      place = next;
      version++;
      for (const stream of streams) send(stream, ENDPOINTS);
    },
  };
}

const LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener";
const CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
const FILTERS = "type.googleapis.com/envoy.extensions.filters";

function resourceOf(type: string, { port }: TestUpstream): object {
  switch (type) {
    case LISTENER:
      return {
        name: "echo.test",
        api_listener: {
          api_listener: {
            "@type": `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
            http_filters: [{ name: "router", typed_config: { "@type": `${FILTERS}.http.router.v3.Router` } }],
            route_config: {
              name: "route",
              virtual_hosts: [
                {
                  name: "all",
                  domains: ["*"],
                  routes: [{ match: { prefix: "" }, route: { cluster: "echo" } }],
                },
              ],
            },
          },
        },
      };
    case CLUSTER:
      return {
        name: "echo",
        type: "EDS",
        eds_cluster_config: { eds_config: { ads: {} }, service_name: "echo-endpoints" },
        lb_policy: "ROUND_ROBIN",
      };
    case ENDPOINTS:
      return {
        cluster_name: "echo-endpoints",
        endpoints: [
          {
            locality: { region: "r", zone: "z", sub_zone: "s" },
            load_balancing_weight: { value: 1 },
            lb_endpoints: [
              { endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } },
            ],
          },
        ],
      };
    default:
      throw new Error(`asked for ${type}`);
  }
}
