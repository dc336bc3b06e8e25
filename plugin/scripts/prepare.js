// Copies into the package what it ships from the repository: options.proto and the licence.
import { copyFileSync, cpSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

cpSync(path("../../proto"), path("../proto"), { recursive: true });
for (const target of ["../LICENSE", "../../runtime/LICENSE"])
  copyFileSync(path("../../LICENSE"), path(target));
