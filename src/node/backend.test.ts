import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { countOf, emptyHistogram } from '../protocol/histogram.ts';
import type { FunctionOverview, Overview } from '../protocol/overview.ts';
import type { TaskDetail } from '../protocol/task-detail.ts';
import { decodeValue } from '../values/codec.ts';
import type { NodeBackend } from './backend.ts';
import type { EmbeddedNode } from './open.ts';
import { openNode } from './open.ts';

let folder = '';
let node: EmbeddedNode;
let backend: NodeBackend;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-backend-'));
  const module = join(folder, 'app.ts');
  await writeFile(
    module,
    `import { task } from 'tutti';
     const even = { '~standard': { version: 1, vendor: 'test', validate: (value) =>
       value % 2 === 0 ? { value: value / 2 } : { issues: [{ message: 'odd' }] } } };
     export const echo = task(async (ctx, value) => value);
     export const half = task({ input: even }, async (ctx, value) => value);
     export const steps = task(async (ctx) => {
       await ctx.run('send a letter', () => 'sent');
       await ctx.sleep(1);
       await ctx.call(echo, 1);
       await (await ctx.start(echo, 2)).result();
       return 1 + (await ctx.map(echo, [1, 2, 3])).reduce((sum, one) => sum + one, 0);
     });
     export const fails = task({ retry: { attempts: 1 } }, async () => { throw new Error('no'); });`,
  );
  node = await openNode({ module, engine: 'memory', executors: 1 }, undefined);
  backend = await node.backend();
});
afterAll(async () => {
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

const request = { id: undefined, key: undefined, delayMs: 0 };

test('the app is described without being imported by who asks', () => {
  expect(backend.app.tasks.map(({ name, checked }) => [name, checked])).toEqual([
    ['echo', false],
    ['fails', false],
    ['half', true],
    ['steps', false],
  ]);
});

test('texts go in and come out as they are', async () => {
  expect(await backend.run({ ...request, name: 'echo', input: ' {"at": {"$date":"2026-11-01T00:00:00.000Z"}} ' })).toBe(
    '{"at":{"$date":"2026-11-01T00:00:00.000Z"}}',
  );
  expect(await backend.run({ ...request, name: 'echo', input: '{"$undefined":true}' })).toBe('{"$undefined":true}');
});

test('an input is what its schema makes of it; what is refused starts nothing', async () => {
  expect(await backend.run({ ...request, name: 'half', input: '84' })).toBe('42');
  const before = await backend.list('{}');
  await expect(backend.start({ ...request, name: 'half', input: '3' })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: 'input: odd',
  });
  await expect(backend.start({ ...request, name: 'half', input: '{' })).rejects.toMatchObject({
    code: 'VALUE_MALFORMED',
  });
  await expect(backend.start({ ...request, name: 'other', input: '3' })).rejects.toMatchObject({
    code: 'TASK_UNKNOWN',
  });
  await expect(backend.start({ ...request, name: 'echo', input: '3', key: '' })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
  await expect(backend.start({ ...request, name: 'echo', input: '3', delayMs: -1 })).rejects.toMatchObject({
    code: 'DURATION_INVALID',
  });
  expect(await backend.list('{}')).toBe(before);
});

test('starting again under the same id attaches', async () => {
  const id = await backend.start({ ...request, name: 'echo', input: '1' });
  expect(await backend.start({ ...request, id, name: 'echo', input: '1' })).toBe(id);
  expect(await backend.wait(id)).toBe('1');
});

test('a failed task is told as its error', async () => {
  await expect(backend.run({ ...request, name: 'fails', input: '1' })).rejects.toMatchObject({
    code: 'TASK_FAILED',
    cause: { message: 'no' },
  });
});

test('a canary goes through, however much is queued, and is not seen', async () => {
  const before = await backend.list('{}');
  expect(await backend.canary()).toBeGreaterThan(0);
  expect(await backend.list('{}')).toBe(before);
});

test('what runs is told as counters of tasks, partitions, executors, logs and threads', async () => {
  const told = async (): Promise<Overview> => decodeValue(await backend.overview()) as Overview;
  const echoed = (overview: Overview): FunctionOverview | undefined =>
    overview.functions.find(({ name }) => name === 'echo');
  const before = await told();
  await backend.run({ ...request, name: 'echo', input: '1' });
  const after = await told();
  expect((echoed(after)?.completed ?? 0) - (echoed(before)?.completed ?? 0)).toBe(1);
  expect(echoed(after)).toMatchObject({ queued: 0, scheduled: 0, running: 0, waiting: 0 });
  expect(countOf(echoed(after)?.runTime ?? emptyHistogram)).toBe(echoed(after)?.completed);
  expect(after.partitions).toMatchObject([{ partition: 0, leading: true, tasks: 0, queueDepth: 0 }]);
  expect(after.partitions[0]?.position).toBeGreaterThan(before.partitions[0]?.position ?? 0);
  expect(after.executors).toMatchObject([{ executor: 0, slots: limits.slotsPerExecutor, busy: 0, waiting: 0 }]);
  expect(after.logs[0]?.syncs).toBeGreaterThan(before.logs[0]?.syncs ?? 0);
  expect(countOf(after.logs[0]?.syncTime ?? emptyHistogram)).toBe(after.logs[0]?.syncs);
  expect(after.threads.map(({ name }) => name)).toEqual(['main', 'node', 'state']);
  expect(after.history.stepMs).toBe(limits.historyStepMs);
});

test('a task is told in detail: its steps by the names that its code gives them', async () => {
  const id = await backend.start({ ...request, name: 'steps', input: '{"to":"x"}' });
  await backend.wait(id);
  const { input, result, steps, children } = decodeValue(await backend.detail(id, 0)) as TaskDetail;
  expect([input, result, children]).toEqual([{ value: { to: 'x' } }, { value: 7 }, 2]);
  expect(steps.map(({ kind, name, state }) => [kind, name, state])).toEqual([
    ['run', 'send a letter', 'completed'],
    ['sleep', 'sleep', 'completed'],
    ['call', 'echo', 'completed'],
    ['start', 'echo', 'completed'],
    ['join', 'echo', 'completed'],
    ['map', 'echo', 'completed'],
  ]);
  expect(steps[0]?.result).toEqual({ value: 'sent' });
  expect(steps.every(({ begunAt, endedAt }) => begunAt !== undefined && endedAt !== undefined)).toBe(true);
  expect(steps[4]?.child).toBe(steps[3]?.child);
  expect(steps[5]?.map).toMatchObject({ task: 'echo', count: 3, done: 3, running: 0 });
});

test('who asks is told when tasks change', async () => {
  let told = 0;
  const stop = backend.changes({ take: () => told++, end: () => undefined });
  await backend.run({ ...request, name: 'echo', input: '1' });
  await expect.poll(() => told).toBeGreaterThan(0);
  stop();
});
