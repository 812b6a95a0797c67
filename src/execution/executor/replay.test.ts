import { expect, test } from 'vitest';
import { AppError } from '../../app/app-error.ts';
import { type TaskDefinition, task } from '../../app/task.ts';
import type { TaskContext } from '../../app/task-context.ts';
import { limits } from '../../limits.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

/** A leader of an app with one task. */
const leaderOf = (fn: (ctx: TaskContext, input: never) => unknown, more: Record<string, TaskDefinition> = {}) =>
  new ScriptedLeader({ main: task(fn) as TaskDefinition, ...more });

test('a step that is recorded is not done again, and gives what it gave', async () => {
  const done: string[] = [];
  const leader = leaderOf(async (ctx) => {
    const a = await ctx.run('a', () => {
      done.push('a');
      return new Date(5);
    });
    await ctx.sleep('1 h');
    const b = await ctx.run('b', () => {
      done.push('b');
      return 2;
    });
    return [a, b];
  });
  const first = leader.grant('main', undefined);
  await leader.settle();
  leader.cancel(first);
  const second = leader.grant('main', undefined, { journalOf: first });
  await leader.settle();
  expect(leader.steps(second)).toEqual([]);
  leader.result(second, 'sleep:0', undefined);
  await leader.settle();
  expect(done).toEqual(['a', 'b']);
  expect(leader.done(second)).toEqual([new Date(5), 2]);
});

test('a result is told only once its record is confirmed', async () => {
  let told = false;
  const leader = leaderOf(async (ctx) => {
    await ctx.run('a', () => 1);
    told = true;
  });
  leader.confirmsRuns = false;
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(told).toBe(false);
  leader.confirm(n, 'run:a:0');
  await leader.settle();
  expect(told).toBe(true);
});

test('steps in a loop are told apart by their count, and a replay continues in the middle', async () => {
  const ran: number[] = [];
  const leader = leaderOf(async (ctx) => {
    let sum = 0;
    for (let i = 0; i < 5; i++) {
      sum += await ctx.run('add', () => {
        ran.push(i);
        return i;
      });
      if (i === 2) await ctx.sleep(1);
    }
    return sum;
  });
  const first = leader.grant('main', undefined);
  await leader.settle();
  leader.cancel(first);
  const second = leader.grant('main', undefined, { journalOf: first });
  leader.result(second, 'sleep:0', undefined);
  await leader.settle();
  expect(ran).toEqual([0, 1, 2, 3, 4]);
  expect(leader.steps(first)).toEqual(['run:add:0', 'run:add:1', 'run:add:2', 'sleep:0']);
  expect(leader.done(second)).toBe(10);
});

test('results in Promise.all are told in the order in which they were recorded, live and on replay', async () => {
  const seen: string[][] = [];
  const leader = leaderOf(
    async (ctx) => {
      const order: string[] = [];
      seen.push(order);
      const branch = async (name: string, steps: number): Promise<void> => {
        for (let i = 0; i < steps; i++) {
          await ctx.call(child, `${name}${i}`, { key: `${name}${i}` });
          order.push(name + i);
          await null;
          await null;
          order.push(`${name}${i}+`);
        }
      };
      await Promise.all([branch('a', 2), branch('b', 2), branch('c', 1)]);
      await ctx.sleep(1);
      return order;
    },
    { child: task((_ctx, name: string) => name) as TaskDefinition },
  );
  const child = leader.core.app.definitions.get('child') as never;
  const first = leader.grant('main', undefined);
  await leader.settle();
  // Recorded: b0, c0, b1, a0, a1 (keys count calls: a0 b0 c0 then b1, a1).
  for (const key of ['call:child:1', 'call:child:2', 'call:child:3', 'call:child:0', 'call:child:4']) {
    leader.result(first, key, key);
    await leader.settle();
  }
  leader.cancel(first);
  const second = leader.grant('main', undefined, { journalOf: first });
  await leader.settle();
  expect(seen[0]).toEqual(['b0', 'b0+', 'c0', 'c0+', 'b1', 'b1+', 'a0', 'a0+', 'a1', 'a1+']);
  expect(seen[1]).toEqual(seen[0]);
  leader.result(second, 'sleep:0', undefined);
  await leader.settle();
  expect(leader.done(second)).toEqual(seen[0]);
});

test('a race is won on replay by whoever won it', async () => {
  const leader = leaderOf(
    async (ctx) => {
      const winner = await Promise.race([ctx.sleep('1 s').then(() => 'a'), ctx.call(child).then(() => 'b')]);
      const after = await ctx.run('after', () => winner);
      await ctx.sleep('2 s');
      return after;
    },
    { child: task(() => 1) as TaskDefinition },
  );
  const child = leader.core.app.definitions.get('child') as never;
  const first = leader.grant('main', undefined);
  await leader.settle();
  leader.result(first, 'call:child:0', 1);
  await leader.settle();
  leader.result(first, 'sleep:0', undefined);
  await leader.settle();
  leader.cancel(first);
  const second = leader.grant('main', undefined, { journalOf: first });
  await leader.settle();
  leader.result(second, 'sleep:1', undefined);
  await leader.settle();
  expect(leader.done(second)).toBe('b');
});

