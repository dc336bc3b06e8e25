import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  create,
  type DescMethodUnary,
  type DescService,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  toJson,
} from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient } from "../../example/demo/client.js";
import { serviceDefinition } from "../../example/services/shared/grpc.js";
import { type Block, blocksOf, placeOf, root } from "../docs/blocks.js";
import { commandsOf } from "../docs/commands.js";
import { pageFiles } from "../docs/proto.js";
import { type Compiled, compile } from "../support/compile.js";
import { type Served, serve, sh } from "./outside.js";

// The user outside: packs both packages, installs them in an empty folder that is nowhere near the repository, and does
// what docs/getting-started.md says, block by block.

const page = "docs/getting-started.md";
const cleanUp: Array<() => unknown> = [];
const asked: string[] = [];
let folder: string;
let compiled: Compiled;
let served: Served;
let port: string;
let answer: string;

beforeAll(async () => {
  const temp = mkdtempSync(join(tmpdir(), "portico-getting-started-"));
  cleanUp.push(() => rmSync(temp, { recursive: true, force: true }));
  const packed = await sh(`npm pack --json --pack-destination '${temp}' ./plugin ./runtime`, root);
  const [plugin, runtime] = (JSON.parse(packed) as Array<{ filename: string }>).map(({ filename }) =>
    join(temp, filename),
  );
  folder = join(temp, "shop");
  mkdirSync(folder);

  compiled = compile(pageFiles(page));
  const upstream = await startUpstream();
  const blocks = blocksOf(page);
  const serveAt = blocks.findIndex((block) => block.info.serve !== undefined);
  for (const block of blocks.slice(0, serveAt)) {
    if (block.info.file !== undefined) write(block.info.file, block.text);
    else if (block.language === "sh") {
      for (const command of commandsOf(block.text)) {
        await sh(
          command
            .replace("@portico/runtime", runtime!)
            .replace(/(install .*)protoc-gen-portico/, `$1${plugin}`),
          folder,
        );
      }
    } else throw new Error(`${placeOf(block)}: what is to be done with it?`);
  }
  const [serveCommand] = commandsOf(blocks[serveAt]!.text);
  served = await serve(serveCommand!, folder, { PORT: "0", USERS_TARGET: upstream, ORDERS_TARGET: upstream });
  cleanUp.push(() => served.stop());
  port = /:(\d+) \(/.exec(served.line)?.[1] ?? "";

  const call = blocks.find((block: Block) => block.info.call !== undefined)!;
  answer = await sh(commandsOf(call.text)[0]!.replace(":8080", `:${port}`), folder);
}, 180_000);

afterAll(async () => {
  for (const step of cleanUp.reverse()) await step();
});

const orders = [
  { id: "o1", product: "Lamp", userId: "u1" },
  { id: "o2", product: "Desk", userId: "u2" },
  { id: "o3", product: "Chair", userId: "u1" },
  { id: "o4", product: "Rug", userId: "nobody" },
].map(({ id, product, userId }) => ({ id, product, userId, warehouseNote: "shelf 7" }));
const users = [
  { id: "u2", email: "alan@example.com", passwordHash: "secret" },
  { id: "u1", email: "ada@example.com", passwordHash: "secret" },
];
const joined = [
  { id: "o1", product: "Lamp", userEmail: "ada@example.com" },
  { id: "o2", product: "Desk", userEmail: "alan@example.com" },
  { id: "o3", product: "Chair", userEmail: "ada@example.com" },
  { id: "o4", product: "Rug" },
];

/** Both internal services, on one port. */
async function startUpstream(): Promise<string> {
  const server = new Server();
  cleanUp.push(() => server.forceShutdown());
  const answers: Record<string, (request: JsonValue) => JsonValue> = {
    ListOrders: (request) => ({ orders: orders.slice(0, (request as { pageSize?: number }).pageSize) }),
    // Not in the order of the keys.
    BatchGetUsers: (request) => ({
      users: users.filter(({ id }) => (request as { ids: string[] }).ids.includes(id)),
    }),
  };
  for (const name of ["acme.users.v1.UsersService", "acme.orders.v1.OrdersService"]) {
    const service = compiled.registry.getService(name) as DescService;
    const handlers = service.methods.map((method) => [
      method.localName,
      (call: { request: never }, callback: (error: null, reply: unknown) => void) => {
        const request = toJson(method.input, call.request);
        asked.push(`${method.name} ${JSON.stringify(request)}`);
        callback(null, fromJson(method.output, answers[method.name]!(request)));
      },
    ]);
    server.addService(serviceDefinition(service), Object.fromEntries(handlers));
  }
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
  return `127.0.0.1:${bound}`;
}

function write(file: string, text: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

describe("the gateway of docs/getting-started.md", () => {
  test("says where it listens", () => {
    expect(served.line).toMatch(/^portico: 1 method on 0\.0\.0\.0:\d+ \(gRPC, h2c\)$/);
  });

  test("answers the page's own call", () => {
    expect(JSON.parse(answer)).toEqual({ orders: joined.slice(0, 2) });
  });

  test("joins for a grpc-js client, with one call to each service", async () => {
    const service = compiled.registry.getService("acme.api.v1.OrdersService")!;
    const method = service.methods[0] as DescMethodUnary;
    const client = createClient(`127.0.0.1:${port}`);
    cleanUp.push(() => client.close());
    asked.length = 0;
    const request = create(method.input, { pageSize: 4 } as MessageInitShape<typeof method.input>);
    const response = await client.call(method, request);
    expect(toJson(method.output, response)).toEqual({ orders: joined });
    // Fields that the client does not know would be kept here: no internal one has come through.
    expect(response.$unknown ?? []).toEqual([]);
    expect(asked).toEqual([`ListOrders {"pageSize":4}`, `BatchGetUsers {"ids":["u1","u2","nobody"]}`]);
  });

  test("stops on SIGTERM", async () => {
    expect(await served.stop()).toBe(0);
  });
});
