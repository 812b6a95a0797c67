/**
 * The tests that `npm test` runs. Two kinds: `unit` lies beside the code it tests; `process` lies in `test/` and starts threads
 * and processes. `test/pack` is apart (`npm run test:pack`), because it installs packages.
 */
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from './tools/closing-line.ts';

export default defineConfig({
  // Not in node_modules, whose files the main job counts.
  cacheDir: '.vitest',
  test: {
    reporters: ['default', closingLineReporter],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{src,tools,examples}/**/*.test.ts', 'bench/*.test.ts', 'bench/src/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          include: ['test/**/*.test.ts'],
          exclude: ['test/pack/**', '**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
