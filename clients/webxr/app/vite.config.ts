// Builds the app into the server's package, where it is served from; `npm run dev` serves it with a server on port 8080.
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const SMALLEST_BYTES = 1024; // less gains nothing
const BROTLI_QUALITY = 9; // within 5 % of the best, which takes twenty times as long
const TEXTS = /\.(css|html|js|json|svg|webmanifest)$/;

/** Writes a `.br` and a `.gz` beside every text of the build: the server sends what a browser accepts as it is. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      for (const [fileName, output] of Object.entries(bundle)) {
        const source = Buffer.from(output.type === "chunk" ? output.code : output.source);
        if (!TEXTS.test(fileName) || source.length < SMALLEST_BYTES) continue;
        const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } };
        this.emitFile({ type: "asset", fileName: `${fileName}.br`, source: brotliCompressSync(source, brotli) });
        this.emitFile({ type: "asset", fileName: `${fileName}.gz`, source: gzipSync(source, { level: 9 }) });
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
    rolldownOptions: { input: { index: "index.html", world: "world.html" } },
  },
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8080", ws: true } } },
});
