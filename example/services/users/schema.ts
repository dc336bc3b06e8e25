/** The users' tables. Times have milliseconds, as page tokens do: a finer time would repeat or skip rows. */
export const schema = [
  `create table if not exists users (
     id            text primary key,
     email         text not null,
     display_name  text not null,
     birthday_date date,
     password_hash text not null,
     created_at    timestamptz(3) not null default now()
   )`,
  "create unique index if not exists users_email on users (lower(email))",
  "create index if not exists users_page on users (created_at, id)",
];
