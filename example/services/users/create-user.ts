import { randomUUID } from "node:crypto";
import type { CreateUserRequest } from "../../../gen/smpl/users/v1/users_pb.js";
import type { Database } from "../shared/database.js";
import { alreadyExists, invalidArgument } from "../shared/rpc-error.js";
import { requireText } from "../shared/validate.js";
import { hashPassword } from "./password.js";
import { type UserRow, userColumns } from "./user-row.js";

const minPasswordLength = 8;

/** INVALID_ARGUMENT for bad fields, ALREADY_EXISTS for an e-mail that somebody has, in any case. */
export async function createUser(database: Database, request: CreateUserRequest): Promise<UserRow> {
  const email = requireText("email", request.email, 254);
  // Whether an address exists, only a mail to it can tell; this catches other things put in the field.
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw invalidArgument("email is not an e-mail address");
  const displayName = requireText("display_name", request.displayName, 200);
  const birthdayDate = optionalDate("birthday_date", request.birthdayDate);
  const password = requireText("password", request.password, 1000);
  if (password.length < minPasswordLength) {
    throw invalidArgument(`password is shorter than ${minPasswordLength} characters`);
  }
  // The index decides, not a query before it: two requests at once cannot both find the e-mail free.
  const [row] = await database.query<UserRow>(
    `insert into users (id, email, display_name, birthday_date, password_hash)
     values ($1, $2, $3, $4, $5)
     on conflict ((lower(email))) do nothing
     returning ${userColumns}`,
    [randomUUID(), email, displayName, birthdayDate, await hashPassword(password)],
  );
  if (row === undefined) throw alreadyExists("a user with this email exists");
  return row;
}

/** A date as "1990-12-31", or null where the field is empty. */
function optionalDate(field: string, value: string): string | null {
  if (value === "") return null;
  const time = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN;
  // The 30th of February is parsed as the 1st of March; PostgreSQL has no year 0.
  const real = !Number.isNaN(time) && new Date(time).toISOString().startsWith(value) && value >= "0001";
  if (!real) throw invalidArgument(`${field} is not a date like 1990-12-31`);
  return value;
}
