import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const GATEWAY = process.env.GATEWAY ?? "http://127.0.0.1:8080"; // a running stack, for `npm run dev`

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  server: { host: "127.0.0.1", proxy: { "/api": GATEWAY } },
  // The gateway forbids inline styles and scripts: nothing is put into the page itself.
  build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
