/** In development a task is run again after each step: what does the same is left alone, what does not is told with both sides. */
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { type TaskDefinition, task } from '../../app/task.ts';
import type { TaskContext } from '../../app/task-context.ts';
import { limits } from '../../limits.ts';
import { toExecutor } from '../../tasks/messages.ts';
import { encodeOutcomes } from './chunk-outcomes.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

const child = task(async (_ctx, input: unknown) => input);

const leaderOf = (fn: (ctx: TaskContext, input: never) => unknown): ScriptedLeader =>
  new ScriptedLeader(
    { main: task({ retry: { attempts: 2 } }, fn) as TaskDefinition, child: child as TaskDefinition },
    { rehearses: true },
  );

const difference = (leader: ScriptedLeader, n: number): readonly unknown[] => {
  const { error, retryable } = leader.failed(n) as { error: Error; retryable: boolean };
  const { code, details } = error as unknown as { code: string; details: Record<string, unknown> };
  expect({ code, retryable }).toEqual({ code: 'TASK_NONDETERMINISTIC', retryable: false });
  return [details['expected'], details['found']];
};

test('a task that does the same each time is run again unseen: its steps run once, its lines are written once', async () => {
  let entered = 0;
  let ran = 0;
  const leader = leaderOf(async (ctx) => {
    entered++;
    ctx.log.info(`at ${Date.now()} ${Math.random()}`);
    const [a, b] = await Promise.all([ctx.run('a', () => ++ran), ctx.run('b', async () => ++ran)]);
    ctx.progress(a, b);
    await ctx.sleep('1 h');
    return [a, b, await ctx.call(child, { a })];
  });
  const n = leader.grant('main', undefined);
  await leader.settle();
  leader.result(n, 'sleep:0', undefined);
  await leader.settle();
  leader.result(n, 'call:child:0', 'c');
  await leader.pass(5_000);
  expect(leader.done(n)).toEqual([1, 2, 'c']);
  expect(leader.steps(n)).toEqual(['run:a:0', 'run:b:0', 'sleep:0', 'call:child:0']);
  expect({ ran, lines: leader.of('log').length, done: leader.of('done').length }).toEqual({
    ran: 2,
    lines: 1,
    done: 1,
  });
  expect(entered).toBeGreaterThanOrEqual(4);
  expect(leader.failures).toEqual([]);
});

test('a forgotten clock is told with the input that was, and the one that is', async () => {
  const leader = leaderOf(async (ctx) => {
    await ctx.run('a', () => 1);
    await ctx.call(child, performance.now());
  });
  const n = leader.grant('main', undefined);
  await leader.settle();
  leader.result(n, 'call:child:0', 1);
  await leader.settle();
  const [expected, found] = difference(leader, n);
  expect(expected).toMatch(/^call:child:0 with input [\d.]+$/);
  expect(found).toMatch(/^call:child:0 with input [\d.]+$/);
  expect(found).not.toBe(expected);
  expect(leader.failures.join()).toContain('it did something else');
});

test('a closure that a step changes is told by the results', async () => {
  const leader = leaderOf(async (ctx) => {
    let total = 0;
    await ctx.run('a', () => {
      total += 5;
    });
    return total;
  });
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(difference(leader, n)).toEqual(['the result 5', 'the result 0']);
  expect(leader.done(n)).toBeUndefined();
});

test('a closure that a step changes is told by the next step, while the task waits for it', async () => {
  const leader = leaderOf(async (ctx) => {
    let total = 0;
    await ctx.run('a', () => {
      total += 5;
    });
    await ctx.run(`save ${total}`, () => undefined);
    await ctx.sleep('1 h');
  });
  const n = leader.grant('main', undefined);
  await leader.pass(2_000);
  expect(difference(leader, n)).toEqual(['run:save 5:0', 'run:save 0:0']);
});

test('state of a module that a task changes is told', async () => {
  let count = 0;
  const leader = leaderOf(async (ctx) => {
    const mine = ++count;
    await ctx.run('a', () => 1);
    if (mine > 1) throw new Error(`not so often: ${mine}`);
    return 'once';
  });
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(difference(leader, n)).toEqual(['the result "once"', 'the error main failed: not so often: 2']);
});

test('a rehearsal that takes another way than the end is told by the step it calls', async () => {
  let first = true;
  const leader = leaderOf(async (ctx) => {
    const again = !first;
    first = false;
    await ctx.run('a', () => 1);
    if (again) await ctx.sleep('1 h');
    return 1;
  });
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(leader.of('done')).toEqual([]);
  await leader.pass(limits.rehearsalHoldMs);
  expect(difference(leader, n)).toEqual(['the result 1', 'sleep:0']);
});

test('a failure that is the same goes its way, and is told', async () => {
  const leader = leaderOf(async (ctx) => {
    await ctx.run('a', () => 1);
    throw new Error('no');
  });
  const n = leader.grant('main', undefined, { tries: 1 });
  await leader.settle();
  expect(leader.failed(n)).toMatchObject({ retryable: true, error: { message: 'main failed: no' } });
  expect(leader.failures).toEqual(['#2: main failed: no']);
});

test('maps are given their results again', async () => {
  const leader = leaderOf(async (ctx) => {
    const doubled = await ctx.map(child, [1, 2, 3]);
    await ctx.run('a', () => 1);
    return doubled;
  });
  const n = leader.grant('main', undefined);
  await leader.settle();
  const results = encodeOutcomes([2, 4, 6], false, () => '');
  leader.send(toExecutor.mapResult, 0, 7, n, 'map:child:0', 0, 3, results, 6_000);
  leader.result(n, 'map:child:0', undefined);
  await leader.settle();
  expect(leader.done(n)).toEqual([2, 4, 6]);
});

test('a task whose code waits for something real outside of steps is not held up for long', async () => {
  let entered = 0;
  const leader = leaderOf(async (ctx) => {
    const again = entered++ > 0;
    await ctx.run('a', () => 1);
    if (again) await new Promise(() => undefined);
    return 1;
  });
  const n = leader.grant('main', undefined);
  await leader.settle();
  await leader.pass(limits.rehearsalHoldMs);
  expect(leader.done(n)).toBe(1);
});

test('a task that goes on from its journal is rehearsed from there on; what was cancelled is not', async () => {
  const leader = leaderOf(async (ctx) => {
    await ctx.sleep('1 h');
    await ctx.call(child, performance.now());
  });
  const first = leader.grant('main', undefined);
  await leader.settle();
  leader.result(first, 'sleep:0', undefined);
  leader.cancel(first);
  await leader.pass(5_000);
  expect(leader.failures).toEqual([]);
  const second = leader.grant('main', undefined, { journalOf: first });
  await leader.settle();
  leader.result(second, 'call:child:0', 1);
  await leader.settle();
  expect(difference(leader, second)[0]).toMatch(/^call:child:0 with input/);
});
