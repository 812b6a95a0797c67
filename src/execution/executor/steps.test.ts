import { expect, test } from 'vitest';
import { AppError } from '../../app/app-error.ts';
import type { StandardSchema } from '../../app/standard-schema.ts';
import { type TaskDefinition, task } from '../../app/task.ts';
import type { TaskContext } from '../../app/task-context.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

/** A leader of an app with one task. */
const leaderOf = (fn: (ctx: TaskContext, input: never) => unknown, more: Record<string, TaskDefinition> = {}) =>
  new ScriptedLeader({ main: task(fn) as TaskDefinition, ...more });

const positive: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      (value as number) > 0 ? { value: value as number } : { issues: [{ message: 'is not positive' }] },
  },
};

test('ctx.run is tried again in place under its own policy, holds no slot meanwhile, and is recorded once', async () => {
  let tries = 0;
  const seen: unknown[] = [];
  const leader = new ScriptedLeader(
    {
      main: task(async (ctx) =>
        ctx.run(
          'flaky',
          ({ key, attempt }) => {
            seen.push([key, attempt]);
            if (++tries < 3) throw new Error('again');
            return 'good';
          },
          { retry: { attempts: 3, first: '2 s', factor: 3 } },
        ),
      ),
      other: task(() => 'other'),
    },
    { slots: 1 },
  );
  const n = leader.grant('main', undefined);
  const other = leader.grant('other', undefined);
  await leader.settle();
  expect(leader.done(other)).toBe('other');
  await leader.pass(1_999);
  expect(tries).toBe(1);
  await leader.pass(1);
  expect(tries).toBe(2);
  await leader.pass(6_000);
  expect(seen).toEqual([
    ['task-1/run:flaky:0', 1],
    ['task-1/run:flaky:0', 2],
    ['task-1/run:flaky:0', 3],
  ]);
  expect(leader.of('stepRun', n).length).toBe(1);
  expect(leader.done(n)).toBe('good');
});

test('after its last attempt a failure is recorded and thrown; uncaught it ends the task for good, with the original', async () => {
  const leader = leaderOf(async (ctx) =>
    ctx.run(
      'fails',
      () => {
        throw new TypeError('broken');
      },
      { retry: { attempts: 1 } },
    ),
  );
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(leader.of('stepRun', n)[0]?.fields[2]).toBe(0);
  expect(leader.failed(n)).toMatchObject({
    retryable: false,
    error: { code: 'TASK_FAILED', cause: { name: 'TypeError', message: 'broken' } },
  });
});

test('a recorded failure can be caught, also on replay', async () => {
  const leader = leaderOf(async (ctx) => {
    const got = await ctx
      .run('fails', () => {
        throw new AppError('no');
      })
      .catch((error: Error) => error.message);
    await ctx.sleep(1);
    return got;
  });
  const first = leader.grant('main', undefined);
  await leader.settle();
  leader.cancel(first);
  const second = leader.grant('main', undefined, { journalOf: first });
  leader.result(second, 'sleep:0', undefined);
  await leader.settle();
  expect(leader.done(second)).toBe('no');
  expect(leader.of('stepRun').length).toBe(1);
});

test('steps inside the function of a step are refused', async () => {
  const leader = leaderOf(async (ctx) => ctx.run('outer', () => ctx.sleep(1), { retry: { attempts: 1 } }));
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(leader.failed(n)).toMatchObject({ retryable: false, error: { cause: { code: 'STEP_NESTED' } } });
});

test('a call sends the checked input once, and the child is not checked again', async () => {
  const leader = leaderOf(
    async (ctx) => [
      await ctx.call(child, 3 as never),
      await ctx.call(child, -3 as never).catch((error: { code: string }) => error.code),
    ],
    {
      child: task({ input: positive }, (_ctx, n) => n) as TaskDefinition,
    },
  );
  const child = leader.core.app.definitions.get('child') as never;
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(leader.of('stepCall', n).map(({ fields }) => fields.slice(2, 4))).toEqual([['child', '3']]);
  leader.result(n, 'call:child:0', 30);
  await leader.settle();
  expect(leader.done(n)).toEqual([30, 'INPUT_INVALID']);
});

test('a call of what the app does not export is refused: TASK_NOT_EXPORTED', async () => {
  const hidden = task(() => 1);
  const leader = leaderOf(async (ctx) => ctx.call(hidden));
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(leader.failed(n)).toMatchObject({ retryable: false, error: { cause: { code: 'TASK_NOT_EXPORTED' } } });
});

test('ctx.start gives the id at once and the result when it is there, each a step', async () => {
  const leader = leaderOf(
    async (ctx) => {
      const started = await ctx.start(child);
      return [started.id, await started.result()];
    },
    { child: task(() => 1) as TaskDefinition },
  );
  const child = leader.core.app.definitions.get('child') as never;
  const n = leader.grant('main', undefined);
  await leader.settle();
  leader.result(n, 'start:child:0', 'child-id');
  await leader.settle();
  expect(leader.of('stepJoin', n)[0]?.fields).toEqual(['join:start:child:0:0', '', 'start:child:0']);
  leader.result(n, 'join:start:child:0:0', 7);
  await leader.settle();
  expect(leader.done(n)).toEqual(['child-id', 7]);
});
