import { walk as metered } from "../cel/budget.js";
import type { InnerJoins, Replies, Rows } from "./join.js";
import type { JoinCaller } from "./join-caller.js";

/** A walk over found rows, which gathers the keys of joins inside them. */
interface Walk {
  readonly rows: Rows;
  readonly group: InnerJoins;
}

/**
 * Fetches joins, and those inside the rows that they find, at any depth: each as soon as everything is there that its
 * keys are read from. Joins that share their replies are fetched together, once all that give them keys are there,
 * whichever rows they stand in. The generator lets only those share of which none waits for another.
 */
export async function fetchNested(
  call: JoinCaller,
  joins: readonly Rows[],
  fetch: (call: JoinCaller, siblings: readonly Rows[]) => Promise<void>,
): Promise<void> {
  const siblings = new Map<Replies, Rows[]>();
  const walks = new Map<Replies, Set<Walk>>();
  const note = (rows: Rows): void => {
    const { replies } = rows;
    const before = siblings.get(replies);
    if (before === undefined) siblings.set(replies, [rows]);
    else before.push(rows);
    for (const group of rows.innerJoins) {
      const walk = { rows, group };
      for (const join of group.joins) {
        const all = walks.get(join.replies) ?? new Set();
        walks.set(join.replies, all.add(walk));
        note(join);
      }
    }
  };
  for (const rows of joins) note(rows);

  const fetched = new Map<Replies, Promise<void>>();
  const walked = new Map<Walk, Promise<void>>();
  const fetchOnce = (replies: Replies): Promise<void> => {
    let done = fetched.get(replies);
    if (done === undefined) {
      done = call.run(async () => {
        const before = walks.get(replies);
        if (before !== undefined) await Promise.all([...before].map(walkOnce));
        await fetch(call, siblings.get(replies)!);
      });
      fetched.set(replies, done);
    }
    return done;
  };
  const walkOnce = (walk: Walk): Promise<void> => {
    let done = walked.get(walk);
    if (done === undefined) {
      done = walkNow(walk);
      walked.set(walk, done);
    }
    return done;
  };
  const walkNow = async ({ rows, group }: Walk): Promise<void> => {
    await Promise.all([rows, ...group.after].map(({ replies }) => fetchOnce(replies)));
    metered(() => rows.gather(group));
  };
  await Promise.all([...siblings.keys()].map(fetchOnce));
}
