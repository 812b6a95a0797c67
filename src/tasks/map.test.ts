import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { encodeError } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { takeExecutorMessage } from './machine.ts';
import { chunkSize } from './map.ts';
import { type Flat, fromClient, fromExecutor, toExecutor } from './messages.ts';
import type { Program } from './program.fixture.ts';
import { chunkKey, chunkTable, mapTable, rowKey, stateTable } from './tables.ts';
import { textBytesMax } from './text-size.ts';
import { type Part, World } from './world.fixture.ts';

const measured = (itemMs: number | undefined, largest: number, itemChars = 0) => ({ itemMs, largest, itemChars });

describe('the size of a chunk', () => {
  test('is one item until an item was measured, then what takes the target time, growing eightfold at most', () => {
    expect(chunkSize(1_000_000, measured(undefined, 1), 6)).toBe(1);
    expect(chunkSize(1_000_000, measured(10, 64), 6)).toBe(10);
    expect(chunkSize(1_000_000, measured(0.01, 1), 6)).toBe(8);
    expect(chunkSize(1_000_000, measured(0, 1_000_000), 6)).toBe(limits.chunkItemsMax);
    expect(chunkSize(1_000_000, measured(10_000, 64), 6)).toBe(1);
  });

  test('shrinks towards the end, never beyond what is left, and with the size of results', () => {
    expect(chunkSize(12, measured(0.01, 1_000), 6)).toBe(2);
    expect(chunkSize(1, measured(0.01, 1_000), 6)).toBe(1);
    expect(chunkSize(1_000_000, measured(0.01, 1_000, limits.chunkTextCharsMax / 3), 6)).toBe(3);
  });
});

/** A task whose only attempt this test speaks for; `tell` is a report of it. */
class Parent {
  readonly world: World;
  readonly part: Part;
  readonly id: string;

  constructor(executors = 2) {
    this.world = new World({ partitions: 1, executors, seed: 'map' });
    this.part = this.world.parts[0] as Part;
    this.id = this.world.mint(0);
    this.world.start(this.id, { ops: [] });
    this.land();
    this.grant();
  }

  land(): void {
    while (this.part.appends.length > 0) this.world.land(this.part);
  }

  /** Grants what is ready: the ids of it. */
  grant(): string[] {
    this.land();
    const executor = this.world.executors[0];
    if (executor === undefined) return [];
    this.world.grant(this.part, executor, 100);
    this.land();
    return this.told(toExecutor.grant).map((flat) => flat[4] as string);
  }

  get attempt(): { readonly epoch: number; readonly n: number } {
    return this.attemptOf(this.id);
  }

  attemptOf(id: string): { readonly epoch: number; readonly n: number } {
    const live = this.part.tasks.live.get(taskKey(id));
    if (live === undefined) throw new Error(`${id} has no attempt`);
    return live;
  }

  report(id: string, op: number, ...fields: readonly unknown[]): void {
    const { epoch, n } = this.attemptOf(id);
    const flat: Flat = [op, 0, epoch, n, ...fields];
    this.world.transact(this.part, (tx) => takeExecutorMessage(this.part.tasks, tx, flat, 0));
  }

  tell(op: number, ...fields: readonly unknown[]): void {
    this.report(this.id, op, ...fields);
  }

  open(count: number, collect = 0, concurrency = 0): void {
    this.tell(fromExecutor.mapOpen, 'm', '', 'each', count, undefined, collect, concurrency);
  }

  chunk(from: number, to: number): void {
    this.tell(
      fromExecutor.mapChunk,
      'm',
      from,
      to,
      JSON.stringify(Array.from({ length: to - from }, (_, at) => from + at)),
    );
  }

  /** What executors were told with this op since the last time. */
  told(op: number): Flat[] {
    this.land();
    const found: Flat[] = [];
    for (const { inbox } of this.world.executors) {
      found.push(...inbox.filter(({ flat }) => flat[0] === op).map(({ flat }) => flat));
      inbox.splice(0, inbox.length, ...inbox.filter(({ flat }) => flat[0] !== op));
    }
    return found;
  }

  wants(): { readonly from: number; readonly sizes: readonly number[] }[] {
    return this.told(toExecutor.mapWant).map((flat) => ({ from: flat[5] as number, sizes: flat[6] as number[] }));
  }

  borders(): (readonly [from: number, to: number])[] {
    const found: (readonly [number, number])[] = [];
    this.part.core.transact(0, (tx) => {
      for (const [, row] of tx.scan(chunkTable)) found.push([row.from, row.to]);
    });
    return found;
  }

  /** The leader dies with what is not durable; the next one grants the parent anew. */
  restart(): void {
    this.world.crashLeader(this.part, 0);
    this.world.lead(this.part, []);
    this.grant();
  }
}

