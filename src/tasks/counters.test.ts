import { expect, test } from 'vitest';
import { defaultPolicy, encodePolicy } from '../app/policy.ts';
import { limits } from '../limits.ts';
import { type FunctionCounters, TaskCounters } from './counters.ts';
import { fromClient } from './messages.ts';
import type { Program } from './program.fixture.ts';
import { World } from './world.fixture.ts';

const policy = encodePolicy({ ...defaultPolicy, attempts: 3, backoffFirstMs: 100 });

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

test('what became of tasks is counted by name: of those that went well, failed, or were cancelled, and of items of maps', () => {
  const world = new World({ partitions: 1, executors: 1, seed: 'counters', policy });
  const start = (name: string, program: Program, delayMs = 0): string => {
    const id = world.mint(0);
    world.start(id, program, { name, delayMs });
    return id;
  };
  start('well', { ops: [] });
  start('flaky', { ops: [], end: { flaky: 1 } });
  start('bad', { ops: [], end: 'fail' });
  const items = Array.from({ length: 30 }, (): Program => ({ ops: [] }));
  start('maps', { ops: [{ op: 'map', items, collect: false }] });
  const late = start('late', { ops: [] }, 5_000);
  world.run(world.now + 1_000);
  world.ask(world.parts[0] as never, fromClient.cancel, late);
  start('late', { ops: [] }, 50);
  world.run(world.now + 1_000);

  const found = Object.fromEntries(world.parts[0]?.tasks.counters.all() ?? []) as Record<string, FunctionCounters>;
  expect(found['well']).toMatchObject({ started: 1, completed: 1, failedAttempts: 0, alive: 0, running: 0 });
  expect(found['flaky']).toMatchObject({ started: 1, completed: 1, failed: 0, failedAttempts: 1, scheduled: 0 });
  expect(found['bad']).toMatchObject({ started: 1, completed: 0, failed: 1, failedAttempts: 3 });
  expect(found['late']).toMatchObject({ started: 2, completed: 1, cancelled: 1, scheduled: 0, alive: 0 });
  expect(found['maps']).toMatchObject({ started: 1, completed: 1 });
  // Its map's task.
  expect(found['task']).toMatchObject({ started: 0, items: 30 });
  expect(sum(found['bad']?.runTime.counts ?? [])).toBe(3);
  expect(sum(found['late']?.waitTime.counts ?? [])).toBe(1);
  // From when it was due, not from when it was made.
  expect(found['late']?.waitTime.sumMs).toBe(0);
});

test('beyond so many names all others are counted together', () => {
  const counters = new TaskCounters();
  for (let name = 0; name < limits.functionsCountedMax + 10; name++) counters.of(`task ${name}`).started++;
  const all = [...counters.all()];
  expect(all.length).toBe(limits.functionsCountedMax + 1);
  expect(all.at(-1)).toMatchObject([undefined, { started: 10 }]);
});
