/** The orders' tables. Times have milliseconds, as page tokens do: a finer time would repeat or skip rows. */
export const schema = [
  `create table if not exists orders (
     id             text primary key,
     user_id        text not null,
     product        text not null,
     state          text not null check (state in ('PLACED', 'SHIPPED', 'RETURNED')),
     price_cents    bigint not null check (price_cents >= 0),
     warehouse_note text not null default '',
     placed_at      timestamptz(3) not null default now()
   )`,
  "create index if not exists orders_page on orders (placed_at, id)",
];