test('a new step waits until what is recorded has been told', async () => {
  const order: string[] = [];
  let slow = (): void => undefined;
  const leader = leaderOf(async (ctx) => {
    // The branch with the recorded step gets to it only after a real await.
    const recorded = (async () => {
      await new Promise<void>((resolve) => {
        slow = resolve;
      });
      await ctx.run('old', () => 1);
      order.push('old');
    })();
    const fresh = ctx.run('fresh', () => {
      order.push('fresh');
    });
    await Promise.all([recorded, fresh]);
  });
  const n = leader.grant('main', undefined, { journal: ['run:old:0', '', 1, '1', 2_000] });
  await leader.settle();
  expect(order).toEqual([]);
  slow();
  await leader.settle();
  expect(order.sort()).toEqual(['fresh', 'old']);
  expect(leader.done(n)).toBeUndefined();
  await leader.settle();
  expect(leader.of('done', n).length).toBe(1);
});

test('a pending step is not reported again, and its result reaches the code', async () => {
  const leader = leaderOf(async (ctx) => {
    await ctx.sleep('1 h');
    return Date.now() > 0;
  });
  const n = leader.grant('main', undefined, { journal: ['sleep:0', '', 0, '', 0] });
  await leader.settle();
  expect(leader.steps(n)).toEqual([]);
  leader.result(n, 'sleep:0', undefined);
  await leader.settle();
  expect(leader.done(n)).toBe(true);
});

test('TASK_NONDETERMINISTIC: another step than the recorded one names both, after the grace time', async () => {
  const leader = leaderOf(async (ctx) => ctx.run('renamed', () => 1));
  const n = leader.grant('main', undefined, { journal: ['run:first:0', '', 1, '1', 2_000] });
  await leader.pass(999);
  expect(leader.failed(n)).toBeUndefined();
  await leader.pass(1);
  expect(leader.failed(n)).toMatchObject({
    retryable: false,
    error: { code: 'TASK_NONDETERMINISTIC', details: { expected: 'run:first:0', found: 'run:renamed:0' } },
  });
  expect(leader.failed(n)?.error.message).toContain('run:first:0');
});

test('TASK_NONDETERMINISTIC: the same step with other arguments', async () => {
  let input = 1;
  const leader = leaderOf(async (ctx) => ctx.call(child, input as never), {
    child: task((_ctx, n: number) => n) as TaskDefinition,
  });
  const child = leader.core.app.definitions.get('child') as never;
  const first = leader.grant('main', undefined);
  await leader.settle();
  leader.cancel(first);
  input = 2;
  const second = leader.grant('main', undefined, { journalOf: first });
  await leader.settle();
  expect(leader.failed(second)).toMatchObject({ retryable: false, error: { code: 'TASK_NONDETERMINISTIC' } });
  expect(leader.failed(second)?.error.message).toContain('call:child:0');
});

test('code that gets to its recorded step late, within the grace time, is deterministic', async () => {
  const leader = leaderOf(async (ctx) => {
    const fresh = ctx.run('fresh', () => 1);
    await new Promise<void>((resolve) => {
      leader.time.env.timers.after(900, resolve);
    });
    await ctx.run('old', () => 1);
    await fresh;
    return 'through';
  });
  const n = leader.grant('main', undefined, { journal: ['run:old:0', '', 1, '1', 2_000] });
  await leader.pass(5_000);
  expect(leader.done(n)).toBe('through');
});

test('steps that the task does not wait for are harmless, also when they fail, and at its end', async () => {
  const leader = leaderOf(async (ctx) => {
    void ctx.run('fails', () => {
      throw new AppError('nobody listens');
    });
    await ctx.sleep(1);
    void ctx.sleep('1 h');
    void ctx.run('slow', () => new Promise(() => undefined));
    return 'done';
  });
  const n = leader.grant('main', undefined);
  await leader.settle();
  leader.result(n, 'sleep:0', undefined);
  await leader.settle();
  expect(leader.done(n)).toBe('done');
  leader.result(n, 'sleep:1', undefined);
  await leader.pass(limits.waitingParkMs);
  expect(leader.messages.filter((message) => message.n === n).at(-1)?.op).toBe('done');
});

test('the AsyncLocalStorage of one task does not leak into another', async () => {
  const { AsyncLocalStorage } = await import('node:async_hooks');
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const gate = Promise.withResolvers<void>();
  const leader = new ScriptedLeader(
    {
      main: task(async (ctx) =>
        storage.run('mine', async () => {
          await gate.promise;
          await ctx.run('a', () => 1);
          seen.push(storage.getStore());
          await ctx.sleep(1);
          seen.push(storage.getStore());
        }),
      ),
      other: task(async () => {
        seen.push(storage.getStore());
      }),
    },
    { slots: 1 },
  );
  const n = leader.grant('main', undefined);
  leader.grant('other', undefined);
  await leader.settle();
  // The first task goes on by itself, gives its slot back, and the other starts from there.
  gate.resolve();
  await leader.settle();
  leader.result(n, 'sleep:0', undefined);
  await leader.settle();
  expect(seen).toEqual([undefined, 'mine', 'mine']);
});
