import { expect, test } from 'vitest';
import { AppError } from '../../app/app-error.ts';
import { task } from '../../app/task.ts';
import { limits } from '../../limits.ts';
import { toExecutor } from '../../tasks/messages.ts';
import type { Attempt } from './attempt.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

const deferred = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

test('a task gets its input and gives its result', async () => {
  const leader = new ScriptedLeader({
    double: task((_ctx, n: number) => n * 2),
    later: task(async (_ctx, n: number) => n + 1),
  });
  const a = leader.grant('double', 21);
  const b = leader.grant('later', 1);
  await leader.settle();
  expect(leader.done(a)).toBe(42);
  expect(leader.done(b)).toBe(2);
});

test('what a task throws arrives as TASK_FAILED with the original as cause; an AppError is not retried', async () => {
  const leader = new ScriptedLeader({
    breaks: task(() => {
      throw new RangeError('too far');
    }),
    refuses: task(async () => {
      throw new AppError('no money', { details: { missing: 3 } });
    }),
  });
  const a = leader.grant('breaks', undefined);
  const b = leader.grant('refuses', undefined);
  await leader.settle();
  expect(leader.failed(a)).toMatchObject({
    retryable: true,
    error: { code: 'TASK_FAILED', cause: { name: 'RangeError', message: 'too far' } },
  });
  expect(leader.failed(b)).toMatchObject({
    retryable: false,
    error: { code: 'TASK_FAILED', cause: { name: 'AppError', message: 'no money' } },
  });
});

test('a result that cannot be stored fails the task for good, and names the path', async () => {
  const leader = new ScriptedLeader({ gives: task(() => ({ list: [() => 1] })) });
  const n = leader.grant('gives', undefined);
  await leader.settle();
  expect(leader.failed(n)).toMatchObject({
    retryable: false,
    error: { cause: { code: 'VALUE_UNSUPPORTED', details: { path: 'result.list[0]' } } },
  });
});

test('a task that this app does not have fails with TASK_UNKNOWN', async () => {
  const leader = new ScriptedLeader({ here: task(() => 1) });
  const n = leader.grant('gone', undefined);
  await leader.settle();
  expect(leader.failed(n)).toMatchObject({ retryable: false, error: { cause: { code: 'TASK_UNKNOWN' } } });
});

test('no more than its slots run at once, and the others are started as slots come free', async () => {
  const gates = new Map<number, ReturnType<typeof deferred>>();
  const leader = new ScriptedLeader(
    {
      waits: task(async (_ctx, n: number) => {
        const gate = deferred();
        gates.set(n, gate);
        await gate.promise;
      }),
    },
    { slots: 2 },
  );
  for (let n = 0; n < 5; n++) leader.grant('waits', n);
  await leader.settle();
  expect([...gates.keys()]).toEqual([0, 1]);
  gates.get(1)?.resolve();
  await leader.settle();
  expect([...gates.keys()]).toEqual([0, 1, 2]);
  for (let n = 0; n < 5; n++) {
    gates.get(n)?.resolve();
    await leader.settle();
  }
  expect(leader.of('done').length).toBe(5);
});

test('a task that waits for steps holds no slot, and goes on ahead of new tasks', async () => {
  const order: string[] = [];
  const gate = deferred();
  const leader = new ScriptedLeader(
    {
      sleeps: task(async (ctx) => {
        await ctx.sleep('1 h');
        order.push('woken');
      }),
      blocks: task(async () => {
        order.push('blocks');
        await gate.promise;
      }),
      quick: task(async () => {
        order.push('quick');
      }),
    },
    { slots: 1 },
  );
  const sleeper = leader.grant('sleeps', undefined);
  leader.grant('blocks', undefined);
  leader.grant('quick', undefined);
  await leader.settle();
  expect(order).toEqual(['blocks']);
  leader.result(sleeper, 'sleep:0', undefined);
  await leader.settle();
  expect(order).toEqual(['blocks']);
  gate.resolve();
  await leader.settle();
  expect(order).toEqual(['blocks', 'woken', 'quick']);
});

test('a solo task runs with nothing beside it', async () => {
  const gates = [deferred(), deferred(), deferred()] as const;
  const entered: number[] = [];
  const leader = new ScriptedLeader({
    waits: task(async (_ctx, n: 0 | 1 | 2) => {
      entered.push(n);
      await gates[n].promise;
    }),
  });
  leader.grant('waits', 0);
  leader.grant('waits', 1, { solo: true });
  leader.grant('waits', 2);
  await leader.settle();
  expect(entered).toEqual([0]);
  gates[0].resolve();
  await leader.settle();
  expect(entered).toEqual([0, 1]);
  gates[1].resolve();
  await leader.settle();
  expect(entered).toEqual([0, 1, 2]);
});

test('no second task starts while the event loop answers slowly', async () => {
  const entered: number[] = [];
  const gate = deferred();
  const leader = new ScriptedLeader({
    hogs: task(async () => {
      entered.push(0);
      // Each turn of the event loop takes 50 ms of this task's computing.
      for (let turn = 0; turn < 60; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        leader.time.nowMs += 50;
      }
      await gate.promise;
    }),
    other: task(async () => {
      entered.push(1);
    }),
  });
  leader.grant('hogs', undefined);
  leader.grant('other', undefined);
  for (let i = 0; i < 4; i++) {
    leader.time.fireNext(leader.time.nowMs);
    await leader.settle();
  }
  expect(entered).toEqual([0]);
  await leader.settle();
  await leader.settle();
  await leader.pass(limits.secondTaskLoopDelayMs * 2);
  expect(entered).toEqual([0, 1]);
  gate.resolve();
});

