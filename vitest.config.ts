import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (p: string) => fileURLToPath(new URL(p, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run on the sources; what is packed and installed is tested by test/pack.
    alias: {
      "@portico/runtime/generated": path("runtime/src/generated.ts"),
      "@portico/runtime": path("runtime/src/index.ts"),
    },
  },
  test: {
    include: ["plugin/src/**/*.test.ts", "runtime/src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // `.ci/run` counts the tests by this report.
    ...(process.env.VITEST_JSON
      ? { reporters: ["default", ["json", { outputFile: process.env.VITEST_JSON }]] }
      : {}),
  },
});
