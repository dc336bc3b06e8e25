import type { Database } from "../shared/database.js";
import { seedId, seedRows } from "../shared/seed-rows.js";
import { seededUsers } from "../users/seed.js";

/** How many orders the example has: enough for a page of 200 and a further one. "order-001", "order-002", … */
export const seededOrders = 240;

const products: ReadonlyArray<readonly [name: string, priceCents: number]> = [
  ["Keyboard", 8900],
  ["Monitor", 24900],
  ["Desk lamp", 3900],
  ["Notebook", 450],
  ["Headphones", 12900],
  ["Chair", 31900],
  ["Webcam", 5900],
];
const states = ["PLACED", "SHIPPED", "SHIPPED", "RETURNED"];

export async function seed(database: Database): Promise<void> {
  const rows = Array.from({ length: seededOrders }, (_, index) => {
    const [product, priceCents] = products[index % products.length]!;
    return {
      id: seedId("order", index + 1),
      // A stride prime to the number of users: neighbours differ, and everybody has orders.
      user_id: seedId("user", ((index * 5) % seededUsers) + 1),
      product,
      state: states[index % states.length],
      price_cents: priceCents,
      warehouse_note: `shelf ${(index % 17) + 1}`,
      // In pairs at the same time: a page may end between the two.
      placed_at: new Date(Date.UTC(2024, 2, 1) + Math.floor(index / 2) * 3_600_000).toISOString(),
    };
  });
  await seedRows(
    database,
    "orders",
    "id text, user_id text, product text, state text, price_cents bigint, warehouse_note text, placed_at timestamptz",
    rows,
  );
}
