import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type OrderSchema, OrderState } from "../../../gen/smpl/orders/v1/orders_pb.js";

/** One row of `orders`, as `select ${orderColumns}` returns it. */
export interface OrderRow {
  readonly id: string;
  readonly user_id: string;
  readonly product: string;
  readonly state: "PLACED" | "SHIPPED" | "RETURNED";
  readonly price_cents: string;
  readonly warehouse_note: string;
  readonly placed_at: Date;
}

// The price as text: the drivers differ in what they make of a bigint.
export const orderColumns = `id, user_id, product, state, price_cents::text as price_cents, warehouse_note, placed_at`;

export function orderOf(row: OrderRow): MessageInitShape<typeof OrderSchema> {
  return {
    id: row.id,
    userId: row.user_id,
    product: row.product,
    state: OrderState[row.state],
    priceCents: BigInt(row.price_cents),
    warehouseNote: row.warehouse_note,
    placedAt: timestampFromDate(row.placed_at),
  };
}
