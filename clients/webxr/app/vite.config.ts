// Builds the app into the server's package, where it is served from; `npm run dev` serves it with a server on port 8080.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const SMALLEST_BYTES = 1024; // less gains nothing
const BROTLI_QUALITY = 9; // within 5 % of the best, which takes twenty times as long
const TEXTS = /\.(css|html|js|json|svg|webmanifest)$/;

/**
 * Writes a `.br` and a `.gz` beside every text of the build: the server sends what a browser accepts as it is. Reads what
 * was written, since other plugins still change it while the bundle is generated.
 */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir = "" }, bundle) {
      for (const fileName of Object.keys(bundle)) {
        if (!TEXTS.test(fileName)) continue;
        const path = join(dir, fileName);
        const source = readFileSync(path);
        if (source.length < SMALLEST_BYTES) continue;
        const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } };
        writeFileSync(`${path}.br`, brotliCompressSync(source, brotli));
        writeFileSync(`${path}.gz`, gzipSync(source, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  logLevel: "warn",
  plugins: [compressed()],
  resolve: { conditions: ["source", "module", "browser", "development|production"] },
  build: {
    outDir: "../../../presence/web",
    emptyOutDir: true,
    // Three.js is one chunk, and is asked for only when there is something to draw.
    chunkSizeWarningLimit: 900,
    target: "es2023",
    rolldownOptions: {
      input: { index: "index.html", world: "world.html" },
      checks: { bundlerTimings: false }, // on a busy machine everything is slow, and that is no news
    },
  },
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8080", ws: true } } },
});
