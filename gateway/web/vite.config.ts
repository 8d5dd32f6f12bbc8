import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Texts smaller than this are not worth a second file. */
const COMPRESSED_FROM_BYTES = 256;

/**
 * Puts each text of the build beside itself as `.br` and `.gz`, so that the program compresses nothing. It reads
 * what was written: earlier, names of other files are not in the code yet.
 */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir = "" }, bundle) {
      for (const name of Object.keys(bundle)) {
        const file = join(dir, name);
        const source = readFileSync(file);
        if (!/\.(js|css|html|svg|json)$/.test(name) || source.length < COMPRESSED_FROM_BYTES) continue;
        const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(`${file}.br`, brotliCompressSync(source, { params }));
        writeFileSync(`${file}.gz`, gzipSync(source, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  // Wherever a proxy puts the console, its files are beside its page.
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // Nothing inline: the policy of the page allows files of ours alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 320,
    rollupOptions: { input: { index: "index.html", workspace: "workspace.html" } },
  },
  plugins: [compressed()],
});
