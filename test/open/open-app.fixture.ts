import { AppError, task } from '../../src/index.ts';

export const echo = task(async (_ctx, value: unknown) => value);
export const double = task(async (_ctx, n: number) => n * 2);
export const doubleAll = task(async (ctx, items: number[]) => ctx.map(double, items));
export const refuses = task(async () => {
  throw new AppError('no such account');
});
export const waits = task(async (ctx) => {
  ctx.log.info('before the sleep', { minutes: 10 });
  await ctx.sleep('10 min');
});
/** Fails once in the life of the process that runs it, in a step. */
export const failsOnce = task({ retry: { attempts: 1 } }, async (ctx, file: string) => {
  const first = await ctx.run('first', () => 'kept');
  await ctx.run(
    'second',
    async () => {
      const { existsSync, writeFileSync } = await import('node:fs');
      if (existsSync(file)) return;
      writeFileSync(file, '');
      throw new Error('the first time');
    },
    { retry: { attempts: 1 } },
  );
  return first;
});
