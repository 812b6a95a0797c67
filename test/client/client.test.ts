/** A client and a real node: what users do, over a WebSocket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type RemoteClient } from '../../src/client/client.ts';
import { open, type Serving, type Tutti, task } from '../../src/index.ts';
import * as app from './client-app.fixture.ts';

const module = new URL('./client-app.fixture.ts', import.meta.url).href;
const data = mkdtempSync(join(tmpdir(), 'tutti-client-'));
let node: Tutti;
let served: Serving;
let client: RemoteClient<typeof app>;

beforeAll(async () => {
  node = await open({ app, module, data, executors: 1 });
  served = await node.serve({ port: 0 });
  client = connect(served.url, { app });
});

afterAll(async () => {
  await client.close();
  await served.close();
  await node.close();
  rmSync(data, { recursive: true });
});

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

test('runs tasks by definition and by name, with values of every kind', async () => {
  const value = { date: new Date(1_700_000_000_000), map: new Map([[1n, new Set(['a'])]]), nothing: undefined };
  expect(await client.run(app.echo, value)).toEqual(value);
  expect(await client.tasks.half.run(84)).toBe(42);
  expect(await client.tasks.nothing.run()).toBeUndefined();
  const untyped = connect(served.url);
  expect(await untyped.tasks['half']?.run(2)).toBe(1);
  await untyped.close();
});

test('a definition of which nothing tells the name is refused with what to do, and each of that works', async () => {
  const bare = connect<typeof app>(served.url);
  const refused = await bare.run(app.half, 2).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'TASK_UNKNOWN', outcome: 'rejected' });
  for (const way of ['connect(url, { app })', 'client.tasks.name.run(…)', '{ name }'])
    expect((refused as Error).message).toContain(way);
  expect(await client.run(app.half, 2)).toBe(1);
  expect(await bare.tasks.half.run(2)).toBe(1);
  const named = task({ name: 'half' }, async (_ctx, n: number) => n / 2);
  expect(await bare.run(named, 2)).toBe(1);
  await bare.close();
});

test('carries values of many megabytes', async () => {
  const text = `é😀${'x'.repeat(5_000_000)}`;
  expect((await client.run(app.echo, text)) === text).toBe(true);
});

test('tells failures with code, outcome and cause, and refuses bad input before it is recorded', async () => {
  await expect(client.run(app.refuses)).rejects.toMatchObject({
    code: 'TASK_FAILED',
    outcome: 'failed',
    cause: { message: 'no such account', details: { account: 7 } },
  });
  await expect(client.run(app.half, 3)).rejects.toMatchObject({ code: 'INPUT_INVALID', outcome: 'rejected' });
  await expect(connect<{ other: typeof app.echo }>(served.url).tasks.other.run(1)).rejects.toMatchObject({
    code: 'TASK_UNKNOWN',
  });
});

test('starts, shows, lists, cancels and runs again', async () => {
  const task = await client.start(app.sleeps, undefined, { key: 'one' });
  await expect.poll(async () => (await task.status())?.state).toBe('waiting');
  expect((await client.start(app.sleeps, undefined, { key: 'one' })).id).toBe(task.id);
  const page = await client.list({ name: 'sleeps' });
  expect(page.tasks.map(({ id }) => id)).toEqual([task.id]);
  expect(await client.logs(task.id)).toMatchObject([{ message: 'before the sleep' }]);
  const result = expect(task.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  await task.cancel();
  await result;
  expect((await client.status(task.id))?.state).toBe('cancelled');
  await client.retry(task.id);
  await expect.poll(async () => (await task.status())?.state).toBe('waiting');
  await client.cancel(task.id);
});

test('follows a task: each log line once and in order, its progress, and its result as the last', async () => {
  const task = await client.start(app.tells, { lines: 100, steps: 5 });
  const events = await collect(task.follow());
  const lines = events.filter((event) => event.type === 'log');
  expect(lines.map(({ index }) => index)).toEqual(Array.from({ length: 500 }, (_, index) => index));
  expect(lines.at(-1)).toMatchObject({ message: 'line 499', time: expect.any(Date) });
  expect(events.at(-1)).toEqual({ type: 'finished', ok: true, value: 500 });
  expect((await collect(task.follow({ fromLog: 490 }))).filter(({ type }) => type === 'log').length).toBe(10);
  await expect(collect(client.follow(task.id.replace(/..$/, '00')))).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
});
