import { expect, test } from 'vitest';
import { task } from '../../app/task.ts';
import { limits } from '../../limits.ts';
import { toExecutor } from '../../tasks/messages.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

test('it asks for its slots at first, and never has more asked for and unstarted than it aims at', async () => {
  const leader = new ScriptedLeader({ quick: task(() => 1) }, { slots: 8 });
  await leader.settle();
  expect(leader.wanted).toBe(8);
  for (let n = 0; n < 50; n++) {
    leader.grant('quick', undefined);
    leader.wanted--;
    await leader.settle();
  }
  // Known to be short by now: many are fetched ahead, within the bound.
  expect(leader.wanted).toBeGreaterThan(100);
  expect(leader.wanted).toBeLessThanOrEqual(1_024);
});

test('long tasks that keep the thread to themselves are fetched one at a time', async () => {
  const leader = new ScriptedLeader(
    {
      long: task(() => {
        leader.time.nowMs += 2_000;
      }),
    },
    { slots: 8 },
  );
  await leader.settle();
  for (let n = 0; n < 8; n++) {
    leader.wanted--;
    leader.grant('long', undefined);
  }
  await leader.settle();
  expect(leader.of('done').length).toBe(8);
  expect(leader.wanted).toBe(1);
});

test('beyond its bound of waiting tasks, and after a while of waiting, a task is parked and forgotten', async () => {
  let after = 0;
  const leader = new ScriptedLeader({
    sleeps: task(async (ctx) => {
      await ctx.sleep('1 day');
      after++;
    }),
  });
  const first = leader.grant('sleeps', undefined);
  for (let n = 0; n < limits.waitingTasksPerExecutorMax; n++) leader.grant('sleeps', undefined);
  for (let turn = 0; turn < 20; turn++) await leader.settle();
  expect(leader.of('park').map(({ n }) => n)).toEqual([first]);
  leader.result(first, 'sleep:0', undefined);
  await leader.pass(limits.waitingParkMs);
  expect(leader.of('park').length).toBe(limits.waitingTasksPerExecutorMax + 1);
  expect(after).toBe(0);
  expect(leader.time.timersSet).toBe(0);
});

test('a task is not parked while something of it is known to this memory alone', async () => {
  const leader = new ScriptedLeader({
    pauses: task(async (ctx) =>
      ctx.run(
        'flaky',
        () => {
          throw new Error('no');
        },
        { retry: { attempts: 2, first: '1 min' } },
      ),
    ),
    maps: task(async (ctx) => ctx.map(item, [1, 2, 3])),
    item: task((_ctx, n: number) => n),
  });
  const item = leader.core.app.definitions.get('item') as never;
  leader.grant('pauses', undefined);
  const mapper = leader.grant('maps', undefined);
  await leader.pass(limits.waitingParkMs * 2);
  expect(leader.of('park')).toEqual([]);
  leader.send(toExecutor.mapWant, 0, 7, mapper, 'map:item:0', 0, [3]);
  await leader.pass(limits.waitingParkMs * 2);
  expect(leader.of('park').map(({ n }) => n)).toEqual([mapper]);
});
