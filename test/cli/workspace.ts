import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "plugin/bin/portico.js");

/** A small shop: two internal services, and a public one with a call and a join. */
export const FILES = {
  "buf.yaml": `version: v2
modules:
  - path: proto
  - path: internal
  - path: public
`,
  "buf.gen.yaml": `version: v2
plugins:
  - local: ${JSON.stringify([process.execPath, join(root, "plugin/bin/protoc-gen-portico.js")])}
    out: gen
    strategy: all
`,
  "internal/orders/v1/orders.proto": `syntax = "proto3";
package orders.v1;
service Orders {
  rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);
  rpc CreateOrder(CreateOrderRequest) returns (Order);
}
message Order {
  string id = 1;
  string user_id = 2;
  string product = 3;
  string note = 4;
}
message ListOrdersRequest { int32 page_size = 1; }
message ListOrdersResponse { repeated Order orders = 1; }
message CreateOrderRequest {
  string product = 1;
  string user_id = 2;
  string note = 3;
}
`,
  "internal/users/v1/users.proto": `syntax = "proto3";
package users.v1;
import "portico/v1/options.proto";
service Users {
  rpc BatchGetUsers(BatchGetUsersRequest) returns (BatchGetUsersResponse);
}
message User {
  string id = 1;
  string email = 2;
  string phone = 3;
  string password_hash = 4 [(portico.v1.field).internal = true];
}
message BatchGetUsersRequest { repeated string ids = 1; }
message BatchGetUsersResponse { repeated User users = 1; }
`,
  "public/api/v1/orders.proto": `syntax = "proto3";
package api.v1;
import "portico/v1/options.proto";
service Orders {
  option (portico.v1.service) = {from: "orders.v1.Orders", allow: {role: "viewer"}};
  rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);
  rpc CreateOrder(CreateOrderRequest) returns (NewOrder) {
    option (portico.v1.method) = {
      call: {method: "CreateOrder", set: "user_id = auth.subject"}
      allow: {role: "admin", scope: "orders.write"}
    };
  }
}
message Order {
  option (portico.v1.message).join = {
    name: "user"
    method: "users.v1.Users/BatchGetUsers"
    key: "user_id -> ids = users.id"
  };
  string id = 1;
  string product = 2;
  string user_email = 3 [(portico.v1.field).from = "user.email"];
}
message ListOrdersRequest { int32 page_size = 1; }
message ListOrdersResponse { repeated Order orders = 1; }
message CreateOrderRequest { string product = 1; }
message NewOrder { string id = 1; }
`,
} as const;

/** What a command printed, and how it ended. */
export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder of .proto files, and the built `portico` run in it. */
export class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), "portico-cli-"));
  readonly #children: ChildProcess[] = [];

  constructor() {
    cpSync(join(root, "proto"), join(this.folder, "proto"), { recursive: true });
    for (const [name, text] of Object.entries(FILES)) this.write(name, text);
  }

  remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  write(name: string, text: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Replaces a text of a file, which must be there. */
  edit(name: string, from: string, to: string): void {
    const text = this.read(name);
    if (!text.includes(from)) throw new Error(`${name} has no "${from}"`);
    this.write(
      name,
      text.replace(from, () => to),
    );
  }

  portico(...args: string[]): Ran {
    return this.run(process.execPath, [bin, ...args]);
  }

  buf(...args: string[]): Ran {
    return this.run(join(root, "node_modules/.bin/buf"), args);
  }

  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Ran {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: this.folder,
      env: { ...environment(), ...env },
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    return { status, out: stdout, err: stderr };
  }

  /** Starts a command that does not end by itself. */
  start(...args: string[]): Running {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: this.folder,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.push(child);
    return new Running(child);
  }
}

/** There is no node_modules in the folder: buf is the one on the PATH. */
function environment(): NodeJS.ProcessEnv {
  const { GITHUB_WORKSPACE: _, ...env } = process.env;
  return { ...env, PATH: `${join(root, "node_modules/.bin")}${delimiter}${process.env.PATH ?? ""}` };
}

/** A command that goes on. */
export class Running {
  #out = "";
  #err = "";
  #wake = () => {};
  #ended: number | null | undefined;

  constructor(readonly child: ChildProcess) {
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#out += text;
      this.#wake();
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#err += text;
      this.#wake();
    });
    child.on("close", (code) => {
      this.#ended = code;
      this.#wake();
    });
  }

  /** Waits until it says that it waits for changes; gives what it printed since the last time. */
  async answer(): Promise<{ readonly out: string; readonly err: string }> {
    while (!this.#err.includes("waiting for changes\n")) {
      if (this.#ended !== undefined) throw new Error(`it ended with ${this.#ended}: ${this.#err}`);
      await this.#more();
    }
    const said = { out: this.#out, err: this.#err };
    this.#out = "";
    this.#err = "";
    return said;
  }

  /** Sends a signal; gives the exit code. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    while (this.#ended === undefined) await this.#more();
    return this.#ended;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