describe('borders of chunks (T6)', () => {
  test('a chunk that was created is in the rows with its border; the next begins there, whatever is measured meanwhile', () => {
    const parent = new Parent();
    parent.open(100);
    expect(parent.wants()).toEqual([{ from: 0, sizes: [1, 1, 1, 1, 1, 1] }]);
    parent.chunk(0, 1);
    parent.chunk(1, 2);
    parent.land();
    // This one does not become durable.
    parent.chunk(2, 3);
    parent.restart();
    parent.open(100);
    expect(parent.wants()[0]?.from).toBe(2);
    parent.chunk(2, 7);
    parent.chunk(7, 10);
    parent.land();
    expect(parent.borders()).toEqual([
      [0, 1],
      [1, 2],
      [2, 7],
      [7, 10],
    ]);
  });

  test('a chunk that is handed over twice, leaves a gap or goes beyond the end is not created', () => {
    const parent = new Parent();
    parent.open(5);
    parent.chunk(0, 2);
    parent.chunk(0, 2);
    parent.chunk(1, 3);
    parent.chunk(3, 4);
    parent.chunk(2, 6);
    parent.chunk(2, 2);
    parent.chunk(2, 5);
    expect(parent.borders()).toEqual([
      [0, 2],
      [2, 5],
    ]);
  });

  test('chunks cut shorter than asked are asked for again', () => {
    const parent = new Parent(1);
    parent.open(30);
    expect(parent.wants()).toEqual([{ from: 0, sizes: [1, 1, 1] }]);
    for (const from of [0, 1, 2]) parent.chunk(from, from + 1);
    const chunks = parent.grant().filter((id) => id !== parent.id);
    parent.report(chunks[0] as string, fromExecutor.done, '[0]', 1);
    const [want] = parent.wants();
    expect(want).toEqual({ from: 3, sizes: [8] });
    parent.chunk(3, 5);
    parent.report(chunks[1] as string, fromExecutor.done, '[0]', 1);
    expect(parent.wants()[0]?.from).toBe(5);
  });

  test('never more chunks are under way than are good for the executors, or than the code allows', () => {
    const parent = new Parent(2);
    parent.open(1_000, 0, 2);
    expect(parent.wants()).toEqual([{ from: 0, sizes: [1, 1] }]);
  });
});

describe('how a map ends', () => {
  test('an empty one has its result at once', () => {
    const parent = new Parent();
    parent.open(0);
    const results = parent.told(toExecutor.stepResult);
    expect(results.map((flat) => flat.slice(4, 7))).toEqual([['m', 1, '']]);
  });

  test('with the last chunk; results of an attempt that begins later follow its grant, and opening it again adds no step', () => {
    const parent = new Parent();
    parent.open(2);
    parent.chunk(0, 1);
    parent.chunk(1, 2);
    for (const id of parent.grant().filter((each) => each !== parent.id))
      parent.report(id, fromExecutor.done, '["r"]', 1);
    parent.land();
    parent.restart();
    expect(parent.told(toExecutor.mapResult).map((flat) => flat.slice(5, 8))).toEqual([
      [0, 1, '["r"]'],
      [1, 2, '["r"]'],
    ]);
    expect(parent.part.tasks.live.get(taskKey(parent.id))?.steps).toBe(1);
  });

  test('that ends while the next attempt is on its way to open it again has one step and one result', () => {
    const parent = new Parent();
    parent.open(1);
    parent.chunk(0, 1);
    const [chunk] = parent.grant().filter((id) => id !== parent.id);
    parent.tell(fromExecutor.park, 0);
    parent.land();
    // It is granted for another reason, while the map is pending.
    parent.part.tasks.queue.push(taskKey(parent.id), 0, 0, true);
    parent.world.transact(parent.part, (tx) => {
      const state = tx.get(stateTable, taskKey(parent.id));
      if (state !== undefined) tx.put(stateTable, taskKey(parent.id), { ...state, status: 1 });
    });
    parent.grant();
    parent.report(chunk as string, fromExecutor.done, '[1]', 1);
    parent.open(1);
    expect(parent.part.tasks.live.get(taskKey(parent.id))?.steps).toBe(1);
    expect(parent.told(toExecutor.stepResult).length).toBe(1);
  });

  test('with the first failure, which cancels the rest; or, where errors are collected, a chunk that failed as a whole counts for its items', () => {
    const error = encodeError(new Error('crashed'));
    const failing = new Parent();
    failing.open(3);
    failing.chunk(0, 1);
    failing.chunk(1, 3);
    const chunks = failing.grant().filter((id) => id !== failing.id);
    failing.report(chunks[0] as string, fromExecutor.failed, error, 0, 1);
    failing.world.run();
    expect(failing.part.tasks.alive).toBe(1);
    const collecting = new Parent();
    collecting.open(3, 1);
    collecting.chunk(0, 1);
    collecting.chunk(1, 3);
    const [first, second] = collecting.grant().filter((id) => id !== collecting.id);
    collecting.report(first as string, fromExecutor.done, '[1]', 1);
    collecting.report(second as string, fromExecutor.failed, error, 0, 1);
    const results = collecting.told(toExecutor.mapResult).map((flat) => flat[7] as string);
    expect(results).toEqual(['[1]', `[{"$failed":${error}},{"$failed":${error}}]`]);
    expect(collecting.told(toExecutor.stepResult).map((flat) => flat[5])).toEqual([1]);
  });

  test('a million items cost the parent a cursor, counters and a row a chunk, and the leader nothing for each', () => {
    const parent = new Parent(1);
    parent.open(1_000_000);
    let cursor = 0;
    let most = 0;
    for (let rounds = 0; rounds < 2_000 && cursor < 1_000_000; rounds++) {
      for (const { sizes } of parent.wants())
        for (const size of sizes) {
          parent.tell(fromExecutor.mapChunk, 'm', cursor, cursor + size, '[]');
          cursor += size;
        }
      for (const id of parent.grant().filter((each) => each !== parent.id))
        parent.report(id, fromExecutor.done, '[]', 1);
      most = Math.max(most, parent.part.tasks.live.size, parent.part.tasks.queue.length);
      parent.part.core.checkpoint();
      parent.land();
      parent.world.flush(parent.part);
    }
    expect(cursor).toBe(1_000_000);
    expect(most).toBeLessThanOrEqual(4);
    expect(parent.borders().length).toBeLessThan(300);
    parent.part.core.transact(0, (tx) => {
      const key = taskKey(parent.id);
      expect(tx.get(mapTable, rowKey(key, 0))).toMatchObject({ cursor: 1_000_000, itemsDone: 1_000_000 });
      expect(tx.get(chunkTable, chunkKey(key, 0, 0))?.text).toBe('[]');
    });
  });

  test('items that no record can hold fail the map, and a result that none can fails the chunk', () => {
    const parent = new Parent();
    parent.open(2);
    parent.tell(fromExecutor.mapChunk, 'm', 0, 1, 'x'.repeat(textBytesMax + 1));
    const [result] = parent.told(toExecutor.stepResult);
    expect(result?.[5]).toBe(0);
    expect(result?.[6]).toContain('VALUE_TOO_LARGE');
  });
});

