import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compile } from "../support/compile.js";
import { sourcesOf } from "../support/gateway.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

const internal = `
  service Docs {
    rpc ListDocuments(ListDocumentsRequest) returns (ListDocumentsResponse);
    rpc GetViewer(GetViewerRequest) returns (User);
    rpc LogAccess(GetViewerRequest) returns (User);
    rpc WatchDocuments(ListDocumentsRequest) returns (stream ListDocumentsResponse);
  }
  service Users {
    rpc BatchGetUsers(BatchGetRequest) returns (BatchGetUsersResponse);
    rpc GetUser(GetUserRequest) returns (User);
  }
  service Stock { rpc BatchGetStockLevelsOfWarehouses(StockRequest) returns (StockResponse); }
  message ListDocumentsRequest { string tenant_id = 1; string topic = 2; }
  message GetViewerRequest { string tenant_id = 1; string viewer_id = 2; }
  message ListDocumentsResponse { repeated Document documents = 1; map<string, Document> by_name = 2; }
  message Document {
    string created_by = 1; string updated_by = 2; repeated string watcher_ids = 3; string warehouse = 4; string sku = 5;
    Document answered = 6; repeated Document replies = 7; oneof about { Document quoted = 8; string text = 9; }
    // Names that the generated code uses for its own things.
    string key = 10; string r = 11; string w = 12; string end = 13; string tag = 14; string call = 15; string inner = 16;
    string message = 17; string element = 18; string rows = 19; string write_user = 20; string source = 21;
  }
  message BatchGetRequest { repeated string ids = 1; string tenant_id = 2; string region = 3; }
  message GetUserRequest { string id = 1; }
  message User { string id = 1; string email = 2; string company_id = 3; string manager_id = 4; }
  message BatchGetUsersResponse { map<string, User> users = 1; repeated User list = 2; }
  message StockKey { string warehouse = 1; string sku = 2; }
  message StockRequest { repeated StockKey keys = 1; string tenant_id = 2; }
  message StockLevel { StockKey key = 1; int32 available = 2; }
  message StockGroup { repeated StockLevel levels = 1; }
  message StockResponse { repeated StockGroup groups = 1; string next_page_token = 2; }
`;
const publicText = `
  service Api {
    option (portico.v1.service) = {
      from: "in.Docs" allow: {authenticated: true} set: "tenant_id = auth.claims.tenant"
    };
    rpc ListDocuments(ListDocumentsRequest) returns (ListDocumentsResponse) {
      option (portico.v1.method).call = {method: "ListDocuments"};
      option (portico.v1.method).call = {name: "list_documents" method: "GetViewer" set: "viewer_id = auth.subject"};
      option (portico.v1.method).call = {name: "log" method: "LogAccess" set: "viewer_id = list_documents.id" timeout: "1s"};
    }
    rpc ListPlainDocuments(ListDocumentsRequest) returns (ListPlainDocumentsResponse) {
      option (portico.v1.method).call = {method: "ListDocuments"};
    }
    rpc WatchDocuments(ListDocumentsRequest) returns (stream ListPlainDocumentsResponse) {
      option (portico.v1.method).call = {method: "WatchDocuments"};
    }
    rpc LogThenList(ListDocumentsRequest) returns (ListPlainDocumentsResponse) {
      option (portico.v1.method).call = {name: "written" method: "LogAccess" set: "viewer_id = auth.subject"};
      option (portico.v1.method).call = {method: "ListDocuments"};
    }
    rpc Opened(ListDocumentsRequest) returns (OpenedResponse) {
      option (portico.v1.method) = {
        max_calls: 2000
        call: {
          name: "opened" method: "ListDocuments" max_rows: 50 timeout: "1s"
          on_error: {code: "NOT_FOUND" as: "INVALID_ARGUMENT" message: "'no \\"topic\\"'"} on_error: {then: EMPTY}
        }
        call: {name: "reader" method: "in.Users/GetUser" set: "id = request.topic" on_error: {then: EMPTY}}
      };
    }
    // Its handler has the name of something that is imported.
    rpc KeyAt(ListDocumentsRequest) returns (ListPlainDocumentsResponse) {
      option (portico.v1.method).call = {method: "ListDocuments"};
    }
  }
  message ListDocumentsRequest { string topic = 1; }
  message ListDocumentsResponse {
    string viewer = 1 [(portico.v1.field).from = "list_documents.email"];
    repeated Document documents = 2;
    map<string, Document> by_name = 3;
  }
  message OpenedResponse { Opened opened = 1; string email = 2 [(portico.v1.field).from = "reader.email"]; }
  message Opened { repeated OpenedDocument documents = 1; }
  message OpenedDocument { string key = 4; }
  message ListPlainDocumentsResponse { repeated PlainDocument documents = 1; }
  message PlainDocument {
    option (portico.v1.message).join = {
      name: "batch_get_users" method: "in.Users/BatchGetUsers" key: "created_by -> ids = list.id" set: "region = request.topic"
    };
    option (portico.v1.message).join = {
      name: "write_user" method: "in.Users/GetUser" key: "updated_by -> id" max_keys: 5 on_missing: DROP
    };
    option (portico.v1.message).join = {
      name: "call" method: "in.Users/GetUser" key: "batch_get_users.manager_id -> id" max_keys: 5
    };
    string creator = 1 [(portico.v1.field).from = "batch_get_users.email"];
    User writer = 2 [(portico.v1.field).from = "write_user"];
    string manager = 3 [(portico.v1.field).from = "call.email"];
    string key = 4; string r = 5; string w = 6; string end = 7; string tag = 8; string inner = 9; string message = 10;
  }
  message Document {
    option (portico.v1.message).join = {
      name: "creator_of_the_document_with_a_long_name" method: "in.Users/BatchGetUsers"
      key: "created_by -> ids = users.key" set: "region = request.topic" on_missing: DROP select: "value"
    };
    option (portico.v1.message).join = {
      name: "updater_of_the_document_with_a_long_name" method: "in.Users/BatchGetUsers"
      key: "updated_by -> ids = users.key" set: "region = request.topic" select: "value"
    };
    option (portico.v1.message).join = {
      name: "watchers" method: "in.Users/BatchGetUsers" key: "watcher_ids -> ids = users.key" select: "value"
      on_error: {code: "UNAVAILABLE" then: EMPTY} on_error: {then: DROP}
    };
    option (portico.v1.message).join = {
      name: "level" method: "in.Stock/BatchGetStockLevelsOfWarehouses"
      key: "warehouse -> keys.warehouse = groups.levels.key.warehouse" key: "sku -> keys.sku = groups.levels.key.sku"
    };
    User creator = 1 [(portico.v1.field).from = "creator_of_the_document_with_a_long_name"];
    User updater = 2 [(portico.v1.field).from = "updater_of_the_document_with_a_long_name"];
    repeated User watchers = 3;
    int32 available = 4 [(portico.v1.field).from = "level.available"];
    Document answered = 5;
    repeated Document replies = 6;
    oneof about { Document quoted = 7; string text = 8; }
    string viewer = 9 [(portico.v1.field).from = "list_documents.email"];
    string topic = 10 [(portico.v1.field).from = "request.topic"];
    string source = 11;
  }
  message User {
    option (portico.v1.message).join = {
      name: "manager" method: "in.Users/GetUser" key: "manager_id -> id" max_keys: 100
    };
    option (portico.v1.message).join = {
      name: "top" method: "in.Users/BatchGetUsers" key: "manager.manager_id -> ids = list.id" timeout: "2s"
    };
    string email = 1;
    string manager_email = 2 [(portico.v1.field).from = "manager.email"];
    string top_email = 3 [(portico.v1.field).from = "top.email"];
    string viewer = 4 [(portico.v1.field).from = "email"];
  }
`;

