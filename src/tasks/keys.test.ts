import { describe, expect, test } from 'vitest';
import { decodeError } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { fromClient } from './messages.ts';
import { childKey, type Program } from './program.fixture.ts';
import { doneTable, keyTable, specTable, watcherTable } from './tables.ts';
import { World } from './world.fixture.ts';

const codeOf = (text: string | undefined): unknown => (decodeError(text ?? '') as { code?: unknown }).code;
const worldOf = (partitions = 3): World => new World({ partitions, executors: 2, seed: 'keys' });

const startKeyed = (world: World, key: string, program: Program): { id: string; request: number } => {
  const id = world.mintForKey('task', key);
  return { id, request: world.start(id, program, { key }) };
};

describe('idempotency keys', () => {
  test('the same key and input attach, whatever the state: to one task, with one outcome', () => {
    const world = worldOf();
    const program: Program = { ops: [{ op: 'run', value: 3 }] };
    const first = startKeyed(world, 'k', program);
    const second = startKeyed(world, 'k', program);
    world.run();
    const third = startKeyed(world, 'k', program);
    world.run();
    for (const { request } of [first, second, third]) expect(world.reply(request)).toEqual({ ok: true, text: '[3]' });
    const part = world.partOf(first.id);
    part.core.transact(0, (tx) => {
      expect([...tx.scan(specTable)]).toEqual([]);
      expect([...tx.scan(doneTable)].map(([key]) => key)).toEqual([taskKey(first.id)]);
    });
  });

  test('the same key with another input is a conflict that changes nothing; of another task it is another key', () => {
    const world = worldOf();
    startKeyed(world, 'k', { ops: [] });
    const other = startKeyed(world, 'k', { ops: [{ op: 'log' }] });
    world.run();
    expect(world.reply(other.request)?.ok).toBe(false);
    expect(codeOf(world.reply(other.request)?.text)).toBe('KEY_CONFLICT');
    const id = world.mintForKey('else', 'k');
    const request = world.start(id, { ops: [{ op: 'log' }] }, { key: 'k', name: 'else' });
    world.run();
    expect(world.reply(request)?.ok).toBe(true);
  });

  test('a failed one gives its stored error to whoever attaches, until retry', () => {
    const world = worldOf();
    const program: Program = { ops: [], end: 'fatal' };
    const first = startKeyed(world, 'k', program);
    world.run();
    const second = startKeyed(world, 'k', program);
    world.run();
    expect(world.reply(second.request)).toEqual(world.reply(first.request));
    const retry = world.ask(world.partOf(first.id), fromClient.retry, first.id);
    world.run();
    expect(world.reply(retry)?.ok).toBe(true);
  });

  test('a key that no store could hold is refused', () => {
    const world = worldOf();
    const { request } = startKeyed(world, 'x'.repeat(2_000), { ops: [] });
    world.run();
    expect(codeOf(world.reply(request)?.text)).toBe('OPTION_INVALID');
  });
});

describe('children with keys, over partitions', () => {
  const child: Program = {
    ops: [
      { op: 'sleep', ms: 50 },
      { op: 'run', value: 8 },
    ],
  };

  test('many parents that call it get one result, each in a record of its own, also over a crash in between', () => {
    const world = worldOf();
    const call: Program = { ops: [{ op: 'call', child, keyed: true }] };
    const requests = Array.from({ length: 20 }, (_, at) => {
      const id = world.mint(at % 3);
      return { id, request: world.start(id, call) };
    });
    world.run(world.now + 49);
    const id = world.mintForKey('task', childKey(child));
    const part = world.partOf(id);
    world.now += 1;
    for (let steps = 0; steps < 400; steps++) {
      const events = world.possible();
      if (events.length === 0) break;
      world.pick(events)();
      let left = 0;
      part.core.transact(0, (tx) => {
        left = [...tx.scan(watcherTable)].length;
      });
      if (left === 10) break;
    }
    world.crashLeader(part, 1);
    world.lead(part, []);
    for (const each of requests) each.request = world.start(each.id, call);
    world.run();
    for (const { request } of requests) expect(world.reply(request)).toEqual({ ok: true, text: '[[0,8]]' });
    part.core.transact(0, (tx) => expect([...tx.scan(watcherTable)]).toEqual([]));
  });

  test('ctx.start with a key gives the id that the key has, wherever it lies, and its outcome to all who join', () => {
    const world = worldOf();
    const parents = [0, 1, 2].map((partition) => world.mint(partition));
    const requests = parents.map((id) =>
      world.start(id, {
        ops: [
          { op: 'start', child, keyed: true },
          {
            op: 'all',
            ops: [
              { op: 'join', at: 0 },
              { op: 'join', at: 0 },
            ],
          },
        ],
      }),
    );
    world.run();
    for (const request of requests) expect(world.reply(request)?.text).toBe('[0,[[0,8],[0,8]]]');
    const ids = parents.map((id) => world.stepResults.get(`${id} 0`));
    expect(new Set(ids).size).toBe(1);
    const id = JSON.parse(ids[0] as string) as string;
    world.partOf(id).core.transact(0, (tx) => {
      expect(tx.get(doneTable, taskKey(id))).toBeDefined();
      expect([...tx.scan(keyTable)].length).toBe(1);
    });
  });

  test('a conflict is what ctx.call and ctx.start throw, in the partition of the parent and in another', () => {
    for (const partitions of [1, 3]) {
      const world = worldOf(partitions);
      const key = childKey(child);
      startKeyed(world, key, { ops: [{ op: 'log' }] });
      world.run();
      const id = world.mint(0);
      const request = world.start(id, {
        ops: [
          { op: 'start', child, keyed: true },
          { op: 'call', child, keyed: true },
        ],
      });
      world.run();
      expect(world.reply(request)?.text).toBe('[-1,-1]');
      expect(codeOf(world.stepResults.get(`${id} 0`))).toBe('KEY_CONFLICT');
    }
  });

  test('one that another task waits for too is not cancelled with the parent that began it', () => {
    const world = worldOf();
    const [first, second] = [world.mint(0), world.mint(1)];
    const call: Program = { ops: [{ op: 'call', child, keyed: true }] };
    world.start(first, call);
    world.run(world.now);
    const request = world.start(second, call);
    world.run(world.now);
    world.ask(world.partOf(first), fromClient.cancel, first);
    world.run();
    expect(world.reply(request)).toEqual({ ok: true, text: '[[0,8]]' });
  });
});
