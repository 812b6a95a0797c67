import { expect, test } from 'vitest';
import { AppError } from '../../app/app-error.ts';
import type { StandardSchema } from '../../app/standard-schema.ts';
import { type Task, type TaskDefinition, task } from '../../app/task.ts';
import type { MapOptions } from '../../app/task-context.ts';
import { limits } from '../../limits.ts';
import { toExecutor } from '../../tasks/messages.ts';
import { decodeOutcomes, encodeOutcomes, ItemFailure } from './chunk-outcomes.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

const even: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      (value as number) % 2 === 0 ? { value: value as number } : { issues: [{ message: 'is odd' }] },
  },
};

const item = task(async (_ctx, n: number) => n);
const mapOf = (
  items: Iterable<number>,
  options?: MapOptions & { onError?: 'fail' },
  target: Task<number, number> = item,
) =>
  new ScriptedLeader({
    main: task(async (ctx) => ctx.map(target, items, options)) as TaskDefinition,
    item: target as TaskDefinition,
  });

const want = (leader: ScriptedLeader, n: number, from: number, ...sizes: number[]): void =>
  leader.send(toExecutor.mapWant, 0, 7, n, 'map:item:0', from, sizes);
const chunkDone = (leader: ScriptedLeader, n: number, from: number, to: number, text: string): void =>
  leader.send(toExecutor.mapResult, 0, 7, n, 'map:item:0', from, to, text, 6_000);
const chunks = (leader: ScriptedLeader, n: number): unknown[] =>
  leader.of('mapChunk', n).map(({ fields }) => fields.slice(1));

