import { OrdersService } from "../../../gen/smpl/orders/v1/orders_pb.js";
import type { Database } from "../shared/database.js";
import type { Implementation } from "../shared/grpc.js";
import { cursorOf, pageOf, pageSizeOf } from "../shared/page.js";
import { notFound } from "../shared/rpc-error.js";
import { type RunningService, type ServiceOptions, startService } from "../shared/start-service.js";
import { requireText } from "../shared/validate.js";
import { type OrderRow, orderColumns, orderOf } from "./order-row.js";
import { schema } from "./schema.js";
import { seed } from "./seed.js";

/** Starts `smpl.orders.v1.OrdersService`. */
export function startOrdersService(options: ServiceOptions = {}): Promise<RunningService> {
  return startService({ service: OrdersService, schema, seed, implement }, options);
}

function implement(database: Database): Implementation<typeof OrdersService> {
  return {
    getOrder: async (request) => {
      const id = requireText("id", request.id, 100);
      const [row] = await database.query<OrderRow>(`select ${orderColumns} from orders where id = $1`, [id]);
      if (row === undefined) throw notFound("no such order");
      return orderOf(row);
    },

    // The newest first.
    listOrders: async (request) => {
      const pageSize = pageSizeOf(request.pageSize);
      const before = cursorOf("orders", request.pageToken, { time: "infinity", id: "" });
      const rows = await database.query<OrderRow>(
        `select ${orderColumns} from orders
         where (placed_at, id) < ($1::timestamptz, $2)
         order by placed_at desc, id desc
         limit $3`,
        [before.time, before.id, pageSize + 1],
      );
      const page = pageOf("orders", rows, pageSize, (row) => row.placed_at);
      return { orders: page.rows.map(orderOf), nextPageToken: page.nextPageToken };
    },
  };
}
