import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const service = process.env.LCI_URL ?? "http://127.0.0.1:3000";

export default defineConfig(({ command, mode }) => ({
  plugins: [svelte()],
  // lci serves the page at every address and the files below /assets/ (lci_app/api/dashboard.py).
  base: command === "build" ? "/assets/" : "/",
  build: {
    outDir: process.env.LCI_WEB_OUT ?? "../lci_app/static/app",
    emptyOutDir: true,
    assetsDir: "",
    assetsInlineLimit: 0,
    target: ["chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": service, "/ws": { target: service, ws: true }, "/docs": service, "/static": service } },
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  test: { include: ["src/**/*.test.ts"], pool: "threads" },
}));