test('a map hands over its items as they are asked for, and gives the results in their order', async () => {
  const leader = mapOf(new Set([10, 20, 30, 40, 50]));
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(leader.of('mapOpen', n)[0]?.fields.slice(2)).toEqual(['item', 5, undefined, 0, 0]);
  expect(chunks(leader, n)).toEqual([]);
  want(leader, n, 0, 1, 2);
  await leader.settle();
  expect(chunks(leader, n)).toEqual([
    [0, 1, '[10]'],
    [1, 3, '[20,30]'],
  ]);
  want(leader, n, 3, 9);
  await leader.settle();
  expect(chunks(leader, n).at(-1)).toEqual([3, 5, '[40,50]']);
  chunkDone(leader, n, 3, 5, '["d","e"]');
  chunkDone(leader, n, 0, 1, '["a"]');
  chunkDone(leader, n, 1, 3, '["b","c"]');
  await leader.settle();
  expect(leader.done(n)).toBeUndefined();
  leader.result(n, 'map:item:0', undefined);
  await leader.settle();
  expect(leader.done(n)).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('T6: a map that is opened again goes on at the cursor that the leader names, with the results that are there', async () => {
  const leader = mapOf([1, 2, 3, 4, 5, 6]);
  const first = leader.grant('main', undefined);
  await leader.settle();
  want(leader, first, 0, 4);
  await leader.settle();
  leader.cancel(first);
  const second = leader.grant('main', undefined, { journalOf: first });
  chunkDone(leader, second, 0, 4, '[1,4,9,16]');
  await leader.settle();
  expect(leader.of('mapOpen', second).length).toBe(1);
  want(leader, second, 4, 1, 1);
  await leader.settle();
  expect(chunks(leader, second)).toEqual([
    [4, 5, '[5]'],
    [5, 6, '[6]'],
  ]);
  chunkDone(leader, second, 5, 6, '[36]');
  chunkDone(leader, second, 4, 5, '[25]');
  leader.result(second, 'map:item:0', undefined);
  await leader.settle();
  expect(leader.done(second)).toEqual([1, 4, 9, 16, 25, 36]);
});

test('a map that is finished is not opened again; its chunks may come before or after the code calls it', async () => {
  for (const early of [true, false]) {
    const leader = mapOf([1, 2]);
    const first = leader.grant('main', undefined);
    await leader.settle();
    leader.result(first, 'map:item:0', undefined);
    leader.cancel(first);
    const second = leader.grant('main', undefined, { journalOf: first });
    if (!early) await leader.settle();
    chunkDone(leader, second, 0, 1, '[7]');
    await leader.settle();
    expect(leader.done(second)).toBeUndefined();
    chunkDone(leader, second, 1, 2, '[8]');
    await leader.settle();
    expect(leader.steps(second)).toEqual([]);
    expect(leader.done(second)).toEqual([7, 8]);
  }
});

test('a map of nothing gives nothing, without a message', async () => {
  const leader = mapOf([]);
  const n = leader.grant('main', undefined);
  await leader.settle();
  expect(leader.steps(n)).toEqual([]);
  expect(leader.done(n)).toEqual([]);
});

test('a map that is called with another number of items than recorded is nondeterministic', async () => {
  const items = [1, 2];
  const leader = mapOf(items);
  const first = leader.grant('main', undefined);
  await leader.settle();
  leader.cancel(first);
  items.push(3);
  const second = leader.grant('main', undefined, { journalOf: first });
  await leader.settle();
  expect(leader.failed(second)).toMatchObject({ error: { code: 'TASK_NONDETERMINISTIC' } });
});

test('a failed item fails the map; with collect each outcome says whether it is ok', async () => {
  const leader = mapOf([1, 2]);
  const n = leader.grant('main', undefined);
  await leader.settle();
  leader.failure(n, 'map:item:0', new AppError('item 1 is bad'));
  await leader.settle();
  expect(leader.failed(n)).toMatchObject({ retryable: false, error: { cause: { message: 'item 1 is bad' } } });

  const collecting = new ScriptedLeader({
    main: task(async (ctx) =>
      (await ctx.map(item, [1, 2], { onError: 'collect' })).map((outcome) =>
        outcome.ok ? outcome.value : outcome.error.message,
      ),
    ),
    item,
  });
  const m = collecting.grant('main', undefined);
  await collecting.settle();
  chunkDone(
    collecting,
    m,
    0,
    2,
    encodeOutcomes([1, new ItemFailure('{"$error":{"name":"Error","message":"odd"}}')], true, () => ''),
  );
  collecting.result(m, 'map:item:0', undefined);
  await collecting.settle();
  expect(collecting.done(m)).toEqual([1, 'odd']);
});

test('items that the schema refuses, or that cannot be encoded, travel as failures', async () => {
  const leader = mapOf(
    [2, 3],
    undefined,
    task({ input: even }, (_ctx, n) => n),
  );
  const n = leader.grant('main', undefined);
  await leader.settle();
  want(leader, n, 0, 2);
  await leader.settle();
  const [first, second] = decodeOutcomes(leader.of('mapChunk', n)[0]?.fields[3] as string);
  expect(first).toBe(2);
  expect((second as ItemFailure).error).toMatchObject({ code: 'INPUT_INVALID' });

  const other = mapOf([1, (() => 1) as never]);
  const m = other.grant('main', undefined);
  await other.settle();
  want(other, m, 0, 2);
  await other.settle();
  const [, refused] = decodeOutcomes(other.of('mapChunk', m)[0]?.fields[3] as string);
  expect((refused as ItemFailure).error).toMatchObject({ code: 'VALUE_UNSUPPORTED', details: { path: 'items[1]' } });
});

test('a schema that takes its time keeps the chunks in order', async () => {
  const slowEven: StandardSchema<number> = {
    '~standard': { version: 1, vendor: 'test', validate: async (value) => ({ value: value as number }) },
  };
  const leader = mapOf(
    [1, 2, 3],
    undefined,
    task({ input: slowEven }, (_ctx, n) => n),
  );
  const n = leader.grant('main', undefined);
  await leader.settle();
  want(leader, n, 0, 1);
  want(leader, n, 1, 1, 1);
  await leader.settle();
  expect(chunks(leader, n)).toEqual([
    [0, 1, '[1]'],
    [1, 2, '[2]'],
    [2, 3, '[3]'],
  ]);
});

test('a chunk is cut where its text would be too long, and the next begins there', async () => {
  const long = 'x'.repeat(limits.chunkTextCharsMax / 4);
  const leader = new ScriptedLeader({
    main: task(async (ctx) => ctx.map(text, [long, long, long, long, long, long])),
    item: task((_ctx, value: string) => value),
  });
  const text = leader.core.app.definitions.get('item') as Task<string, string>;
  const n = leader.grant('main', undefined);
  await leader.settle();
  want(leader, n, 0, 5);
  await leader.settle();
  expect(leader.of('mapChunk', n).map(({ fields }) => fields.slice(1, 3))).toEqual([[0, 3]]);
  // The leader asked on before it heard how short the first one was.
  want(leader, n, 5, 1);
  want(leader, n, 4, 5);
  await leader.settle();
  expect(leader.of('mapChunk', n).map(({ fields }) => fields.slice(1, 3))).toEqual([
    [0, 3],
    [3, 4],
    [4, 6],
  ]);
});
