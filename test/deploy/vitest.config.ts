/** `npm run test:deploy`: what `deploy/` has, checked for its form, and started where containers can be. As root, on Debian. */
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from '../../tools/closing-line.ts';

export default defineConfig({
  cacheDir: '.vitest',
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    reporters: ['default', closingLineReporter],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
    // What the tests say of what was not started is to be read plainly.
    disableConsoleIntercept: true,
  },
});
