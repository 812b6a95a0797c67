import { expect, test } from 'vitest';
import { task } from '../../app/task.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

const deferred = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

test('progress is sent at most ten times a second, and the last one always', async () => {
  const gate = deferred();
  const leader = new ScriptedLeader({
    counts: task(async (ctx) => {
      for (let n = 1; n <= 50; n++) ctx.progress(n, 50);
      await gate.promise;
      ctx.progress(50, 50, 'ready');
    }),
  });
  leader.grant('counts', undefined);
  await leader.settle();
  expect(leader.time.timersSet).toBe(1);
  await leader.pass(99);
  expect(leader.of('progress').map(({ fields }) => fields)).toEqual([[1, 50, undefined]]);
  await leader.pass(1);
  expect(leader.of('progress').map(({ fields }) => fields)).toEqual([
    [1, 50, undefined],
    [50, 50, undefined],
  ]);
  gate.resolve();
  await leader.settle();
  expect(leader.of('progress').at(-1)?.fields).toEqual([50, 50, 'ready']);
});

test('log lines are numbered, and those that are recorded are not sent again', async () => {
  const leader = new ScriptedLeader({
    logs: task(async (ctx) => {
      ctx.log.info('one', { n: 1 });
      ctx.log.warn('two');
      ctx.log.error('three', { bad: () => 1 });
    }),
  });
  leader.grant('logs', undefined, { logCount: 1 });
  await leader.settle();
  expect(leader.of('log').map(({ fields }) => [fields[0], fields[1]])).toEqual([
    [1, 'warn'],
    [2, 'error'],
  ]);
  expect(leader.of('log')[1]?.fields[2]).toContain('three');
});
