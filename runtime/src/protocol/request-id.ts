import { randomBytes } from "node:crypto";

/**
 * Makes the ids of requests: unique in this process by a counter, across processes by a random prefix. A client's own
 * id is never taken over, since it would let anyone write into logs and confuse requests.
 */
export function requestIds(): () => string {
  const prefix = `${randomBytes(5).toString("hex")}-`;
  let count = 0;
  return () => prefix + (++count).toString(36);
}
