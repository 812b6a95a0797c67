import { beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import type { ListFilter, TaskPage } from '../protocol/task-view.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from '../values/codec.ts';
import { mintTaskId, taskKey } from '../values/task-id.ts';
import { fromClient, grantKind } from './messages.ts';
import { doneTable, type SpecRow, specTable, stepKind, stepTable, taskStatus } from './tables.ts';
import { newState } from './task-rows.ts';
import { type Part, World } from './world.fixture.ts';

const begin = 1_760_000_000_000;
let world: World;
let part: Part;

beforeEach(() => {
  world = new World({ partitions: 1, executors: 1, seed: 'list' });
  [part] = world.parts as [Part];
});

const idAt = (timeMs: number): string => mintTaskId(0, timeMs, world.random.bytes(16));

const spec = (name: string, createdAt: number, more: Partial<SpecRow> = {}): SpecRow => ({
  name,
  input: '1',
  kind: grantKind.task,
  policy: undefined,
  idempotencyKey: undefined,
  createdAt,
  parent: undefined,
  priority: 0,
  principal: undefined,
  namespace: undefined,
  traceId: undefined,
  ...more,
});

/** Writes rows as tasks leave them that were made a second after each other, oldest first; their ids. */
const fill = (count: number, row: (index: number) => { spec?: Partial<SpecRow>; status: number; text?: string }) => {
  const ids: string[] = [];
  world.transact(part, (tx) => {
    for (let index = 0; index < count; index++) {
      const createdAt = begin + index * 1_000;
      const id = idAt(createdAt);
      ids.push(id);
      const { status, text = '1', spec: more } = row(index);
      const of = spec('task', createdAt, more);
      if (status < taskStatus.completed) tx.put(specTable, taskKey(id), of);
      else
        tx.put(doneTable, taskKey(id), {
          ...newState,
          status,
          text,
          finishedAt: 1,
          startedAt: 1,
          journal: 0,
          spec: of,
        });
    }
  });
  world.run(world.now);
  return ids;
};

const page = (filter: ListFilter = {}): TaskPage => {
  const request = world.ask(part, fromClient.list, 0, encodeValue(filter));
  world.run(world.now);
  return decodeValue(world.reply(request)?.text ?? '') as TaskPage;
};

/** All that the filter lets through, and in how many requests. */
const all = (filter: ListFilter): { ids: string[]; requests: number } => {
  const ids: string[] = [];
  let requests = 0;
  for (let cursor: string | undefined; ; ) {
    const { tasks, cursor: next } = page(cursor === undefined ? filter : { ...filter, cursor });
    requests++;
    ids.push(...tasks.map(({ id }) => id));
    if (next === undefined) return { ids, requests };
    cursor = next;
  }
};

const { queued, completed, failed, cancelled } = taskStatus;

describe('pages of tasks', () => {
  test('hold the newest first, alive or finished, each once, and the last one has no cursor', () => {
    const ids = fill(50, (index) => ({ status: index % 3 === 0 ? queued : completed }));
    const newest = ids.toReversed();
    expect(page({ limit: 7 }).tasks.map(({ id }) => id)).toEqual(newest.slice(0, 7));
    expect(all({ limit: 7 }).ids).toEqual(newest);
    expect(all({})).toEqual({ ids: newest, requests: 1 });
    expect(all({ limit: 7, state: 'finished' }).ids).toEqual(newest.filter((_, index) => (49 - index) % 3 !== 0));
    expect(all({ limit: 7, state: 'unfinished' }).ids).toEqual(newest.filter((_, index) => (49 - index) % 3 === 0));
  });

  test('leave out what came after the first one was made, and chunks of maps', () => {
    const ids = fill(4, (index) => ({ status: queued, spec: index === 1 ? { kind: grantKind.chunk } : {} }));
    const first = page({ limit: 1 });
    fill(2, () => ({ status: queued, spec: { name: 'later' } }));
    expect(first.tasks.map(({ id }) => id)).toEqual([ids[3]]);
    const rest = page({ cursor: first.cursor as string, name: 'task' });
    expect(rest.tasks.map(({ id }) => id)).toEqual([ids[2], ids[0]]);
  });

  test('are filtered by state, name, key, parent, time, and by what id, name or key begin with', () => {
    const parent = { partition: 0, key: taskKey(idAt(begin)), step: 0, chunk: -1 };
    const ids = fill(6, (index) => ({
      status: [queued, completed, failed, cancelled, completed, completed][index] as number,
      text: index === 2 || index === 3 ? encodeError(new Error('no')) : '1',
      spec: {
        name: index < 2 ? 'bill' : 'billing.run',
        ...(index === 4 ? { idempotencyKey: 'may-2026' } : {}),
        ...(index === 5 ? { parent } : {}),
      },
    }));
    const found = (filter: ListFilter): number[] => page(filter).tasks.map(({ id }) => ids.indexOf(id));
    expect(found({ state: 'queued' })).toEqual([0]);
    expect(found({ state: 'completed' })).toEqual([5, 4, 1]);
    expect(found({ state: 'failed' })).toEqual([2]);
    expect(found({ state: 'finished', name: 'bill' })).toEqual([1]);
    expect(found({ key: 'may-2026' })).toEqual([4]);
    expect(found({ topLevel: true })).toEqual([4, 3, 2, 1, 0]);
    expect(found({ createdFrom: new Date(begin + 1_000), createdTo: new Date(begin + 3_000) })).toEqual([2, 1]);
    expect(found({ text: 'billing' })).toEqual([5, 4, 3, 2]);
    expect(found({ text: 'may' })).toEqual([4]);
    expect(found({ text: (ids[3] as string).toLowerCase() })).toEqual([3]);
    expect(found({ text: (ids[3] as string).slice(0, 25) })).toEqual([3]);
    expect(found({ idPrefix: ids[1] as string })).toEqual([1]);
    expect(found({ idPrefix: ids[1] as string, name: 'other' })).toEqual([]);
    expect(found({ idPrefix: ids[1] as string, cursor: ids[1] as string })).toEqual([]);
    expect(found({ name: 'none' })).toEqual([]);
  });

  test('come of a bounded number of rows, however little the filter lets through', () => {
    const count = limits.listRowsLookedAt * 2 + 10;
    const ids = fill(count, (index) => ({
      status: completed,
      spec: { name: index === 3 ? 'rare' : 'task' },
    }));
    const first = page({ name: 'rare' });
    expect(first).toEqual({ tasks: [], cursor: ids[count - limits.listRowsLookedAt] });
    expect(all({ name: 'rare' })).toEqual({ ids: [ids[3]], requests: 3 });
  });

  test('of one name and key come at once, however many tasks there are', () => {
    const world = new World({ partitions: 1, executors: 1, seed: 'key' });
    const id = world.mintForKey('task', 'first');
    const found = (filter: ListFilter): string[] => {
      const request = world.ask(world.parts[0] as Part, fromClient.list, 0, encodeValue(filter));
      world.run(world.now);
      return (decodeValue(world.reply(request)?.text ?? '') as TaskPage).tasks.map((task) => task.id);
    };
    world.start(id, { ops: [] }, { key: 'first' });
    world.run();
    for (let count = 0; count < limits.listRowsLookedAt; count++) {
      world.now++;
      world.start(world.mint(0), { ops: [] });
    }
    world.run();
    expect(found({ name: 'task', key: 'first' })).toEqual([id]);
    expect(found({ name: 'task', key: 'first', state: 'failed' })).toEqual([]);
    expect(found({ name: 'task', key: 'other' })).toEqual([]);
    expect(found({ name: 'x'.repeat(limits.listTextCharsMax), key: '\xff'.repeat(limits.listTextCharsMax) })).toEqual(
      [],
    );
  });

  test('come of a bounded number of characters: large results do not add up', () => {
    const large = JSON.stringify('x'.repeat(limits.listCharsLookedAt / 4));
    const ids = fill(10, () => ({ status: completed, text: large }));
    expect(page().tasks.length).toBe(4);
    expect(all({}).ids).toEqual(ids.toReversed());
  });

  test('tell how many steps a task has, whatever the number', () => {
    const counts = [0, 1, 2, 3, 4, 5, 7, 8, 9, 100];
    const ids = fill(counts.length, () => ({ status: completed }));
    world.transact(part, (tx) => {
      for (const [at, count] of counts.entries()) {
        const key = taskKey(ids[at] as string);
        const done = tx.get(doneTable, key);
        if (done !== undefined) tx.put(doneTable, key, { ...done, journal: 1 });
        for (let index = 0; index < count; index++)
          tx.put(stepTable, key + String.fromCharCode(0, 0, 0, index), {
            stepKey: `${index}`,
            kind: stepKind.run,
            fingerprint: '',
            state: 1,
            text: '1',
            order: 1,
            time: 1,
            tookMs: undefined,
            dueAt: 0,
            target: '',
            outcome: 0,
            outcomeText: '',
            joins: 0,
          });
      }
    });
    expect(page().tasks.map(({ steps }) => steps)).toEqual(counts.toReversed());
  });

  test.each([
    [{ state: 'gone' }],
    [{ limit: 0 }],
    [{ limit: limits.listPageMax + 1 }],
    [{ limit: 1.5 }],
    [{ cursor: 'x' }],
    [{ name: 7 }],
    [{ text: 'x'.repeat(limits.listTextCharsMax + 1) }],
    [{ createdFrom: 'today' }],
    [{ topLevel: 1 }],
    [{ unknown: 1 }],
    [null],
    ['text'],
  ])('are refused for a filter that is none: %j', (filter) => {
    const request = world.ask(part, fromClient.list, 0, encodeValue(filter));
    world.run(world.now);
    expect(decodeError(world.reply(request)?.text ?? '')).toMatchObject({ code: 'OPTION_INVALID' });
  });
});
