import { script } from "./lib/paths.js";
import type { ProcessSpec } from "./lib/process.js";

/** The gateway that the bars are for. */
export const SUBJECT = "portico";

/**
 * The gateways that are measured, in the order of the table: ours first, then its peers. A peer is any program that
 * speaks lib/control.ts's protocol, so it may be written in any language.
 */
export function gatewaySpecs(nodeFlags: readonly string[]): readonly ProcessSpec[] {
  const node = (name: string, path: string): ProcessSpec => ({
    name,
    command: process.execPath,
    args: [...nodeFlags, script(path)],
  });
  return [node(SUBJECT, "gateways/portico.js"), node("grpc-js", "peers/grpc-js/main.js")];
}
