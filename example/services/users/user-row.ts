import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { UserSchema } from "../../../gen/smpl/users/v1/users_pb.js";

/** One row of `users`, as `select ${userColumns}` returns it. */
export interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly display_name: string;
  readonly birthday_date: string | null;
  readonly password_hash: string;
  readonly created_at: Date;
}

// The date as text: a date has no time zone, and a Date in JavaScript would give it one.
export const userColumns = `id, email, display_name, birthday_date::text as birthday_date, password_hash, created_at`;

export function userOf(row: UserRow): MessageInitShape<typeof UserSchema> {
  return {
    id: row.id,
    email: row.email,
    displayName: row.display_name,
    birthdayDate: row.birthday_date ?? "",
    passwordHash: row.password_hash,
    createdAt: timestampFromDate(row.created_at),
  };
}
