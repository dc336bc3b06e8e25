import type { Database } from "./database.js";

/**
 * Adds rows to a table in one statement, leaving those that are there as they are. `columns` declares them as in
 * `create table`: "id text, quantity int". Both texts are the services' own constants, never input.
 */
export async function seedRows(
  database: Database,
  table: string,
  columns: string,
  rows: ReadonlyArray<Readonly<Record<string, unknown>>>,
): Promise<void> {
  const names = columns.split(", ").map((column) => column.slice(0, column.indexOf(" ")));
  await database.query(
    `insert into ${table} (${names.join(", ")})
     select * from jsonb_to_recordset($1::jsonb) as rows (${columns})
     on conflict do nothing`,
    [JSON.stringify(rows)],
  );
}

/** "order-007" for 7: seeded ids have one width, so that they sort by number. */
export function seedId(kind: string, number: number): string {
  return `${kind}-${String(number).padStart(3, "0")}`;
}
