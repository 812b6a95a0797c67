/**
 * What must compile and, with `@ts-expect-error`, what must not. Compiled, never run.
 */
import { z } from 'zod';
import { AppError, type Duration, type InputArguments, type Settled, type Task, task } from '../../src/index.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

// What a task takes and gives comes from its function …
const none = task(async () => 1);
const noneWithContext = task((ctx) => ctx.attempt);
const one = task(async (_ctx, month: string) => month.length);
const optional = task(async (_ctx, month?: string) => month ?? 'now');
same<typeof none, Task<void, number>>(true);
same<typeof noneWithContext, Task<void, number>>(true);
same<typeof one, Task<string, number>>(true);
same<typeof optional, Task<string | undefined, string>>(true);
const withOptions = task(
  { retry: { attempts: 3, first: '1 s' }, timeout: '5 min', priority: 2, name: 'x' },
  async (_ctx, n: number) => [n],
);
same<typeof withOptions, Task<number, number[]>>(true);
const optionsOnly = task({ name: 'y' }, async () => new Date(0));
same<typeof optionsOnly, Task<void, Date>>(true);

// … or from a schema: callers pass its input, the function gets its output.
const parsed = task(
  { input: z.object({ when: z.string().transform((text) => new Date(text)), n: z.number().default(1) }) },
  async (_ctx, { when, n }) => {
    same<typeof when, Date>(true);
    same<typeof n, number>(true);
    return when;
  },
);
same<typeof parsed, Task<{ when: string; n?: number | undefined }, Date>>(true);

// The arguments of a call: a task that takes none is called without one.
same<Parameters<(...input: InputArguments<void>) => void>['length'], 0 | 1>(true);
same<InputArguments<string>, [input: string]>(true);
same<InputArguments<string | undefined>, [input?: string | undefined]>(true);

// @ts-expect-error: a second input
task(async (_ctx, a: string, b: string) => a + b);
// @ts-expect-error: an unknown option
task({ retries: 3 }, async () => 1);
// @ts-expect-error: an unknown retry option
task({ retry: { times: 3 } }, async () => 1);
// @ts-expect-error: no unit
task({ timeout: '5' }, async () => 1);
// @ts-expect-error: not a unit
task({ timeout: '5 lightyears' }, async () => 1);
// @ts-expect-error: not a schema
task({ input: { type: 'string' } }, async (_ctx, text: string) => text);
// @ts-expect-error: the function wants another type than its schema gives
task({ input: z.string() }, async (_ctx, n: number) => n);

const durations: Duration[] = [250, '250 ms', '10 s', '5 min', '2 h', '1 day', '3 days', '1.5h'];
void durations;

export const parent = task(async (ctx) => {
  same<string, Awaited<ReturnType<typeof ctx.run<string>>>>(true);
  const a: number = await ctx.call(none);
  const b: number = await ctx.call(one, '2026-11');
  const c: string = await ctx.call(optional);
  const d: Date = await ctx.call(parsed, { when: '2026-11-01' }, { key: 'k' });
  const e: number[] = await ctx.map(one, ['a', 'b']);
  const f: Settled<number>[] = await ctx.map(one, new Set(['a']), { onError: 'collect', concurrency: 4 });
  const g = await ctx.start(one, 'x');
  same<typeof g.id, string>(true);
  const h: number = await g.result();
  const i: string = await ctx.run('read', async ({ key, attempt, signal }) => `${key}${attempt}${signal.aborted}`, {
    retry: { attempts: 1 },
  });
  await ctx.sleep('1 day');
  ctx.progress(1, 2, 'half');
  ctx.log.info('done', { b });
  if (b > 10) throw new AppError('too long', { details: { b } });

  // @ts-expect-error: the input is missing
  await ctx.call(one);
  // @ts-expect-error: the input has another type
  await ctx.call(one, 5);
  // @ts-expect-error: an input for a task that takes none
  await ctx.call(none, 5);
  // @ts-expect-error: what the schema gives is not what callers pass
  await ctx.call(parsed, { when: new Date() });
  // @ts-expect-error: a plain function is no task
  await ctx.call(async () => 1);
  // @ts-expect-error: items of another type
  await ctx.map(one, [1, 2]);
  // @ts-expect-error: not a duration
  await ctx.sleep('soon');
  // @ts-expect-error: collected results say whether they are ok
  const wrong: number[] = await ctx.map(one, ['a'], { onError: 'collect' });
  // @ts-expect-error: a step's function takes one argument
  await ctx.run('read', (_step, more: string) => more);

  return { a, b, c, d, e, f, g, h, i, wrong };
});
