/** Something that sends what it has gathered. */
export interface Flushable {
  flush(): void;
}

let waiting: Flushable[] = [];
let spare: Flushable[] = [];

/**
 * Lets `flushable` be flushed when the sockets that have something to read now have been read, and all that follows from
 * it has been done: what a hundred requests of a tick are answered with leaves in one write for each connection. One
 * immediate for all of them, and none when nothing is to be sent.
 */
export function flushSoon(flushable: Flushable): void {
  if (waiting.length === 0) setImmediate(flushAll);
  waiting.push(flushable);
}

function flushAll(): void {
  const due = waiting;
  waiting = spare;
  for (const flushable of due) flushable.flush();
  due.length = 0;
  spare = due;
}
