import { z } from 'zod';
import { AppError, task } from '../../src/index.ts';

export const echo = task(async (_ctx, value: unknown) => value);
export const nothing = task(async () => undefined);
export const half = task({ input: z.int().multipleOf(2) }, async (_ctx, n) => n / 2);
export const refuses = task(async () => {
  throw new AppError('no such account', { details: { account: 7 } });
});
/** Sleeps until it is cancelled. */
export const sleeps = task(async (ctx) => {
  ctx.log.info('before the sleep', { minutes: 10 });
  await ctx.sleep('10 min');
});
/** Logs so many lines, some in each of its steps. */
export const tells = task(async (ctx, { lines, steps }: { lines: number; steps: number }) => {
  for (let step = 0; step < steps; step++) {
    for (let line = 0; line < lines; line++) ctx.log.info(`line ${step * lines + line}`);
    ctx.progress(step + 1, steps);
    await ctx.run('step', () => step);
  }
  return lines * steps;
});
/** Fails each time that it runs, and leaves a mark in a file. */
export const fails = task({ retry: { attempts: 1 } }, async (_ctx, file: string) => {
  const { appendFileSync } = await import('node:fs');
  appendFileSync(file, 'ran\n');
  throw new Error('once more');
});
