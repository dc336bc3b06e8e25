import { createRequire } from "node:module";
import { ConfigurationError } from "../configuration-error.js";

const PACKAGE = "@grpc/grpc-js-xds";
const BOOTSTRAP_VARIABLES = ["GRPC_XDS_BOOTSTRAP", "GRPC_XDS_BOOTSTRAP_CONFIG"];

let registered = false;

/** Whether a target is found by xDS, the discovery of service meshes. */
export function isXds(target: string): boolean {
  return /^xds:/i.test(target);
}

/**
 * Lets grpc-js take targets "xds:///…", by a package that is installed beside this one by whoever wants it. Throws a
 * ConfigurationError if it is not there, or nothing says where the control plane is.
 *
 * @param load finds the package.
 */
export function registerXds(load: (name: string) => unknown = createRequire(import.meta.url)): void {
  if (BOOTSTRAP_VARIABLES.every((name) => !process.env[name])) {
    throw new ConfigurationError([
      `targets "xds:…": ${BOOTSTRAP_VARIABLES[0]} has to name the bootstrap file of xDS`,
    ]);
  }
  if (registered) return;
  try {
    (load(PACKAGE) as { register(): void }).register();
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const why = code === "MODULE_NOT_FOUND" ? "it is not installed" : message;
    throw new ConfigurationError([`targets "xds:…" need the package ${PACKAGE}: ${why}`]);
  }
  registered = true;
}
