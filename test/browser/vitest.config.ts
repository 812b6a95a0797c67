/** `npm run test:browser`: what is looked at in a real browser. */
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from '../../tools/closing-line.ts';

export default defineConfig({
  cacheDir: '.vitest',
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    reporters: ['default', closingLineReporter],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
  },
});
