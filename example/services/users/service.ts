import { UsersService } from "../../../gen/smpl/users/v1/users_pb.js";
import type { Database } from "../shared/database.js";
import type { Implementation } from "../shared/grpc.js";
import { cursorOf, pageOf, pageSizeOf } from "../shared/page.js";
import { notFound } from "../shared/rpc-error.js";
import { type RunningService, type ServiceOptions, startService } from "../shared/start-service.js";
import { requireIds, requireText } from "../shared/validate.js";
import { createUser } from "./create-user.js";
import { schema } from "./schema.js";
import { seed } from "./seed.js";
import { type UserRow, userColumns, userOf } from "./user-row.js";

/** Starts `smpl.users.v1.UsersService`. */
export function startUsersService(options: ServiceOptions = {}): Promise<RunningService> {
  return startService({ service: UsersService, schema, seed, implement }, options);
}

function implement(database: Database): Implementation<typeof UsersService> {
  return {
    createUser: async (request) => userOf(await createUser(database, request)),

    getUser: async (request) => {
      const id = requireText("id", request.id, 100);
      const [row] = await database.query<UserRow>(`select ${userColumns} from users where id = $1`, [id]);
      if (row === undefined) throw notFound("no such user");
      return userOf(row);
    },

    // In the order of creation.
    listUsers: async (request) => {
      const pageSize = pageSizeOf(request.pageSize);
      const after = cursorOf("users", request.pageToken, { time: "-infinity", id: "" });
      const rows = await database.query<UserRow>(
        `select ${userColumns} from users
         where (created_at, id) > ($1::timestamptz, $2)
         order by created_at, id
         limit $3`,
        [after.time, after.id, pageSize + 1],
      );
      const page = pageOf("users", rows, pageSize, (row) => row.created_at);
      return { users: page.rows.map(userOf), nextPageToken: page.nextPageToken };
    },

    batchGetUsers: async (request) => {
      const rows = await database.query<UserRow>(
        // By a hash: a caller that relied on the order of the ids would be wrong, and here it shows.
        `select ${userColumns} from users where id = any($1::text[]) order by md5(id)`,
        [requireIds("ids", request.ids)],
      );
      return { users: rows.map(userOf) };
    },
  };
}
