import type { Database } from "../shared/database.js";
import { seedId, seedRows } from "../shared/seed-rows.js";
import { seededUsers } from "../users/seed.js";

const names = ["Bicycle", "Telescope", "Guitar", "Chess set", "Camera", "Tent", "Typewriter"];

/** How many items a user has, by the user's number: every fourth has none. */
function itemsOf(user: number): number {
  return user % 4;
}

export async function seed(database: Database): Promise<void> {
  const owners = Array.from({ length: seededUsers }, (_, index) => index + 1).flatMap((user) =>
    Array.from({ length: itemsOf(user) }, () => seedId("user", user)),
  );
  const rows = owners.map((owner, index) => ({
    id: seedId("item", index + 1),
    owner_id: owner,
    name: names[index % names.length],
    quantity: (index % 3) + 1,
  }));
  await seedRows(database, "items", "id text, owner_id text, name text, quantity int", rows);
}
