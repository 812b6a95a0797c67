/** The app of `ending-program.fixture.ts`. */
import { writeFileSync } from 'node:fs';
import { task } from '../../src/index.ts';

const retry = { attempts: 1_000, first: 1 };

export const work = task({ retry }, async (ctx, input: { readonly n: number; readonly ballast: string }) => {
  await ctx.run('step', () => input.ballast.length);
  return input.n;
});

/** Writes a file and never comes back. */
export const spin = task({ retry }, (_ctx, file: string) => {
  writeFileSync(file, '');
  for (;;);
});
