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
/** Waits until its signal is aborted and notes why; does not wait when it runs again. */
export const hearsOfEnd = task({ retry: { attempts: 1 } }, async (ctx, file: string) => {
  const { existsSync, writeFileSync } = await import('node:fs');
  if (existsSync(file)) return 'again';
  await new Promise<void>((resolve) => {
    ctx.signal.addEventListener('abort', () => {
      writeFileSync(file, String((ctx.signal.reason as { code: string }).code));
      resolve();
    });
    writeFileSync(`${file}.waits`, '');
  });
  throw new Error('stopped in the middle');
});
/** Keeps its thread until somebody else has met it in the folder. */
export const meets = task(async (_ctx, { folder, name, other }: { folder: string; name: string; other: string }) => {
  const { existsSync, writeFileSync } = await import('node:fs');
  writeFileSync(`${folder}/${name}`, '');
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(`${folder}/${other}`)) Atomics.wait(cell, 0, 0, 10);
});
/** Keeps its thread for longer than is taken for busy, and then waits for a file with its thread free. */
export const blocksThenWaits = task(async (ctx, file: string) => {
  const { existsSync } = await import('node:fs');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  await ctx.run('wait', async () => {
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

let [beside, most] = [0, 0];

/** Goes on until so many of it have run in this thread at once; gives how many did. */
export const together = task(async (_ctx, count: number) => {
  most = Math.max(most, ++beside);
  while (most < count) await new Promise((resolve) => setTimeout(resolve, 5));
  // Whoever could begin besides has begun by then.
  await new Promise((resolve) => setTimeout(resolve, 50));
  beside--;
  return most;
});
