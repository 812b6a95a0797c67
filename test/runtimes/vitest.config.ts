/** `npm run test:runtimes`: the client in other runtimes. Apart from the other tests, because it installs them. */
import { defineConfig } from 'vitest/config';
import { closingLineReporter } from '../../tools/closing-line.ts';

export default defineConfig({
  root: import.meta.dirname,
  test: {
    reporters: ['default', closingLineReporter],
    include: ['*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
