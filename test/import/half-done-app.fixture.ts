/**
 * An app whose tasks get half way and then wait for a gate: a file. What they do outside is noted in another, a line each, so that what
 * was done twice is seen.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { AppError, task } from '../../src/index.ts';

const note = (folder: string, line: string): void => appendFileSync(`${folder}/notes`, `${line}\n`);

const throughGate = async (folder: string, signal: AbortSignal): Promise<void> => {
  while (!existsSync(`${folder}/gate`)) await setTimeout(10, undefined, { signal });
};

/** Of these items the first `freeItems` go through before the gate is open. */
export const items = 40;
export const freeItems = 12;

export const item = task(async (ctx, { folder, n }: { folder: string; n: number }) => {
  if (n >= freeItems) await throughGate(folder, ctx.signal);
  const square = await ctx.run(`item ${n}`, () => {
    note(folder, `item ${n}`);
    return n * n;
  });
  // The step before is journaled by now.
  await ctx.run(`told ${n}`, () => note(folder, `journaled item ${n}`));
  return square;
});

export const child = task(async (ctx, { folder, name }: { folder: string; name: string }) => {
  await throughGate(folder, ctx.signal);
  return ctx.run('effect', () => {
    note(folder, `child ${name}`);
    return name;
  });
});

export const job = task(async (ctx, folder: string) => {
  const first = await ctx.run('first', () => {
    note(folder, 'first');
    return new Date(0);
  });
  ctx.log.info('the first step is journaled');
  await ctx.run('told', () => note(folder, 'journaled first'));
  const started = await ctx.start(child, { folder, name: 'started' });
  const [squares, called, keyed] = await Promise.all([
    ctx.map(
      item,
      Array.from({ length: items }, (_, n) => ({ folder, n })),
    ),
    ctx.call(child, { folder, name: 'called' }),
    ctx.call(child, { folder, name: 'keyed' }, { key: 'shared' }),
  ]);
  ctx.log.info('the map is through');
  const last = await ctx.run('last', () => {
    note(folder, 'last');
    return 'last';
  });
  return { first, squares, called, keyed, started: await started.result(), last };
});

/** What the job gives. */
export const jobResult = {
  first: new Date(0),
  squares: Array.from({ length: items }, (_, n) => n * n),
  called: 'called',
  keyed: 'keyed',
  started: 'started',
  last: 'last',
};

export const sleeper = task(async (ctx, { folder, ms }: { folder: string; ms: number }) => {
  await ctx.run('before', () => note(folder, `before the sleep of ${ms}`));
  await ctx.sleep(ms);
  await ctx.run('after', () => note(folder, `after the sleep of ${ms}`));
  return ms;
});

export const echo = task(async (ctx, value: unknown) => {
  ctx.log.info('echo', { value });
  return value;
});

export const fails = task({ retry: { attempts: 1 } }, async () => {
  throw new AppError('no such account');
});
