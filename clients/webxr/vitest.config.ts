import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: { include: ["sdk/test/**/*.test.ts", "app/test/**/*.test.{ts,tsx}"], passWithNoTests: true },
});
