/** Starts that are repeated after their task was removed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { decodeError } from '../values/codec.ts';
import { mintTaskId, taskKey, withHash } from '../values/task-id.ts';
import { killAll, landAll, only, worldOf } from './one-partition.fixture.ts';
import { removeExpired } from './retention.ts';
import { doneTable, specTable } from './tables.ts';
import type { World } from './world.fixture.ts';

type StartOptions = Parameters<World['start']>[2];

/** Starts a task that ends at once, and runs it; `ok`, or the code of the refusal. */
const start = (world: World, id: string, more: StartOptions = { repeatable: true }): unknown => {
  const request = world.start(id, { ops: [] }, more);
  settle(world);
  const reply = world.reply(request);
  return reply?.ok === true ? 'ok' : (decodeError(reply?.text ?? '') as TuttiError).code;
};

/** Lets everything happen but the passing of time and the removal of what is finished. */
const settle = (world: World): void => {
  for (let events = world.possible(); events.length > 0; events = world.possible()) world.pick(events)();
};

const remove = (world: World): number => {
  let removed = 0;
  world.transact(only(world), (tx) => {
    removed = removeExpired(only(world).tasks, tx, 100);
  });
  settle(world);
  return removed;
};

const minted = (world: World): string => {
  world.now += 1;
  return world.mint(0);
};

test('a start that may have run and have been removed is refused, also by a new leader; newer ones are run', () => {
  const world = worldOf({ retentionTasks: 1 });
  const [early, first, second] = [minted(world), minted(world), minted(world)];
  for (const id of [first, second]) expect([start(world, id), start(world, id)]).toEqual(['ok', 'ok']);
  expect(remove(world)).toBe(1);
  for (let leaders = 0; leaders < 2; leaders++) {
    expect([start(world, first), start(world, early)]).toEqual(['REQUEST_EXPIRED', 'REQUEST_EXPIRED']);
    expect([start(world, second), only(world).tasks.alive]).toEqual(['ok', 0]);
    killAll(world, undefined);
  }
  const refused = world.start(first, { ops: [] }, { repeatable: true });
  settle(world);
  expect(decodeError(world.reply(refused)?.text ?? '')).toMatchObject({
    outcome: 'unknown',
    retry: 'never',
    details: { id: first, timeMs: world.now },
  });
  expect(start(world, minted(world))).toBe('ok');
});

test('an id that was never sent before is not refused, however old', () => {
  const world = worldOf({ retentionTasks: 0 });
  const [old, id] = [minted(world), minted(world)];
  start(world, id);
  remove(world);
  expect(start(world, old, { repeatable: false })).toBe('ok');
});

test('of a start with a key: refused once its task was removed, while the key leads to a task it attaches', () => {
  const world = worldOf({ retentionTasks: 1 });
  const id = minted(world);
  const keyed = withHash(world.mintForKey('task', 'k'), 0);
  const more = { key: 'k', repeatable: true };
  expect(start(world, id, more)).toBe('ok');
  expect(start(world, keyed, more)).toBe('ok');
  start(world, minted(world), { key: 'other', repeatable: true });
  start(world, minted(world), { key: 'another', repeatable: true });
  remove(world);
  expect(start(world, id, more)).toBe('REQUEST_EXPIRED');
  expect(start(world, minted(world), more)).toBe('ok');
});

test('children that were removed do not count: nobody starts them again', () => {
  const world = worldOf({ retentionTasks: 1 });
  const id = minted(world);
  world.now += 10;
  const parent = world.mint(0);
  world.start(parent, {
    ops: [
      { op: 'call', child: { ops: [] } },
      { op: 'sleep', ms: 100 },
    ],
  });
  settle(world);
  start(world, minted(world), { repeatable: false, key: 'kept' });
  expect(remove(world)).toBe(1);
  expect(only(world).tasks.newestRemoved).toBe('');
  expect(start(world, id)).toBe('ok');
});

test('an id from the future is refused: it would keep others from being run', () => {
  const world = worldOf();
  const mint = (time: number): string => mintTaskId(1, time, world.random.bytes(9));
  expect(start(world, mint(world.now + limits.mintedAheadMs))).toBe('ok');
  expect(start(world, mint(world.now + limits.mintedAheadMs + 1))).toBe('OPTION_INVALID');
});

test('whatever is repeated, removed and lost with a leader: what was acknowledged never begins a second time', () => {
  const action = fc.constantFrom('mint', 'send', 'send', 'send', 'settle', 'remove', 'crash');
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.nat(3), fc.string(), (actions, retentionTasks, seed) => {
      const world = worldOf({ retentionTasks, seed });
      const part = only(world);
      const ids = [minted(world)];
      const sent: (readonly [id: string, request: number])[] = [];
      const isHere = (id: string): boolean => {
        let here = false;
        part.core.transact(0, (tx) => {
          here = tx.get(specTable, taskKey(id)) !== undefined || tx.get(doneTable, taskKey(id)) !== undefined;
        });
        return here;
      };
      const send = (id: string): void => {
        const was = isHere(id);
        const acknowledged = sent.some(([each, request]) => each === id && world.reply(request)?.ok === true);
        sent.push([id, world.start(id, { ops: [] }, { repeatable: true })]);
        if (acknowledged && !was) expect(isHere(id)).toBe(false);
      };
      for (const each of actions) {
        if (each === 'mint') ids.push(minted(world));
        else if (each === 'send') send(world.pick(ids));
        else if (each === 'settle') settle(world);
        else if (each === 'remove') remove(world);
        else {
          const running = world.crashLeader(part, Math.floor(world.random.fraction() * 3));
          world.lead(
            part,
            running.map(({ executor, epoch, n }) => ({ epoch, n, executor: executor.number })),
          );
        }
      }
      settle(world);
      for (const id of ids) send(id);
      landAll(part, world);
    }),
    { numRuns: 300 },
  );
});
