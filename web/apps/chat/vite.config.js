import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

import { mockApi } from "./dev/mock.js";

const JS_BUDGET_BYTES = 90_000; // what a phone on a slow network should have to load

/** Prints the gzipped size of all JavaScript of the build and fails when it is over the budget. */
function jsBudget() {
  return {
    name: "js-budget",
    apply: "build",
    writeBundle({ dir }) {
      const scripts = readdirSync(join(dir, "assets")).filter((name) => name.endsWith(".js"));
      const sizes = scripts.map((name) => gzipSync(readFileSync(join(dir, "assets", name))).length);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      if (total > JS_BUDGET_BYTES) throw new Error(`JavaScript is ${total} bytes gzipped, over ${JS_BUDGET_BYTES}`);
      console.log(`JavaScript, gzipped: ${(total / 1000).toFixed(1)} kB of ${JS_BUDGET_BYTES / 1000} kB`);
    },
  };
}

export default defineConfig(({ mode }) => ({
  base: "/",
  plugins: [react(), jsBudget(), mode === "mock" ? mockApi() : null],
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
  // The polyfill is only for browsers that the build target leaves out.
  build: { modulePreload: { polyfill: false } },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
}));
