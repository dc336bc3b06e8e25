/** The items' tables. */
export const schema = [
  `create table if not exists items (
     id       text primary key,
     owner_id text not null,
     name     text not null,
     quantity int not null check (quantity > 0)
   )`,
  "create index if not exists items_owner on items (owner_id)",
];
