/**
 * A mistake in how a gateway or one of its parts was set up. Thrown when the part is created, never while it serves;
 * the message is for the person who starts the gateway and lists every problem found.
 */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";

  constructor(readonly problems: readonly string[]) {
    super(problems.length === 1 ? problems[0] : problems.map((problem) => `\n  - ${problem}`).join(""));
  }
}
