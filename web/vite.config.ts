// Builds the dashboard into dist/, with a .br and a .gz beside each asset, as the server serves them;
// `npm run dev` passes API calls on to a Postrider on POSTRIDER_ADMIN (default http://127.0.0.1:7800).
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Below this many bytes a compressed twin saves no packet. */
const TWIN_BYTES_MIN = 600;

function compressedTwins(): Plugin {
  return {
    name: "compressed-twins",
    apply: "build",
    writeBundle(options) {
      const folder = options.dir ?? "dist";
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        // index.html gets a fresh nonce with each answer, so it cannot be compressed ahead.
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const bytes = readFileSync(join(folder, name));
        if (bytes.length < TWIN_BYTES_MIN) continue;
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params: quality }));
        writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compressedTwins()],
  build: {
    target: "es2022",
    // The first browsers that know light-dark(), so that it is not rewritten.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // Nothing is inlined as data: URLs, so that the policy can stay narrow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    // The guide to SDKs is read from docs/.
    fs: { allow: [".."] },
    proxy: { "/api": process.env.POSTRIDER_ADMIN ?? "http://127.0.0.1:7800" },
  },
  test: {
    // What draws nothing needs no document, whose making takes longer than its tests.
    projects: [
      { extends: true, test: { name: "pure", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "drawn", environment: "jsdom", include: ["src/**/*.test.tsx"] },
      },
    ],
  },
});
