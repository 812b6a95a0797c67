import { expect, test } from 'vitest';
import { task } from '../../app/task.ts';
import { fromExecutor, toExecutor } from '../../tasks/messages.ts';
import { decodeValue } from '../../values/codec.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

const granting = 7;
const next = 9;

/** What the executor answers to the next leader. */
const called = async (leader: ScriptedLeader, epoch = next) => {
  leader.send(toExecutor.rollCall, 0, epoch);
  await leader.settle();
  const message = leader.of('runs').at(-1);
  return { going: message?.n as unknown, reports: (message?.fields[0] ?? []) as unknown[] };
};

const leaderOf = (tasks: ConstructorParameters<typeof ScriptedLeader>[0]) =>
  new ScriptedLeader(tasks, { keepsReports: true });

test('a task that has ended is named to the next leader, with its result, until one has acknowledged it', async () => {
  const leader = leaderOf({ double: task((_ctx, n: number) => n * 2) });
  const a = leader.grant('double', 1);
  const b = leader.grant('double', 2);
  await leader.settle();
  leader.send(toExecutor.taken, 0, granting, 1);
  const { going, reports } = await called(leader);
  expect(going).toEqual([granting, b]);
  expect(reports.slice(0, 4)).toEqual([fromExecutor.done, 0, granting, b]);
  expect(leader.done(a)).toBe(2);
  // Nobody has acknowledged it, so the one after that is told as well.
  expect((await called(leader, next + 1)).going).toEqual([granting, b]);
  leader.send(toExecutor.taken, 0, next + 1, 1);
  expect(await called(leader, next + 2)).toEqual({ going: [], reports: [] });
});

test('what an earlier leader acknowledges after another has asked counts no more', async () => {
  const leader = leaderOf({ double: task((_ctx, n: number) => n * 2) });
  const n = leader.grant('double', 1);
  await leader.settle();
  await called(leader);
  leader.send(toExecutor.taken, 0, granting, 1);
  expect((await called(leader, next + 1)).going).toEqual([granting, n]);
});

test('a task whose function has run goes on under the next leader, which is told the result again', async () => {
  let runs = 0;
  const leader = leaderOf({ works: task(async (ctx) => (await ctx.run('work', () => ++runs)) as number) });
  leader.confirmsRuns = false;
  const n = leader.grant('works', undefined);
  await leader.settle();
  const { going, reports } = await called(leader);
  expect(going).toEqual([granting, n]);
  expect(reports.slice(0, 4)).toEqual([fromExecutor.stepRun, 0, granting, n]);
  leader.confirm(n, reports[4] as string);
  await leader.settle();
  expect([leader.done(n), runs]).toEqual([1, 1]);
});

test('a leader that is met again and asks, too, leaves what its attempts reported to the next one', async () => {
  const leader = leaderOf({ works: task(async (ctx) => (await ctx.run('work', () => 1)) as number) });
  leader.confirmsRuns = false;
  const n = leader.grant('works', undefined);
  await leader.settle();
  expect(await called(leader, granting)).toEqual({ going: [], reports: [] });
  const { going, reports } = await called(leader);
  expect(going).toEqual([granting, n]);
  expect(reports.slice(0, 4)).toEqual([fromExecutor.stepRun, 0, granting, n]);
});

test('one that waits for its leader besides is given back, after the result of its function', async () => {
  let runs = 0;
  const leader = leaderOf({
    both: task(async (ctx) => {
      await Promise.all([ctx.run('work', () => ++runs), ctx.sleep('1 day')]);
    }),
  });
  leader.confirmsRuns = false;
  const n = leader.grant('both', undefined);
  await leader.settle();
  const { going, reports } = await called(leader);
  expect(going).toEqual([granting, n]);
  expect(reports[0]).toBe(fromExecutor.stepRun);
  expect(decodeValue(reports[7] as string)).toBe(1);
  expect(reports.slice(-4)).toEqual([fromExecutor.returned, 0, granting, n]);
});

test('what waits for its leader and has nothing to tell again is let go of, and not named', async () => {
  const leader = leaderOf({ sleeps: task((ctx) => ctx.sleep('1 day')) });
  leader.grant('sleeps', undefined);
  await leader.settle();
  expect(await called(leader)).toEqual({ going: [], reports: [] });
});

test('reports to a leader that cannot be reached are kept for the next one, and forgotten where none asks', async () => {
  const gate = Promise.withResolvers<void>();
  const leader = leaderOf({ waits: task(() => gate.promise) });
  const n = leader.grant('waits', undefined);
  await leader.settle();
  leader.core.dropPeer(0);
  gate.resolve();
  await leader.settle();
  expect(leader.done(n)).toBeUndefined();
  leader.core.addPeer(0);
  expect((await called(leader)).going).toEqual([granting, n]);
});
