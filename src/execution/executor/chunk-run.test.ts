import { expect, test } from 'vitest';
import { task } from '../../app/task.ts';
import type { TaskContext } from '../../app/task-context.ts';
import { decodeError } from '../../values/codec.ts';
import { decodeOutcomes, encodeOutcomes, ItemFailure } from './chunk-outcomes.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

const outcomesOf = (leader: ScriptedLeader, n: number): unknown[] =>
  decodeOutcomes(leader.of('done', n)[0]?.fields[0] as string);

test('a chunk runs its task for each item, in order, one after the other', async () => {
  const order: string[] = [];
  const leader = new ScriptedLeader({
    square: task(async (ctx, n: number) => {
      order.push(`${n} in ${ctx.id}`);
      await null;
      order.push(`${n} out`);
      return n * n;
    }),
    plain: task((_ctx, n: number) => n + 1),
  });
  const a = leader.grantChunk('square', 100, [1, 2, 3], { id: 'chunk' });
  const b = leader.grantChunk('plain', 0, [1, 2, 3]);
  await leader.settle();
  expect(outcomesOf(leader, a)).toEqual([1, 4, 9]);
  expect(outcomesOf(leader, b)).toEqual([2, 3, 4]);
  expect(order).toEqual(['1 in chunk/100', '1 out', '2 in chunk/101', '2 out', '3 in chunk/102', '3 out']);
});

test('an item is tried again in place, without its neighbours, and holds no slot meanwhile', async () => {
  const runs: number[] = [];
  const attempts: number[] = [];
  const leader = new ScriptedLeader(
    {
      flaky: task({ retry: { attempts: 3, first: '1 s', factor: 1 } }, async (ctx, n: number) => {
        runs.push(n);
        attempts.push(ctx.attempt);
        if (n === 2 && runs.filter((run) => run === 2).length < 3) throw new Error('again');
        return n;
      }),
      other: task(() => 'other'),
    },
    { slots: 1 },
  );
  const n = leader.grantChunk('flaky', 0, [1, 2, 3]);
  const other = leader.grant('other', undefined);
  await leader.settle();
  expect(leader.done(other)).toBe('other');
  await leader.pass(2_000);
  expect(runs).toEqual([1, 2, 2, 2, 3]);
  expect(attempts).toEqual([1, 1, 2, 3, 1]);
  expect(outcomesOf(leader, n)).toEqual([1, 2, 3]);
});

test('an item that failed all its attempts fails the chunk, with its index; with collect it is an outcome', async () => {
  const leader = new ScriptedLeader({
    checks: task({ retry: { attempts: 2, first: 1 } }, (_ctx, n: number) => {
      if (n === 12) throw new RangeError(`${n} is bad`);
      return n;
    }),
  });
  const failing = leader.grantChunk('checks', 10, [10, 11, 12, 13]);
  const collecting = leader.grantChunk('checks', 10, [10, 11, 12, 13], { collect: true });
  await leader.pass(10);
  expect(leader.failed(failing)).toMatchObject({
    retryable: false,
    error: { code: 'TASK_FAILED', details: { index: 2 + 10 }, cause: { name: 'RangeError' } },
  });
  const [a, b, c, d] = outcomesOf(leader, collecting);
  expect([a, b, d]).toEqual([10, 11, 13]);
  expect((c as ItemFailure).error).toMatchObject({ name: 'RangeError', message: '12 is bad' });
});

test('T6: steps of items are journaled under their index in the map, and a chunk that begins again repeats none', async () => {
  const done: string[] = [];
  const leader = new ScriptedLeader({
    steps: task(async (ctx, n: number) => {
      const a = await ctx.run('a', () => {
        done.push(`a${n}`);
        return n;
      });
      await ctx.sleep(1);
      return a;
    }),
  });
  const first = leader.grantChunk('steps', 5, [50, 60]);
  await leader.settle();
  leader.result(first, 'i5:sleep:0', undefined);
  await leader.settle();
  expect(leader.steps(first)).toEqual(['i5:run:a:0', 'i5:sleep:0', 'i6:run:a:0', 'i6:sleep:0']);
  leader.cancel(first);
  const second = leader.grantChunk('steps', 5, [50, 60], { journalOf: first });
  await leader.settle();
  leader.result(second, 'i6:sleep:0', undefined);
  await leader.settle();
  expect(outcomesOf(leader, second)).toEqual([50, 60]);
  expect(done).toEqual(['a50', 'a60']);
  expect(leader.steps(second)).toEqual([]);
});

