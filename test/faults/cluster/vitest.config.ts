/** `npm run test:faults`: real clusters, and what befalls them. */
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from '../../../tools/closing-line.ts';

export default defineConfig({
  cacheDir: '.vitest',
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    reporters: ['default', closingLineReporter],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
