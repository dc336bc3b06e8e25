import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repoDir } from "../lib/paths.js";

const METHODS_PER_FILE = 25;

/**
 * Writes a buf workspace of `methods` annotated public methods, each with a call, a join, and messages of its own:
 * 25 in a file, each public file over internal services of its own. Answers with the names of the methods.
 */
export function writeSyntheticWorkspace(dir: string, methods: number): string[] {
  const names: string[] = [];
  write(dir, "buf.yaml", "version: v2\nmodules:\n  - path: proto\n  - path: internal\n  - path: public\n");
  cpSync(join(repoDir, "proto/portico"), join(dir, "proto/portico"), { recursive: true });
  for (let file = 0; file * METHODS_PER_FILE < methods; file++) {
    const domain = `d${String(file).padStart(3, "0")}`;
    const count = Math.min(METHODS_PER_FILE, methods - file * METHODS_PER_FILE);
    const kinds = Array.from({ length: count }, (_, i) => `Thing${i}Of${domain.toUpperCase()}`);
    write(dir, `internal/synth/${domain}/v1/things.proto`, internalFile(domain, kinds));
    write(dir, `public/synth/api/${domain}/v1/things.proto`, publicFile(domain, kinds));
    names.push(...kinds.map((kind) => `List${kind}`));
  }
  return names;
}

function write(dir: string, path: string, text: string): void {
  const file = join(dir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const rpc = (kind: string) => `  rpc List${kind}(List${kind}Request) returns (List${kind}Response);`;

const paging = (kind: string) => `
message List${kind}Request {
  int32 page_size = 1;
  string page_token = 2;
}

message List${kind}Response {
  repeated ${kind} things = 1;
  string next_page_token = 2;
}
`;

const STATE = `
enum State {
  STATE_UNSPECIFIED = 0;
  STATE_OPEN = 1;
  STATE_DONE = 2;
}
`;

function internalFile(domain: string, kinds: readonly string[]): string {
  return `syntax = "proto3";

package synth.${domain}.v1;

import "google/protobuf/timestamp.proto";

service ThingsService {
${kinds.map(rpc).join("\n")}
}

service OwnersService {
  rpc BatchGetOwners(BatchGetOwnersRequest) returns (BatchGetOwnersResponse);
}

message Owner {
  string id = 1;
  string email = 2;
  string name = 3;
}

message BatchGetOwnersRequest {
  repeated string ids = 1;
}

message BatchGetOwnersResponse {
  repeated Owner owners = 1;
}
${STATE}${kinds.map((kind) => `${internalThing(kind)}${paging(kind)}`).join("")}`;
}

const internalThing = (kind: string) => `
message ${kind} {
  string id = 1;
  string owner_id = 2;
  string name = 3;
  State state = 4;
  int64 price_cents = 5;
  string note = 6;
  google.protobuf.Timestamp created_at = 7;
  repeated string tags = 8;
}
`;

function publicFile(domain: string, kinds: readonly string[]): string {
  return `syntax = "proto3";

package synth.api.${domain}.v1;

import "google/protobuf/timestamp.proto";
import "portico/v1/options.proto";

service ThingsService {
  option (portico.v1.service) = {
    from: "synth.${domain}.v1.ThingsService"
    allow: {role: "viewer"}
  };

${kinds.map(publicRpc).join("\n")}
}
${STATE}${kinds.map((kind) => `${publicThing(domain, kind)}${paging(kind)}`).join("")}`;
}

const publicRpc = (kind: string) => `  rpc List${kind}(List${kind}Request) returns (List${kind}Response) {
    option (portico.v1.method).call = {method: "List${kind}"};
  }`;

const publicThing = (domain: string, kind: string) => `
message ${kind} {
  option (portico.v1.message).join = {
    name: "owner"
    method: "synth.${domain}.v1.OwnersService/BatchGetOwners"
    key: "owner_id -> ids = owners.id"
  };

  string id = 1;
  string title = 2 [(portico.v1.field).from = "name"];
  State state = 3;
  int64 price_cents = 4;
  google.protobuf.Timestamp created_at = 5;
  repeated string tags = 6;
  string owner_email = 7 [(portico.v1.field).from = "owner.email"];
  string owner_name = 8 [(portico.v1.field).from = "owner.name"];
}
`;
