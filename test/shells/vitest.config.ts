/** `npm run test:shells`: completion as it is in a real zsh and a real fish. */
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
  },
});
