/** Tasks whose results can be told from their inputs alone, whatever happened on the way. */
import { task } from '../../../src/app/task.ts';
import { current } from './witness.ts';

const quick = { retry: { attempts: 1_000, first: '10 ms', max: '200 ms' } } as const;

/** Gives what its input says; its steps each give another value on every execution. */
export const steps = task(quick, async (ctx, { count }: { count: number }) => {
  for (let step = 0; step < count; step++) {
    const value = await ctx.run('step', () => current.witness.fresh());
    current.witness.saw(ctx.id, `step ${step}`, value);
  }
  return count;
});

/** Fails in its first attempts, between steps that are kept. */
export const retries = task(quick, async (ctx, { fails }: { fails: number }) => {
  const value = await ctx.run('before', () => current.witness.fresh());
  current.witness.saw(ctx.id, 'before', value);
  if (ctx.attempt <= fails) {
    const error = new Error(`attempt ${ctx.attempt}`);
    // It is recorded, and versions of Node.js differ in what they write there.
    error.stack = `Error: ${error.message}`;
    throw error;
  }
  return fails;
});

export const sleeps = task(quick, async (ctx, { ms }: { ms: number }) => {
  const from = Date.now();
  await ctx.sleep(`${ms} ms`);
  if (Date.now() - from < ms) throw new Error(`slept ${Date.now() - from} ms of ${ms}`);
  return ms;
});

/** Works for a while, so that leaders change meanwhile. */
export const works = task(quick, async (ctx, { ms }: { ms: number }) => {
  const value = await ctx.run('work', async () => {
    const ended = current.witness.works(ctx.id);
    await new Promise((resolve) => setTimeout(resolve, ms));
    ended();
    return current.witness.fresh();
  });
  current.witness.saw(ctx.id, 'work', value);
  return ms;
});

/** Ends the process of whatever node runs it, every time. */
export const poison = task({ retry: { attempts: 4, first: '10 ms', max: '200 ms' } }, async (ctx) => {
  await ctx.run('poison', () => {
    current.witness.poison();
    return new Promise<void>(() => {});
  });
  return 0;
});

export const square = task(quick, async (_ctx, n: number) => {
  if (n % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 40));
  return n * n;
});

export const squares = task(quick, async (ctx, { count }: { count: number }) => {
  const all = await ctx.map(
    square,
    Array.from({ length: count }, (_, n) => n),
  );
  return all.reduce((sum, each) => sum + each, 0);
});

/** A tree of tasks, over all partitions. */
export const tree = task(quick, async (ctx, { depth }: { depth: number }): Promise<number> => {
  if (depth === 0) return 1;
  const [left, right] = await Promise.all([ctx.call(tree, { depth: depth - 1 }), ctx.call(tree, { depth: depth - 1 })]);
  return left + right;
});

/** Waits for so long that it is cancelled, also where a clock jumps. */
export const waits = task(quick, async (ctx, { ms }: { ms: number }) => {
  await ctx.call(sleeps, { ms });
  return ms;
});

export type TaskName = 'steps' | 'poison' | 'works' | 'retries' | 'sleeps' | 'squares' | 'tree' | 'waits';

/** What a task must give. */
export const expectedOf = (name: TaskName, input: Readonly<Record<string, number>>): number => {
  switch (name) {
    case 'steps':
      return input['count'] as number;
    case 'retries':
      return input['fails'] as number;
    case 'sleeps':
    case 'works':
    case 'waits':
      return input['ms'] as number;
    case 'squares': {
      const count = input['count'] as number;
      return ((count - 1) * count * (2 * count - 1)) / 6;
    }
    case 'tree':
      return 2 ** (input['depth'] as number);
    // It has no result.
    case 'poison':
      return Number.NaN;
    default:
      return name satisfies never;
  }
};
