/** The page, in a few files beside one another that load nothing else: no script or style stands in the document itself. */
import { join } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Wherever a gateway is mounted.
  base: './',
  resolve: { alias: { 'tutti/client': join(import.meta.dirname, '../src/client/client.ts') } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
});
