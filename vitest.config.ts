/**
 * The tests that `npm test` runs. Two kinds: `unit` lies beside the code it tests; `process` lies in `test/` and starts threads
 * and processes, `alone` likewise but one file after the other, last. `test/pack` is apart (`npm run test:pack`), because it installs
 * packages, as `test/runtimes` does (`npm run test:runtimes`), and so is `test/browser` (`npm run test:browser`), because it needs a browser.
 */
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from './tools/closing-line.ts';

/** What must end within a second is run with nothing beside it. */
const alone = ['test/faults/process-exit-store.test.ts', 'test/crash/ending.test.ts'];

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
          include: ['{src,tools,examples,dashboard}/**/*.test.ts', 'bench/*.test.ts', 'bench/src/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/runtimes/**',
            'test/pack/**',
            'test/browser/**',
            'test/simulation/*.test.ts',
            'test/simulation/planted/**',
            '**/node_modules/**',
            ...alone,
          ],
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          // The command line once more, over folders of eight partitions.
          name: 'partitions-8',
          include: ['test/cli/**/*.test.ts'],
          // What is no matter of partitions.
          exclude: ['test/cli/{completion,dev,doctor}.test.ts'],
          env: { TUTTI_PARTITIONS: '8' },
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