test('a parked parent comes back when the leader wants more items of it, at once if it was asked on its way out', () => {
  const parent = new Parent(1);
  parent.open(50);
  parent.chunk(0, 1);
  parent.chunk(1, 2);
  parent.chunk(2, 3);
  const chunks = parent.grant().filter((id) => id !== parent.id);
  parent.tell(fromExecutor.park, 0);
  parent.land();
  expect(parent.part.tasks.queue.length).toBe(0);
  parent.report(chunks[0] as string, fromExecutor.done, '[0]', 1);
  expect(parent.part.tasks.queue.length).toBe(1);
  expect(parent.grant()).toContain(parent.id);
  parent.open(50);
  parent.tell(fromExecutor.park, 0);
  expect(parent.part.tasks.queue.length).toBe(1);
});

test('who follows a task is told how far its map is', () => {
  const parent = new Parent(1);
  parent.world.ask(parent.part, fromClient.follow, parent.id, 0);
  parent.open(2);
  parent.chunk(0, 1);
  const [chunk] = parent.grant().filter((id) => id !== parent.id);
  parent.report(chunk as string, fromExecutor.done, '[0]', 1);
  parent.land();
  expect(parent.world.events.map(([, event]) => event)).toEqual([
    { type: 'state', state: 'running', attempts: 1, steps: 0 },
    { type: 'progress', done: 0, total: 2 },
    { type: 'state', state: 'waiting', attempts: 1, steps: 1 },
    { type: 'progress', done: 1, total: 2 },
  ]);
});

test('a whole map with steps in its items comes out right though its parent parks again and again (T6)', () => {
  const item = (value: number): Program => ({
    ops: [
      { op: 'run', value },
      { op: 'sleep', ms: value },
    ],
  });
  const world = new World({ partitions: 3, executors: 2, seed: 'whole' });
  const id = world.mint(1);
  const request = world.start(id, {
    ops: [{ op: 'map', items: Array.from({ length: 40 }, (_, at) => item(at)), collect: false }],
  });
  for (let steps = 0; steps < 3_000; steps++) {
    const events = world.possible();
    if (events.length > 0) world.pick(events)();
    else if (!world.passTime()) break;
    for (const executor of world.executors)
      for (const attempt of executor.attempts.values())
        if (attempt.waits && !attempt.holdsItems && world.random.fraction() < 0.05) attempt.park();
  }
  world.run();
  expect(JSON.parse(world.reply(request)?.text ?? '')).toEqual([Array.from({ length: 40 }, (_, at) => [at, 0])]);
});