test('an unstarted grant is given back when revoked, a started one is not', async () => {
  const gate = deferred();
  const leader = new ScriptedLeader({ waits: task(async () => gate.promise) }, { slots: 1 });
  const a = leader.grant('waits', undefined);
  const b = leader.grant('waits', undefined);
  await leader.settle();
  leader.send(toExecutor.revoke, 0, 7, a, toExecutor.revoke, 0, 7, b);
  gate.resolve();
  await leader.settle();
  expect(leader.of('returned').map(({ n }) => n)).toEqual([b]);
  expect(leader.of('done').map(({ n }) => n)).toEqual([a]);
});

test('a cancelled task has its signal aborted, and nothing that it still does is sent', async () => {
  const reasons: unknown[] = [];
  const gate = deferred();
  const leader = new ScriptedLeader(
    {
      works: task(async (ctx) => {
        ctx.signal.addEventListener('abort', () => reasons.push(ctx.signal.reason));
        await gate.promise;
        await ctx.run('never', () => reasons.push('ran'));
      }),
      next: task(() => 'ran'),
    },
    { slots: 1 },
  );
  const a = leader.grant('works', undefined);
  const b = leader.grant('next', undefined);
  await leader.settle();
  leader.cancel(a);
  gate.resolve();
  await leader.settle();
  expect(reasons).toMatchObject([{ code: 'TASK_CANCELLED' }]);
  expect(leader.messages.filter(({ n }) => n === a).map(({ op }) => op)).toEqual(['started']);
  expect(leader.done(b)).toBe('ran');
});

test('a task beyond its timeout is failed, retryable, its signal aborted and its timer gone', async () => {
  let signal: AbortSignal | undefined;
  const leader = new ScriptedLeader({
    hangs: task({ timeout: '2 s' }, async (ctx) => {
      signal = ctx.signal;
      await new Promise(() => undefined);
    }),
    quick: task({ timeout: '2 s' }, () => 1),
  });
  const n = leader.grant('hangs', undefined, { timeoutMs: 2_000 });
  leader.grant('quick', undefined, { timeoutMs: 2_000 });
  await leader.settle();
  expect(leader.time.timersSet).toBe(1);
  await leader.pass(1_999);
  expect(leader.failed(n)).toBeUndefined();
  await leader.pass(1);
  expect(leader.failed(n)).toMatchObject({ retryable: true, error: { code: 'TASK_TIMEOUT' } });
  expect(signal?.reason).toMatchObject({ code: 'TASK_TIMEOUT' });
  expect(leader.time.timersSet).toBe(0);
});

test('`started` is said once, before anything else of an attempt, and not of one that ends at once', async () => {
  const leader = new ScriptedLeader({
    quick: task(() => 1),
    steps: task(async (ctx) => {
      await ctx.run('a', () => 1);
      await ctx.sleep(1);
    }),
  });
  leader.grant('quick', undefined);
  await leader.settle();
  const before = leader.messages.length;
  const quick = leader.grant('quick', undefined);
  const n = leader.grant('steps', undefined);
  await leader.settle();
  expect(
    leader.messages
      .slice(before)
      .filter((m) => m.n === quick)
      .map(({ op }) => op),
  ).toEqual(['done']);
  expect(leader.messages.filter((m) => m.n === n).map(({ op }) => op)).toEqual(['started', 'stepRun', 'stepSleep']);
});

test('what there is to tell is sent before code that is not known to be short', async () => {
  let flatsWhenEntered = -1;
  const leader = new ScriptedLeader({
    quick: task(() => 1),
    unknown: task(() => {
      flatsWhenEntered = leader.of('done').length;
    }),
  });
  await leader.settle();
  leader.grantTogether('quick', 'unknown');
  await leader.settle();
  expect(flatsWhenEntered).toBe(1);
});

test('something thrown past all code fails the attempt it belongs to, once', async () => {
  let entered: Attempt | undefined;
  const watch = {
    entered: (attempt: Attempt) => {
      entered = attempt;
    },
    idle: () => undefined,
    deadline: () => undefined,
  };
  const leader = new ScriptedLeader({ waits: task(async () => new Promise(() => undefined)) }, { watch });
  const n = leader.grant('waits', undefined);
  await leader.settle();
  expect(leader.core.strayed(entered as Attempt, new Error('stray'))).toBe(true);
  expect(leader.core.strayed(entered as Attempt, new Error('again'))).toBe(false);
  await leader.settle();
  expect(leader.failed(n)).toMatchObject({ retryable: true, error: { cause: { message: 'stray' } } });
});

test('at rest it takes back what it asked for, ends what runs and takes what comes all the same, and asks for nothing more', async () => {
  const gate = deferred();
  const leader = new ScriptedLeader({ waits: task(() => gate.promise), quick: task(() => 1) }, { slots: 4 });
  let rested = 0;
  await leader.settle();
  leader.grant('waits', undefined);
  await leader.settle();
  expect(leader.wanted).toBe(4);
  leader.core.rest(() => rested++);
  await leader.settle();
  // What it asked for in all is what it got.
  expect([leader.wanted, rested]).toEqual([1, 0]);
  const crossing = leader.grant('quick', undefined);
  await leader.settle();
  expect(leader.done(crossing)).toBe(1);
  expect(rested).toBe(0);
  gate.resolve();
  await leader.settle();
  expect(rested).toBeGreaterThan(0);
  expect(leader.wanted).toBe(1);
});