test('an item that is tried again is told its recorded steps again and does none twice', async () => {
  const done: string[] = [];
  let tries = 0;
  const leader = new ScriptedLeader({
    steps: task({ retry: { attempts: 3, first: '1 s' } }, async (ctx, n: number) => {
      const a = await ctx.run('a', () => {
        done.push(`a${n}`);
        return n;
      });
      if (n === 1 && ++tries < 3) throw new Error('again');
      const b = await ctx.run('b', () => {
        done.push(`b${n}`);
        return 10;
      });
      return a + b;
    }),
  });
  const n = leader.grantChunk('steps', 0, [0, 1, 2]);
  await leader.pass(60_000);
  expect(outcomesOf(leader, n)).toEqual([10, 11, 12]);
  expect(done).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2']);
});

test('a late item fails by its own timeout and is tried again; what its first try still does is ignored', async () => {
  let tries = 0;
  let wake = (): void => undefined;
  const leader = new ScriptedLeader({
    slow: task({ timeout: '5 s', retry: { attempts: 2, first: '1 s' } }, async (ctx: TaskContext, n: number) => {
      if (++tries === 1) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        await ctx.run('zombie', () => 1);
      }
      return n;
    }),
  });
  const n = leader.grantChunk('slow', 0, [3], { timeoutMs: 1 });
  await leader.pass(5_000);
  wake();
  await leader.pass(1_000);
  expect(outcomesOf(leader, n)).toEqual([3]);
  expect(leader.steps(n)).toEqual([]);
});

test('a chunk lets others of the thread come to their turn, but no new task starts beside it while it computes', async () => {
  let other = false;
  let cancelledAt = -1;
  const leader = new ScriptedLeader({
    computes: task((_ctx, n: number) => {
      leader.time.nowMs += 4;
      if (n === 50) cancelledAt = n;
      return n;
    }),
    other: task(() => {
      other = true;
    }),
  });
  const n = leader.grantChunk(
    'computes',
    0,
    Array.from({ length: 1_000 }, (_, i) => i),
  );
  leader.grant('other', undefined);
  await leader.settle();
  expect(other).toBe(false);
  leader.cancel(n);
  await leader.settle();
  expect(cancelledAt).toBe(-1);
  expect(other).toBe(true);
});

test('async items that need no waiting do not keep the event loop from turning', async () => {
  let turns = 0;
  const leader = new ScriptedLeader({
    quick: task(async (_ctx, n: number) => {
      leader.time.nowMs += 1;
      return n;
    }),
  });
  const n = leader.grantChunk(
    'quick',
    0,
    Array.from({ length: 100 }, (_, i) => i),
  );
  while (leader.of('done', n).length === 0) {
    turns++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(turns).toBeGreaterThan(5);
});

test('outcomes keep values and failures apart, whatever they look like', () => {
  const values = [
    1,
    undefined,
    { $failed: 1 },
    { $failed: 1, also: 2 },
    '"$failed"',
    [{ $failed: { $error: {} } }],
    new Date(3),
    -0,
  ];
  expect(decodeOutcomes(encodeOutcomes(values, false, () => ''))).toEqual(values);
  const failure = new ItemFailure('{"$error":{"name":"Error","message":"no"}}');
  const mixed = decodeOutcomes(encodeOutcomes([...values, failure], true, () => ''));
  expect(mixed.slice(0, -1)).toEqual(values);
  expect(decodeError((mixed.at(-1) as ItemFailure).errorText).message).toBe('no');
});
