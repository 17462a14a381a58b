// Builds the app into the server's package, where it is served from; `npm run dev` serves it with a server on port 8080.
import { defineConfig } from "vite";

export default defineConfig({
  logLevel: "warn",
  resolve: { conditions: ["source", "module", "browser", "development|production"] },
  build: {
    outDir: "../../../presence/web",
    emptyOutDir: true,
    // Three.js is one chunk, and is asked for only when there is something to draw.
    chunkSizeWarningLimit: 900,
    target: "es2023",
    rolldownOptions: { input: { index: "index.html", world: "world.html" } },
  },
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8080", ws: true } } },
});
