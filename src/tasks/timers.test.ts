import { expect, test } from 'vitest';
import { taskKey } from '../values/task-id.ts';
import { type StateRow, stateTable, taskStatus } from './tables.ts';
import { type Part, World } from './world.fixture.ts';

const second = 1_000;
const hour = 3_600_000;

const sleeper = (world: World, ms: number): string => {
  const id = world.mint(0);
  world.start(id, { ops: [{ op: 'sleep', ms }] });
  world.run(world.now);
  return id;
};

const only = (world: World): Part => world.parts[0] as Part;
const worldOf = (): World => new World({ partitions: 1, executors: 1, seed: 'timers' });

const stateOf = (world: World, id: string): StateRow | undefined => {
  let state: StateRow | undefined;
  only(world).core.transact(0, (tx) => {
    state = tx.get(stateTable, taskKey(id));
  });
  return state;
};
const sleeps = (world: World, id: string): boolean => stateOf(world, id) !== undefined;

/** Lets `ms` pass, and everything happen that is due. */
const pass = (world: World, ms: number): void => {
  world.now += ms;
  world.run(world.now);
};

test('a sleep ends when record time says so, not before, and survives its leader (T8)', () => {
  const world = worldOf();
  const id = sleeper(world, 10 * second);
  pass(world, 9 * second);
  world.crashLeader(only(world), 9);
  world.lead(only(world), []);
  world.run(world.now);
  expect(sleeps(world, id)).toBe(true);
  pass(world, second);
  expect(sleeps(world, id)).toBe(false);
});

test('where the leader who wrote it was an hour ahead, the next one waits for the same record time (T8)', () => {
  const world = worldOf();
  const part = only(world);
  part.clockOff = hour;
  const id = sleeper(world, 10 * second);
  world.crashLeader(part, 9);
  part.clockOff = 0;
  world.lead(part, []);
  // Record time stands still until the clock has caught up: it never goes back, and no sleep is cut short by it.
  pass(world, 30 * second);
  expect(sleeps(world, id)).toBe(true);
  pass(world, hour);
  expect(sleeps(world, id)).toBe(false);
});

test('a clock that jumps back makes nothing due twice and loses nothing (T8)', () => {
  const world = worldOf();
  const part = only(world);
  const first = sleeper(world, 5 * second);
  part.clockOff = -hour;
  const later = sleeper(world, 5 * second);
  pass(world, 10 * second);
  expect([sleeps(world, first), sleeps(world, later)]).toEqual([true, true]);
  part.clockOff = 0;
  pass(world, 0);
  expect([sleeps(world, first), sleeps(world, later)]).toEqual([false, false]);
});

test('a task that begins later is queued when it is due, with its priority, by whoever leads then', () => {
  const world = worldOf();
  const part = only(world);
  const id = world.mint(0);
  world.start(id, { ops: [] }, { delayMs: 30 * second });
  world.run(world.now);
  expect(stateOf(world, id)?.status).toBe(taskStatus.scheduled);
  world.crashLeader(part, 9);
  world.lead(part, []);
  pass(world, 29 * second);
  expect(stateOf(world, id)?.status).toBe(taskStatus.scheduled);
  pass(world, second);
  expect(stateOf(world, id)).toBeUndefined();
});

test('a sleep is timed once by each leader, however often its task parks and comes back', () => {
  const world = worldOf();
  const part = only(world);
  const id = world.mint(0);
  const ops = Array.from({ length: 30 }, (_, at) => ({ op: 'sleep' as const, ms: at + 1 }));
  world.start(id, { ops: [{ op: 'all', ops: [...ops, { op: 'sleep', ms: hour }] }] });
  for (let at = 0; at < 30; at++) {
    pass(world, 1);
    for (const executor of world.executors) for (const attempt of executor.attempts.values()) attempt.park();
    world.run(world.now);
  }
  pass(world, 1);
  expect(part.tasks.timers.size).toBe(1);
  world.crashLeader(part, 9);
  world.lead(part, []);
  world.run(world.now);
  expect(part.tasks.timers.size).toBe(1);
  pass(world, hour);
  expect(sleeps(world, id)).toBe(false);
});

test('timers of tasks that have ended do not pile up until they are due', () => {
  const world = worldOf();
  const part = only(world);
  for (let at = 0; at < 2_500; at++) {
    const id = world.mint(0);
    const request = world.start(id, { ops: [] }, { delayMs: 30 * 24 * hour });
    world.ask(part, 5, id);
    while (part.appends.length > 0) world.land(part);
    expect(world.reply(request)?.ok).toBe(false);
  }
  expect(part.tasks.timers.size).toBeLessThan(1_100);
});

test('of tasks that are due at once the one of the higher priority is granted first', () => {
  const world = worldOf();
  const part = only(world);
  const policy = (priority: number): string => JSON.stringify([5, 1, 1, 1, 0, priority]);
  const ids = [1, 3, 2].map((priority) => {
    const id = world.mint(0);
    world.start(id, { ops: [{ op: 'work' }] }, { delayMs: second, policy: policy(priority) });
    return id;
  });
  while (part.appends.length > 0) world.land(part);
  world.now += second;
  world.fire(part);
  while (part.appends.length > 0) world.land(part);
  world.grant(part, world.executors[0] as never);
  expect([...part.tasks.live.values()].map(({ id }) => id)).toEqual([ids[1]]);
});
