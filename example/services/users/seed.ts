import type { Database } from "../shared/database.js";
import { seedId, seedRows } from "../shared/seed-rows.js";

const people: ReadonlyArray<readonly [name: string, birthdayDate: string]> = [
  ["Ada Lovelace", "1815-12-10"],
  ["Alan Turing", "1912-06-23"],
  ["Barbara Liskov", "1939-11-07"],
  ["Donald Knuth", "1938-01-10"],
  ["Edsger Dijkstra", "1930-05-11"],
  ["Frances Allen", "1932-08-04"],
  ["Grace Hopper", "1906-12-09"],
  ["John McCarthy", "1927-09-04"],
  ["Katherine Johnson", "1918-08-26"],
  ["Margaret Hamilton", "1936-08-17"],
  ["Radia Perlman", "1951-12-18"],
  ["Tony Hoare", "1934-01-11"],
];

/** How many users the example has: "user-001", "user-002", … */
export const seededUsers = people.length;

/** "ada.lovelace@example.com" */
function emailOf(name: string): string {
  return `${name.toLowerCase().replace(" ", ".")}@example.com`;
}

export async function seed(database: Database): Promise<void> {
  await seedRows(
    database,
    "users",
    "id text, email text, display_name text, birthday_date date, password_hash text, created_at timestamptz",
    people.map(([name, birthdayDate], index) => ({
      id: seedId("user", index + 1),
      email: emailOf(name),
      display_name: name,
      birthday_date: birthdayDate,
      // Not a hash of anything: nobody can log in as a seeded user.
      password_hash: "seeded-without-password",
      created_at: new Date(Date.UTC(2024, 0, 1 + index, 9)).toISOString(),
    })),
  );
}