describe("generated code", () => {
  it("is formatted, and type-checks with no name unused", () => {
    const { files, error } = compile(sourcesOf(internal, publicText));
    expect(error).toBeUndefined();
    const text = files.get("public_gateway.ts")!;
    const formatted = execFileSync(
      join(root, "node_modules/.bin/biome"),
      ["check", "--write", "--stdin-file-path=gen/public_gateway.ts"],
      { cwd: root, input: text, encoding: "utf8" },
    );
    expect(text).toBe(formatted);
    mkdirSync(join(root, "test/out"), { recursive: true });
    const folder = mkdtempSync(join(root, "test/out/types-"));
    try {
      for (const [name, content] of files) writeFileSync(join(folder, name), content);
      const options = {
        noEmit: true,
        composite: false,
        rootDir: root,
        paths: {
          "@portico/runtime/generated": [join(root, "runtime/src/generated.ts")],
          "@portico/runtime": [join(root, "runtime/src/index.ts")],
        },
      };
      const config = {
        extends: join(root, "tsconfig.base.json"),
        compilerOptions: options,
        include: ["*.ts"],
      };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
      expect(typeErrors(folder)).toBe("");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is the same from run to run", () => {
    const sources = sourcesOf(internal, publicText);
    expect([...compile(sources).files]).toEqual([...compile(sources).files]);
  });
});

function typeErrors(folder: string): string {
  try {
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8", cwd: root });
    return "";
  } catch (thrown) {
    return (thrown as { stdout: string }).stdout;
  }
}
