import { ItemsService } from "../../../gen/smpl/items/v1/items_pb.js";
import type { Database } from "../shared/database.js";
import type { Implementation } from "../shared/grpc.js";
import { type RunningService, type ServiceOptions, startService } from "../shared/start-service.js";
import { requireIds } from "../shared/validate.js";
import { schema } from "./schema.js";
import { seed } from "./seed.js";

/** Starts `smpl.items.v1.ItemsService`. */
export function startItemsService(options: ServiceOptions = {}): Promise<RunningService> {
  return startService({ service: ItemsService, schema, seed, implement }, options);
}

interface ItemRow {
  readonly id: string;
  readonly owner_id: string;
  readonly name: string;
  readonly quantity: number;
}

function implement(database: Database): Implementation<typeof ItemsService> {
  return {
    batchListItemsByOwner: async (request) => {
      const rows = await database.query<ItemRow>(
        // By a hash: the items of an owner do not even stand together.
        "select id, owner_id, name, quantity from items where owner_id = any($1::text[]) order by md5(id)",
        [requireIds("owner_ids", request.ownerIds)],
      );
      return {
        items: rows.map(({ id, owner_id, name, quantity }) => ({ id, ownerId: owner_id, name, quantity })),
      };
    },
  };
}
