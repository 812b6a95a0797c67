/** `npm run test:pack`: the packed package in a clean folder. Apart from the other tests, because it installs packages. */
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from '../../tools/closing-line.ts';

export default defineConfig({
  root: import.meta.dirname,
  test: {
    reporters: ['default', closingLineReporter],
    include: ['*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
