/** The page, in a few files beside one another that load nothing else: no script or style stands in the document itself. */
import { join } from 'node:path';
import { defineConfig } from 'vite';

const gateway = process.env['TUTTI_URL'] ?? 'http://127.0.0.1:8484';

export default defineConfig({
  root: import.meta.dirname,
  // Wherever a gateway is mounted.
  base: './',
  resolve: { alias: { 'tutti/client': join(import.meta.dirname, '../src/client/client.ts') } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // For work on the page: `npx vite dashboard` beside `tutti dev`, whose gateway takes requests of its own origin alone.
  server: { proxy: { '/v1': { target: gateway, ws: true, changeOrigin: true, headers: { origin: gateway } } } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
});
