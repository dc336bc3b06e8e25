import { expect, test } from "vitest";
import { describeChange, exposureChanges } from "./exposure-changes.js";
import type { Exposed } from "./exposure-list.js";

const email = (name: string, audience: string, resolver?: string): Exposed => ({
  internal: "in.User.email",
  public: `api.${name}`,
  through: "in.Users/Get",
  ...(resolver !== undefined && { resolver }),
  for: [audience],
});

const told = (before: readonly Exposed[], now: readonly Exposed[]) =>
  exposureChanges({ readable: before, writable: [] }, { readable: now, writable: [] })
    .map(describeChange)
    .join("")
    .split("\n")[0];

// A function that may call the method may let all of the answer out.
const maybe = email("User.hello", "public", "hello");

test("a field is shown to more, though a function that may let it out runs for all", () => {
  expect(told([email("User.email", "role:staff"), maybe], [email("User.email", "public"), maybe])).toBe(
    "public to more: in.User.email, now also to everybody; before: role staff",
  );
});

test("a field that only a function had is shown itself", () => {
  expect(told([maybe], [email("User.email", "public"), maybe])).toBe(
    "public to more: in.User.email, now also to everybody; before: only by what resolvers get",
  );
});

test("a field is shown to more, though another one shows the same to all", () => {
  const other = email("Card.email", "public");
  expect(told([email("User.email", "role:staff"), other], [email("User.email", "public"), other])).toBe(
    "public to more: in.User.email, now also to everybody; before: role staff",
  );
});

test("a field is shown to fewer, though a function that may let it out runs for all", () => {
  expect(told([email("User.email", "public"), maybe], [email("User.email", "role:staff"), maybe])).toBe(
    "public to fewer as one of several: in.User.email, there no longer to everybody",
  );
});

test("what a function may let out is for fewer, though a field shows the same to all", () => {
  const shown = email("User.email", "public");
  expect(told([shown, maybe], [shown, email("User.hello", "role:staff", "hello")])).toBe(
    "public to fewer as one of several: in.User.email, there no longer to everybody",
  );
});

test("a field has another name, and is shown to the same people", () => {
  expect(told([email("User.email", "public"), maybe], [email("User.mail", "public"), maybe])).toBe(
    "public another way: in.User.email",
  );
});
