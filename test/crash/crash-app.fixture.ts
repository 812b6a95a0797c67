/**
 * The app of the crash tests. Its steps leave traces in the file that `TUTTI_EFFECTS` names: `ran <task> <step>` from inside a
 * step, `confirmed <task> <step>` from the task after the step has given its result. The law: what was confirmed never runs
 * again. Every result follows from the input, so that it can be checked.
 */
import { appendFileSync } from 'node:fs';
import { type Task, type TaskContext, task } from '../../src/index.ts';

const effects = process.env.TUTTI_EFFECTS;

const trace = (what: 'ran' | 'confirmed', id: string, step: string): void => {
  if (effects !== undefined) appendFileSync(effects, `${what} ${id} ${step}\n`);
};

/** A step that leaves its traces. Names are unique within a task. */
const traced = async <T>(ctx: TaskContext, name: string, fn: () => Promise<T> | T): Promise<T> => {
  const result = await ctx.run(name, async () => {
    const value = await fn();
    trace('ran', ctx.id, name);
    return value;
  });
  trace('confirmed', ctx.id, name);
  return result;
};

/** A task may be hit by many kills before it ends; only one that ends its process itself should run out of attempts. */
const retry = { attempts: 1_000, first: 5, max: 20 };
export const itemsOfMap = 50;

export const double = task({ retry }, async (_ctx, n: number) => n * 2);

/** n + (n + 1) + (n + 2) + (n + 3). */
export const steps = task({ retry }, async (ctx, n: number) => {
  let sum = 0;
  for (let step = 0; step < 4; step++) sum += await traced(ctx, `step-${step}`, () => n + step);
  return sum;
});

/** 6n: 2n of a child it waits for, 4n of one it starts and joins later. */
export const family = task({ retry }, async (ctx, n: number) => {
  const started = await ctx.start(double, n * 2);
  const called = await ctx.call(double, n);
  return called + (await traced(ctx, 'join', () => 0)) + (await started.result());
});

export const piece = task({ retry }, async (ctx, n: number) => traced(ctx, `piece-${n}`, () => n));

/** 50n + (0 + … + 49). */
export const fanOut = task({ retry }, async (ctx, n: number) => {
  const items = Array.from({ length: itemsOfMap }, (_, index) => n + index);
  return (await ctx.map(piece, items)).reduce((sum, value) => sum + value, 0);
});

/** n, after some naps. */
export const naps = task({ retry }, async (ctx, n: number) => {
  for (let nap = 0; nap < 3; nap++) {
    await ctx.sleep(1 + ((n + nap) % 7));
    await traced(ctx, `nap-${nap}`, () => n);
  }
  return n;
});

/** n: a step fails once, then the task does. */
export const flaky = task({ retry }, async (ctx, n: number) => {
  await ctx.run(
    'stumbles',
    ({ attempt }) => {
      if (attempt === 1) throw new Error('once');
    },
    { retry: { attempts: 1_000, first: 1 } },
  );
  await traced(ctx, 'before', () => n);
  if (ctx.attempt === 1) throw new Error('the first attempt fails');
  return traced(ctx, 'after', () => n);
});

/** 3n; started with an idempotency key, several times. */
export const keyed = task({ retry }, async (ctx, n: number) => {
  const first = await traced(ctx, 'first', () => n);
  return first + (await traced(ctx, 'second', () => 2 * n));
});

/** What the crash program starts, by name, with the result that each must have. */
export const kinds: Readonly<Record<string, { task: Task<number, number>; result: (n: number) => number }>> = {
  double: { task: double, result: (n) => 2 * n },
  steps: { task: steps, result: (n) => 4 * n + 6 },
  family: { task: family, result: (n) => 6 * n },
  fanOut: { task: fanOut, result: (n) => itemsOfMap * n + (itemsOfMap * (itemsOfMap - 1)) / 2 },
  naps: { task: naps, result: (n) => n },
  flaky: { task: flaky, result: (n) => n },
  keyed: { task: keyed, result: (n) => 3 * n },
};
