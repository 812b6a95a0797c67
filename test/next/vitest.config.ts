/** `npm run test:next`: the gateway in Next.js. Apart from the other tests, because it installs Next and builds an app with it. */
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from '../../tools/closing-line.ts';

export default defineConfig({
  root: import.meta.dirname,
  test: {
    reporters: ['default', closingLineReporter],
    include: ['*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
