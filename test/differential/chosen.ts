import type { Sources } from "../support/compile.js";

/** Rows with joins that are chosen in all ways that there are: by `this`, by other joins, by what expressions put together. */
export const chosen: Sources = {
  "chosen/in.proto": `
    syntax = "proto3";
    package chosen.internal;
    service Docs { rpc Get(Empty) returns (Reply); }
    message Empty {}
    message Doc {
      string id = 1; string owner_id = 2; string team_id = 3; repeated Note notes = 4; Note pinned = 5; int32 level = 6;
      oneof shape { string round = 7; Note square = 8; int32 flat = 9; }
    }
    message Note { string user_id = 1; string text = 2; int32 rank = 3; repeated string others = 4; }
    message Reply { repeated Doc docs = 1; int32 least = 2; }
    service Users { rpc BatchGetUsers(BatchGet) returns (Users_); }
    message BatchGet { repeated string ids = 1; }
    message User { string id = 1; string email = 2; int32 level = 3; string team_id = 4; repeated Note notes = 5; Note best = 6; }
    message Users_ { repeated User users = 1; }
    service Teams { rpc BatchGetTeams(BatchGet) returns (Teams_); }
    message Team { string id = 1; string name = 2; repeated Note notes = 3; int32 least = 4; Note motto = 5; }
    message Teams_ { repeated Team teams = 1; }
  `,
  "chosen/api.proto": `
    syntax = "proto3";
    package chosen.api;
    import "portico/v1/options.proto";
    service Api {
      option (portico.v1.service) = { from: "chosen.internal.Docs" allow: {authenticated: true} };
      rpc Get(GetRequest) returns (Reply);
    }
    message GetRequest {}
    message User {
      option (portico.v1.message).load = { method: "chosen.internal.Users/BatchGetUsers" key: "ids = users.id" };
      string id = 1;
      string email = 2;
    }
    message Note {
      option (portico.v1.message).source = "chosen.internal.Note";
      string text = 1;
      User user = 2 [(portico.v1.field).key = "user_id"];
      repeated User others = 3 [(portico.v1.field).key = "others"];
    }
    message Near {
      option (portico.v1.message) = {
        source: "chosen.internal.Note"
        join: { name: "team" method: "chosen.internal.Teams/BatchGetTeams" key: "parent.team_id -> ids = teams.id" }
      };
      string text = 1;
      optional string team = 2 [(portico.v1.field).from = "team.name"];
    }
    message Owner {
      option (portico.v1.message).join = {
        name: "group" method: "chosen.internal.Teams/BatchGetTeams" key: "team_id -> ids = teams.id" on_missing: DROP
      };
      string id = 1;
      optional string group = 2 [(portico.v1.field).from = "group.name"];
      repeated Near near = 3 [(portico.v1.field).from = "notes"];
    }
    message Reply { repeated Doc docs = 1; repeated ByThis by_this = 2 [(portico.v1.field).from = "docs"]; repeated Whole wholes = 3 [(portico.v1.field).from = "docs"]; }
    message Doc {
      option (portico.v1.message) = {
        join: { name: "owner" method: "chosen.internal.Users/BatchGetUsers" key: "owner_id -> ids = users.id" }
        join: { name: "team" method: "chosen.internal.Teams/BatchGetTeams" key: "team_id -> ids = teams.id" }
        join: { name: "members" method: "chosen.internal.Users/BatchGetUsers" key: "notes.map(n, n.user_id) -> ids = users.id" }
      };
      string id = 1;
      repeated Note notes = 2 [(portico.v1.field).from = "owner.notes.filter(n, n.rank > team.least)"];
      repeated Owner members = 3 [(portico.v1.field).from = "members.filter(m, m.level >= team.least)"];
      Note best = 4 [(portico.v1.field).from = "owner.best", (portico.v1.field).when = "team.least > 0"];
      repeated Note motto = 5 [(portico.v1.field).from = "[team.motto, owner.best, pinned]"];
      repeated Near near = 6 [(portico.v1.field).from = "notes.sort_by(n, n.rank).take(3)"];
      Owner owner = 7;
    }
    message ByThis {
      option (portico.v1.message).join = {
        name: "owner" method: "chosen.internal.Users/BatchGetUsers" key: "owner_id -> ids = users.id"
      };
      optional string email = 1 [(portico.v1.field).from = "owner.email"];
      string title = 2 [(portico.v1.field).from = "id + '!' + string(level)"];
      bool is_high = 3 [(portico.v1.field).from = "level > 3 && has(this.email)"];
      repeated Note notes = 4 [(portico.v1.field).from = "notes.filter(n, this.is_high || n.rank > size(this.title))"];
      oneof shape {
        string round = 5 [(portico.v1.field).from = "round.size() > size(this.title) ? dyn(round) : dyn(null)"];
        Note square = 6 [(portico.v1.field).when = "this.is_high"];
        Note pinned = 7;
        string otherwise = 8 [(portico.v1.field).from = "this.title + this.last"];
      }
      string last = 9 [(portico.v1.field).from = "id"];
      repeated Near near = 10 [(portico.v1.field).from = "owner.notes", (portico.v1.field).when = "this.is_high"];
    }
    message Whole {
      option (portico.v1.message).join = {
        name: "team" method: "chosen.internal.Teams/BatchGetTeams" key: "team_id -> ids = teams.id"
      };
      repeated Note notes = 1 [(portico.v1.field).from = "notes + team.notes.filter(n, n.rank > 0) + notes"];
      Note best = 2 [(portico.v1.field).from = "size(notes) > 1 ? notes[1] : pinned"];
      repeated Near near = 3 [(portico.v1.field).from = "notes.filter(n, parent.least > n.rank) + [pinned]"];
    }
  `,
};
