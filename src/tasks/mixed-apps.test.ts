/** Executors of different versions of an app: each gets what it has, in order, and what nobody has waits for who has it. */
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { seededRandom } from '../values/hash.ts';
import { taskKey } from '../values/task-id.ts';
import { only, work, worldOf } from './one-partition.fixture.ts';
import type { Program } from './program.fixture.ts';
import { statusOf } from './status.ts';
import type { World } from './world.fixture.ts';

const old = new Set(['both', 'old', 'task']);
const fresh = new Set(['both', 'new', 'task']);

const isLacking = (world: World, id: string): boolean => {
  const part = world.partOf(id);
  let lacking: boolean | undefined;
  part.core.transact(world.now, (tx) => {
    lacking = statusOf(part.tasks, tx, taskKey(id))?.lacking;
  });
  return lacking === true;
};

describe('a task whose function nobody has', () => {
  test('says so, holds up nobody, and runs as soon as an executor comes that has it', () => {
    const world = worldOf({ executors: 0 });
    world.addExecutor(old);
    const id = world.mint(0);
    const waits = world.start(id, work, { name: 'new' });
    const others = Array.from({ length: 20 }, () => world.start(world.mint(0), work, { name: 'both' }));
    world.run();
    expect(world.reply(waits)).toBeUndefined();
    expect(isLacking(world, id)).toBe(true);
    expect(others.every((request) => world.reply(request)?.ok === true)).toBe(true);
    world.addExecutor(fresh);
    expect(isLacking(world, id)).toBe(false);
    world.run();
    expect(world.reply(waits)).toEqual({ ok: true, text: '[0]' });
    expect([only(world).tasks.aside.length, only(world).tasks.alive]).toEqual([0, 0]);
  });

  test('is taken over by the next leader, and can be cancelled', () => {
    const world = worldOf({ executors: 0 });
    world.addExecutor(old);
    const [one, two] = [world.mint(0), world.mint(0)];
    for (const id of [one, two]) world.start(id, work, { name: 'new' });
    world.run();
    const part = only(world);
    world.crashLeader(part, 10);
    world.lead(part, []);
    world.run();
    expect(isLacking(world, one)).toBe(true);
    world.ask(part, 4, two);
    world.addExecutor(fresh);
    world.run();
    expect(part.tasks.alive).toBe(0);
  });

  test('does not keep an executor from what it has, however many there are, and no step is long', () => {
    const world = worldOf({ executors: 0 });
    const executor = world.addExecutor(old);
    const part = only(world);
    const count = 2 * limits.asideTasksPerStep + 10;
    for (let at = 0; at < count; at++) world.start(world.mint(0), work, { name: 'new' });
    const last = world.start(world.mint(0), work, { name: 'old' });
    while (part.appends.length > 0) world.land(part);
    const given: number[] = [];
    do given.push(world.grant(part, executor, 1));
    while (part.tasks.asideStopped);
    expect(given).toEqual([0, 0, 1]);
    world.run();
    expect(world.reply(last)?.ok).toBe(true);
    expect(part.tasks.aside.count('new')).toBe(count);
  });
});

test('chunks of a map go to executors that have its task, and wait for one', () => {
  const world = worldOf({ executors: 0, partitions: 2 });
  world.addExecutor(new Set(['mapping']));
  const mapping: Program = { ops: [{ op: 'map', items: Array.from({ length: 20 }, () => work), collect: false }] };
  const request = world.start(world.mint(0), mapping, { name: 'mapping' });
  world.run();
  expect(world.reply(request)).toBeUndefined();
  expect(world.parts.reduce((sum, { tasks }) => sum + tasks.aside.count('task'), 0)).toBeGreaterThan(0);
  world.addExecutor(new Set(['task']));
  world.run();
  expect(world.reply(request)?.ok).toBe(true);
});

test('whatever executors come and go, nobody is given what it does not have, and all ends that can', () => {
  const names = ['both', 'old', 'new', 'gone'];
  for (let seed = 0; seed < 60; seed++) {
    const random = seededRandom(`mixed ${seed}`);
    const drawn = <T>(from: readonly T[]): T => from[Math.floor(random.fraction() * from.length)] as T;
    const world = worldOf({ executors: 0, seed: `mixed ${seed}`, partitions: 2, atOnce: random.fraction() });
    world.addExecutor(old);
    const requests = new Map<number, string>();
    for (let step = 0; step < 60; step++) {
      const choice = random.fraction();
      if (choice < 0.5) {
        const name = drawn(names);
        requests.set(world.start(world.mint(drawn([0, 1])), work, { name }), name);
      } else if (choice < 0.6 && world.executors.length < 5) world.addExecutor(drawn([old, fresh]));
      else if (choice < 0.65 && world.executors.length > 0) world.crashExecutor(drawn(world.executors));
      else if (choice < 0.68) {
        const part = drawn(world.parts);
        world.crashLeader(part, 10);
        world.lead(part, []);
      } else for (let count = 0; count < 10; count++) drawn(world.possible().concat(() => undefined))();
    }
    world.addExecutor(fresh);
    world.addExecutor(old);
    world.run();
    for (const [request, name] of requests) if (name === 'gone') expect(world.reply(request)).toBeUndefined();
    world.addExecutor(new Set(['gone']));
    world.run();
    expect(world.parts.map(({ tasks }) => [tasks.alive, tasks.readyFor(undefined)])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  }
});
