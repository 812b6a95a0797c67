import { expect, test } from 'vitest';
import type { TaskPage } from '../protocol/task-view.ts';
import { decodeError, decodeValue, encodeValue } from '../values/codec.ts';
import { fromClient } from './messages.ts';
import { excuseCanaries } from './request-canary.ts';
import { taskTables } from './tables.ts';
import { takeBackUnstarted } from './take-back.ts';
import { type Part, World } from './world.fixture.ts';

const worldOf = (): { world: World; part: Part } => {
  const world = new World({ partitions: 1, executors: 1, seed: 'canary' });
  return { world, part: world.parts[0] as Part };
};

const rowsLeft = ({ core }: Part): number => {
  let count = 0;
  core.transact(0, (tx) => {
    for (const table of taskTables) count += [...tx.scan<unknown>(table as never)].length;
  });
  return count;
};

test('a canary goes through an executor, also ahead of what waits, and nothing is left of it or told of it', () => {
  const { world, part } = worldOf();
  const [before] = world.executors;
  const canary = world.ask(part, fromClient.canary, world.mint(0));
  const listed = world.ask(part, fromClient.list, 0, encodeValue({}));
  // No executor wants anything: it is given out all the same, when its record is durable.
  expect(before?.inbox.length).toBe(0);
  world.land(part);
  expect(before?.inbox.length).toBe(1);
  world.run();
  expect(world.reply(canary)).toEqual({ ok: true, text: 'null' });
  expect((decodeValue(world.reply(listed)?.text ?? '') as TaskPage).tasks).toEqual([]);
  expect(rowsLeft(part)).toBe(0);
  expect([part.tasks.alive, part.tasks.live.size, [...part.tasks.counters.all()]]).toEqual([0, 0, []]);
});

test('a canary whose executor ends has failed, and nothing is left of it', () => {
  const { world, part } = worldOf();
  const canary = world.ask(part, fromClient.canary, world.mint(0));
  world.land(part);
  world.crashExecutor(world.executors[0] as never);
  world.run();
  expect(world.reply(canary)?.ok).toBe(false);
  expect(rowsLeft(part)).toBe(0);
});

test('where all executors are kept a canary goes to none, and is through when its record is durable', () => {
  const { world, part } = worldOf();
  world.kept = true;
  const canary = world.ask(part, fromClient.canary, world.mint(0));
  expect(world.reply(canary)).toBeUndefined();
  world.land(part);
  expect(world.reply(canary)).toEqual({ ok: true, text: 'null' });
  expect(world.executors[0]?.inbox).toEqual([]);
  world.run();
  expect([rowsLeft(part), part.tasks.alive, part.tasks.live.size]).toEqual([0, 0, 0]);
});

test('a canary whose executor is kept before it answers is through without it, and what it says later changes nothing', () => {
  const { world, part } = worldOf();
  const [canary, other] = [0, 0].map((partition) => world.ask(part, fromClient.canary, world.mint(partition)));
  const task = world.start(world.mint(0), { ops: [] });
  world.land(part);
  world.transact(part, (tx) => excuseCanaries(part.tasks, tx, 99));
  expect(part.tasks.live.size).toBe(2);
  world.transact(part, (tx) => excuseCanaries(part.tasks, tx, world.executors[0]?.number ?? -1));
  while (part.appends.length > 0) world.land(part);
  for (const request of [canary, other]) expect(world.reply(request as number)).toEqual({ ok: true, text: 'null' });
  expect(world.reply(task)).toBeUndefined();
  world.run();
  expect(world.replies.get(canary as number)).toHaveLength(1);
});

test('a canary under way to an executor that falls silent is not given back: it may yet be answered', () => {
  const { world, part } = worldOf();
  const canary = world.ask(part, fromClient.canary, world.mint(0));
  world.land(part);
  world.transact(part, (tx) => {
    expect(takeBackUnstarted(part.tasks, tx, world.executors[0]?.number ?? -1, undefined)).toBe(0);
  });
  world.run();
  expect(world.reply(canary)).toEqual({ ok: true, text: 'null' });
});

test('a new leader does away with canaries of the one before', () => {
  const { world, part } = worldOf();
  world.ask(part, fromClient.canary, world.mint(0));
  world.crashLeader(part, 1);
  world.lead(part, [], 'it was killed');
  world.run();
  expect(rowsLeft(part)).toBe(0);
  expect(part.tasks.alive).toBe(0);
});

test('where there is no executor a canary is refused', () => {
  const { world, part } = worldOf();
  world.executors.splice(0);
  const canary = world.ask(part, fromClient.canary, world.mint(0));
  world.run();
  expect(decodeError(world.reply(canary)?.text ?? '')).toMatchObject({ code: 'OVERLOADED' });
  expect(rowsLeft(part)).toBe(0);
});
