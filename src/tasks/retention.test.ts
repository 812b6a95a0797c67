import { expect, test } from 'vitest';
import { fromClient } from './messages.ts';
import { finishedCount, removeExpired } from './retention.ts';
import { doneTable, inputTable, keyTable, logTable, stepTable } from './tables.ts';
import { inlineInputChars } from './task-rows.ts';
import { type Part, World } from './world.fixture.ts';

/** Makes the input a row by itself. */
const long = 'x'.repeat(inlineInputChars);

const only = (world: World): Part => world.parts[0] as Part;

/** A finished task with a step and a line; its id. */
const finished = (world: World, key?: string, fatal = false): string => {
  const id = key === undefined ? world.mint(0) : world.mintForKey('task', key);
  world.start(
    id,
    { ops: [{ op: 'run', value: 1 }, { op: 'log' }], ...(fatal ? { end: 'fatal' } : {}), long },
    key === undefined ? {} : { key },
  );
  settle(world);
  world.now += 1;
  return id;
};

/** Without removing anything. */
const settle = (world: World): void => {
  for (let events = world.possible(); events.length > 0; events = world.possible()) world.pick(events)();
};

const kept = (world: World): number[] => {
  const counts: number[] = [];
  only(world).core.transact(0, (tx) => {
    for (const table of [inputTable, doneTable, stepTable, logTable, keyTable])
      counts.push([...tx.scan<unknown>(table)].length);
  });
  return counts;
};

const remove = (world: World, most = 100): number => {
  let removed = 0;
  world.transact(only(world), (tx) => {
    removed = removeExpired(only(world).tasks, tx, most);
  });
  settle(world);
  return removed;
};

test('finished tasks go when their time is over, with everything that belongs to them', () => {
  const world = new World({ partitions: 1, executors: 1, seed: 'r', retentionMs: 1_000 });
  finished(world);
  finished(world, 'key');
  expect([remove(world), kept(world)]).toEqual([0, [2, 2, 2, 2, 1]]);
  world.now += 998;
  expect([remove(world), kept(world)]).toEqual([1, [1, 1, 1, 1, 1]]);
  world.now += 1;
  expect([remove(world), kept(world)]).toEqual([1, [0, 0, 0, 0, 0]]);
});

test('beyond their number the oldest go, those without a key first, so many at a time as is asked', () => {
  const world = new World({ partitions: 1, executors: 1, seed: 'r', retentionTasks: 2 });
  for (const key of ['a', undefined, 'b', undefined, 'c', undefined]) finished(world, key);
  expect(finishedCount(only(world).tasks)).toBe(6);
  expect(remove(world, 1)).toBe(1);
  expect(remove(world)).toBe(3);
  expect(kept(world)).toEqual([2, 2, 2, 2, 2]);
  expect(remove(world)).toBe(0);
});

test('one that was retried stays while it is alive, and then as what ended last; the number kept is right', () => {
  const world = new World({ partitions: 1, executors: 1, seed: 'r', retentionTasks: 2 });
  const id = finished(world, undefined, true);
  finished(world);
  world.stepResults.clear();
  world.ask(only(world), fromClient.retry, id);
  settle(world);
  expect(finishedCount(only(world).tasks)).toBe(2);
  expect(remove(world)).toBe(0);
  finished(world);
  remove(world);
  expect(kept(world)[1]).toBe(2);
  only(world).core.transact(0, (tx) =>
    expect([...tx.scan(doneTable)].some(([, { status }]) => status === 5)).toBe(true),
  );
});

test('a new leader knows them again, page by page, also those that end meanwhile, and removes nothing before', () => {
  const world = new World({ partitions: 1, executors: 1, seed: 'r', retentionTasks: 3 });
  const part = only(world);
  for (let at = 0; at < 10; at++) finished(world, at % 2 === 0 ? `k${at}` : undefined);
  expect(part.tasks.finishedMeanwhile).toBeUndefined();
  world.crashLeader(part, 9);
  world.lead(part, []);
  settle(world);
  expect(finishedCount(part.tasks)).toBe(10);
  part.tasks.finishedMeanwhile = new Set();
  expect(remove(world)).toBe(0);
  part.tasks.finishedMeanwhile = undefined;
  expect(remove(world)).toBe(7);
  expect(kept(world)).toEqual([3, 3, 3, 3, 3]);
});
