/** `npm run test:simulate`: what starts simulator processes. */
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from '../../tools/closing-line.ts';

export default defineConfig({
  cacheDir: '.vitest',
  test: {
    root: import.meta.dirname,
    include: [
      'same-run.test.ts',
      'seeds.test.ts',
      'planted/partitions.test.ts',
      'planted/tasks.test.ts',
      'planted/nodes.test.ts',
    ],
    reporters: ['default', closingLineReporter],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
