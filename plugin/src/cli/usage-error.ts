/** What the user has to mend before a command can do its work: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
