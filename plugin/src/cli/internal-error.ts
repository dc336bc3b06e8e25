/** A mistake of ours. Its text is shown to the user, who can do nothing but tell us. */
export function internalError(error: unknown, tool: string): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // The frames tell where, without the folders of the machine.
  const frames = error instanceof Error ? (error.stack?.match(/[\w.-]+\.[jt]s:\d+:\d+/g) ?? []) : [];
  return `internal error in ${tool}: ${what}\nplease report it, with the .proto files that show it (${frames.slice(0, 4).join(", ")})`;
}
