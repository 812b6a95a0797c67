/** What the tests of one `npm run test:<kind>` have in common: those of its folder, by themselves, with the closing line. */
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { closingLineReporter } from './closing-line.ts';

/** `folder`: where the tests of the kind are; `own`: what is its own, a timeout of tests and hooks at least. */
export const testKind = (
  folder: string,
  own: NonNullable<ViteUserConfig['test']> & { readonly testTimeout: number; readonly hookTimeout: number },
): ViteUserConfig =>
  defineConfig({
    cacheDir: '.vitest',
    test: { root: folder, include: ['*.test.ts'], reporters: ['default', closingLineReporter], ...own },
  });
