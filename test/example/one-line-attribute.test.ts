import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createFileRegistry,
  type DescMethodUnary,
  type FileRegistry,
  fromBinary,
  type JsonObject,
  type MessageInitShape,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  createGateway,
  type GatewayApi,
  grpcJsUpstream,
  jwtAuthenticator,
  type Upstream,
} from "@portico/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient } from "../../example/demo/client.js";
import { issueTokens } from "../../example/demo/tokens.js";
import { startOrdersService } from "../../example/services/orders/service.js";
import { startUsersService } from "../../example/services/users/service.js";

/** What docs/one-line-attribute.md says to add. */
const line = "  string birthday_date = 7;\n";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "node_modules/.bin");
const ada = { id: "user-001", birthdayDate: "1815-12-10" };
const kaysBirthday = "1940-05-17";

/** A copy of the example's protos, changed by `edit`, and what buf and the built plugin generate from it. */
async function generate(
  folder: string,
  edit: (publicUsers: string) => string,
): Promise<{ api: GatewayApi; registry: FileRegistry }> {
  cpSync(join(root, "proto"), join(folder, "proto"), { recursive: true });
  cpSync(join(root, "example/proto"), join(folder, "example/proto"), { recursive: true });
  cpSync(join(root, "buf.yaml"), join(folder, "buf.yaml"));
  const users = join(folder, "example/proto/public/smpl/api/users/v1/users.proto");
  writeFileSync(users, edit(readFileSync(users, "utf8")));
  const template = JSON.stringify({
    version: "v2",
    plugins: [{ local: "protoc-gen-portico", out: "gen", strategy: "all", opt: "import_extension=ts" }],
  });
  const buf = (...args: string[]) =>
    execFileSync(join(bin, "buf"), args, {
      cwd: folder,
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
      maxBuffer: 1 << 26,
    });
  buf("generate", "--template", template);
  const { api } = await import(/* @vite-ignore */ join(folder, "gen/gateway.ts"));
  return { api, registry: createFileRegistry(fromBinary(FileDescriptorSetSchema, buf("build", "-o", "-"))) };
}

describe.each([
  { when: "before the line", edit: (text: string) => text, birthdayDate: undefined },
  { when: "after the line", edit: addLine, birthdayDate: ada.birthdayDate },
])("birthday_date, $when", ({ edit, birthdayDate }) => {
  const cleanUp: Array<() => unknown> = [];
  let call: (method: string, request: object) => Promise<JsonObject>;

  beforeAll(async () => {
    mkdirSync(join(root, "test/out"), { recursive: true });
    // Below the repository, so that what is generated finds the runtime.
    const folder = mkdtempSync(join(root, "test/out/one-line-attribute-"));
    cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
    const { api, registry } = await generate(folder, edit);
    const users = await startUsersService({});
    cleanUp.push(() => users.close());
    const orders = await startOrdersService({});
    cleanUp.push(() => orders.close());
    const tokens = await issueTokens();
    const upstream = withBirthdays(
      grpcJsUpstream({
        targets: {
          "smpl.users.v1.UsersService": `127.0.0.1:${users.port}`,
          "smpl.orders.v1.OrdersService": `127.0.0.1:${orders.port}`,
        },
      }),
    );
    cleanUp.push(() => upstream.close());
    const gateway = createGateway({
      api,
      port: 0,
      host: "127.0.0.1",
      upstreams: upstream,
      authenticator: jwtAuthenticator({
        issuer: tokens.issuer,
        audience: tokens.audience,
        algorithms: ["ES256"],
        key: tokens.publicKey,
      }),
      logger: () => {},
    });
    const { port } = await gateway.listen();
    cleanUp.push(() => gateway.close({ graceMs: 0 }));
    const client = createClient(`127.0.0.1:${port}`);
    cleanUp.push(() => client.close());
    call = async (name, request) => {
      const desc = methodOf(registry, name);
      const response = await client.call(
        desc,
        request as MessageInitShape<DescMethodUnary["input"]>,
        tokens.admin,
      );
      return toJson(desc.output, response, { registry }) as JsonObject;
    };
  });

  afterAll(async () => {
    for (const step of cleanUp.reverse()) await step();
  });

  test("GetUser", async () => {
    const user = await call("smpl.api.users.v1.UsersService/GetUser", { id: ada.id });
    expect(user.email).toBe("ada.lovelace@example.com");
    expect(user.birthdayDate).toBe(birthdayDate);
  });

  test("ListUsers", async () => {
    const { users } = await call("smpl.api.users.v1.UsersService/ListUsers", { pageSize: 3 });
    expect(users).toHaveLength(3);
    expect((users as JsonObject[])[0]!.birthdayDate).toBe(birthdayDate);
    expect((users as JsonObject[]).every((user) => "birthdayDate" in user)).toBe(birthdayDate !== undefined);
  });

  test("CreateUser", async () => {
    const created = await call("smpl.api.users.v1.UsersService/CreateUser", {
      email: "kay@example.com",
      displayName: "Alan Kay",
      password: "correct horse",
    });
    expect(created.email).toBe("kay@example.com");
    expect(created.birthdayDate).toBe(birthdayDate && kaysBirthday);
    const user = await call("smpl.api.users.v1.UsersService/GetUser", { id: created.id! });
    expect(user).toEqual(created);
  });

  test("GetOrder, whose user is joined", async () => {
    const order = await call("smpl.api.orders.v1.OrdersService/GetOrder", { id: "order-002" });
    const user = order.user as JsonObject;
    expect(user.id).toBe("user-006");
    expect(user.birthdayDate).toBe(
      birthdayDate === undefined
        ? undefined
        : (await call("smpl.api.users.v1.UsersService/GetUser", { id: "user-006" })).birthdayDate,
    );
    if (birthdayDate !== undefined) expect(user.birthdayDate).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });
});

test("the documentation says this line", () => {
  const text = readFileSync(join(root, "docs/one-line-attribute.md"), "utf8");
  expect(text).toContain(line.trim());
});

/**
 * The internal CreateUserRequest has a birthday, and the public one has not: here every new user gets one on the way,
 * so that there is something to answer with.
 */
function withBirthdays(upstream: Upstream): Upstream {
  const field = Buffer.from([0x1a, kaysBirthday.length, ...Buffer.from(kaysBirthday)]);
  return {
    unary: (method, request, context) =>
      upstream.unary(
        method,
        method.name === "CreateUser" ? Buffer.concat([request, field]) : request,
        context,
      ),
    serverStream: (method, request, context) => upstream.serverStream(method, request, context),
    clientStream: (method, requests, context) => upstream.clientStream(method, requests, context),
    bidiStream: (method, requests, context) => upstream.bidiStream(method, requests, context),
    close: () => upstream.close(),
  };
}

/** Adds the one line to the public User, as its last field. */
function addLine(text: string): string {
  const start = text.indexOf("message User {");
  const end = text.indexOf("\n}\n", start) + 1;
  const edited = `${text.slice(0, end)}${line}${text.slice(end)}`;
  expect(edited.split("\n").length).toBe(text.split("\n").length + 1);
  return edited;
}

function methodOf(registry: FileRegistry, name: string): DescMethodUnary {
  const [service, method] = name.split("/") as [string, string];
  return registry.getService(service)!.methods.find((one) => one.name === method) as DescMethodUnary;
}
