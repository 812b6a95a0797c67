/** Programmatic use: `open` in a program of the user's, over real threads and files. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { open, type Task, type Tutti, task } from '../../src/index.ts';
import * as app from './open-app.fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'tutti-open-'));
afterAll(() => rmSync(root, { recursive: true }));

const module = new URL('./open-app.fixture.ts', import.meta.url).href;
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

describe.each([1, 8])('an embedded node with %i partitions', (partitions) => {
  const options = { app, module, executors: 1, partitions };
  const withNode = async (use: (node: Tutti) => Promise<void>): Promise<void> => {
    await using node = await open({ ...options, data: newFolder() });
    await use(node);
  };

  test('gives back values of every kind as they were', () =>
    withNode(async (node) => {
      const value = {
        date: new Date(1_700_000_000_000),
        map: new Map<unknown, unknown>([[1n, new Set(['a'])]]),
        bytes: new Uint8Array([1, 2, 255]),
        nothing: undefined,
        minusZero: -0,
      };
      expect(await node.run(app.echo, value)).toEqual(value);
    }));

  test.each([3, 20])('runs as many tasks side by side as an executor has slots: %i', async (slots) => {
    await using node = await open({ ...options, slots, data: newFolder() });
    const most = await Promise.all(Array.from({ length: 40 }, () => node.run(app.together, slots)));
    expect(Math.max(...most)).toBe(slots);
  });

  test('keeps the order of a map, over all partitions', () =>
    withNode(async (node) => {
      const items = Array.from({ length: 500 }, (_, n) => n);
      expect(await node.run(app.doubleAll, items)).toEqual(items.map((n) => n * 2));
    }));

  test('tells a failure with its code and the error that was thrown', () =>
    withNode(async (node) => {
      await expect(node.run(app.refuses)).rejects.toMatchObject({
        code: 'TASK_FAILED',
        outcome: 'failed',
        cause: { message: 'no such account' },
      });
    }));

  test('shows, logs, lists and cancels a task that sleeps', () =>
    withNode(async (node) => {
      const handle = await node.start(app.waits);
      const result = expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
      await expect.poll(async () => (await handle.status())?.state).toBe('waiting');
      await expect.poll(async () => (await node.logs(handle.id)).length).toBe(1);
      expect(await node.logs(handle.id)).toMatchObject([{ message: 'before the sleep', fields: { minutes: 10 } }]);
      expect((await node.list({ name: 'waits' })).map(({ id }) => id)).toEqual([handle.id]);
      await handle.cancel();
      await result;
      await expect(handle.cancel()).resolves.toBeUndefined();
      expect(await handle.status()).toMatchObject({ state: 'cancelled' });
    }));

  test('retries a failed task from its last good step', () =>
    withNode(async (node) => {
      const handle = await node.start(app.failsOnce, join(root, `failed-${partitions}`));
      await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_FAILED' });
      await expect(node.retry(await node.start(app.double, 1).then(({ id }) => id))).rejects.toMatchObject({
        code: 'TASK_STATE',
      });
      await node.retry(handle.id);
      expect(await handle.result()).toBe('kept');
    }));

  test('attaches by key, and refuses the key with another input', () =>
    withNode(async (node) => {
      const first = await node.start(app.double, 21, { key: 'k' });
      expect((await node.start(app.double, 21, { key: 'k' })).id).toBe(first.id);
      expect(await node.run(app.double, 21, { key: 'k' })).toBe(42);
      await expect(node.start(app.double, 22, { key: 'k' })).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    }));

  test('keeps what was done when the folder is opened again', async () => {
    const data = newFolder();
    const id = await (async () => {
      await using node = await open({ ...options, data });
      const handle = await node.start(app.double, 4);
      await handle.result();
      return handle.id;
    })();
    await using node = await open({ ...options, data });
    expect(await node.result(id)).toBe(8);
  });
});

describe('open', () => {
  test('refuses an app that is not what its module exports', async () => {
    const other = { double: app.double, more: task(async () => 1) };
    await expect(open({ app: other, module, engine: 'memory', executors: 1 })).rejects.toMatchObject({
      code: 'APP_MISMATCH',
      outcome: 'rejected',
    });
  });

  test('refuses a second opener of the folder, naming the first', async () => {
    const data = newFolder();
    await using _first = await open({ app, module, data, executors: 1 });
    await expect(open({ app, module, data, executors: 1 })).rejects.toMatchObject({
      code: 'DATA_LOCKED',
      message: expect.stringContaining(String(process.pid)),
    });
  });

  test('refuses options that are none, naming them', async () => {
    await expect(open({ app, module, executors: 0 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    await expect(open({ app, module, engine: 'disk' as 'memory' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  test('tells what to pass when a task has no name here', async () => {
    await using node = await open({ module, engine: 'memory', executors: 1 });
    await expect(node.run(app.double, 1)).rejects.toMatchObject({
      code: 'TASK_UNKNOWN',
      message: expect.stringContaining('open({ app, module })'),
    });
    const stranger: Task<void, number> = task({ name: 'stranger' }, async () => 1);
    await expect(node.run(stranger)).rejects.toMatchObject({ code: 'TASK_UNKNOWN' });
  });

  test('lets nothing hang after close', async () => {
    const node = await open({ app, module, engine: 'memory', executors: 1 });
    const handle = await node.start(app.waits);
    const result = expect(handle.result()).rejects.toMatchObject({ code: 'CLOSED', outcome: 'unknown' });
    await node.close();
    await result;
    await expect(node.run(app.double, 1)).rejects.toMatchObject({ code: 'CLOSED' });
    await node.close();
  });
});

test('a task hears by its signal that the node closes, and what it throws then is no failure', async () => {
  const data = newFolder();
  const file = join(root, 'end');
  const id = await (async () => {
    await using node = await open({ app, module, data, executors: 1 });
    const handle = await node.start(app.hearsOfEnd, file);
    await expect.poll(() => existsSync(`${file}.waits`), { timeout: 10_000 }).toBe(true);
    return handle.id;
  })();
  expect(readFileSync(file, 'utf8')).toBe('CLOSED');
  await using node = await open({ app, module, data, executors: 1 });
  expect(await node.result(id)).toBe('again');
  expect(await node.status(id)).toMatchObject({ state: 'completed', attempts: 1 });
});

test('tasks of another app are kept for it, and run when it is opened again', async () => {
  const data = newFolder();
  const id = await (async () => {
    await using node = await open({ app, module, data, executors: 1 });
    return (await node.start(app.double, 4, { delay: '3 s' })).id;
  })();
  {
    const other = await import('./other-app.fixture.ts');
    const otherModule = new URL('./other-app.fixture.ts', import.meta.url).href;
    await using node = await open({ app: other, module: otherModule, data, executors: 1 });
    await expect.poll(async () => (await node.status(id))?.state, { timeout: 10_000 }).toBe('queued');
    // The executor is free, and has been given what it can run.
    expect(await node.run(other.triple, 1)).toBe(3);
    expect((await node.status(id))?.state).toBe('queued');
  }
  await using node = await open({ app, module, data, executors: 1 });
  expect(await node.result(id)).toBe(8);
});

test('tasks that keep their threads run beside each other, however busy one executor was before', async () => {
  await using node = await open({ app, module, engine: 'memory', executors: 2 });
  // Quick ones, one at a time: whoever takes them asks for more than the other.
  for (let n = 0; n < 50; n++) await node.run(app.double, n);
  const folder = mkdtempSync(join(root, 'meet-'));
  const pairs = Array.from({ length: 3 }, (_, at) => [`${at}a`, `${at}b`] as const);
  for (const [name, other] of pairs)
    await Promise.all([
      node.run(app.meets, { folder, name, other }),
      node.run(app.meets, { folder, name: other, other: name }),
    ]);
});

test('what waits behind a task that keeps its thread goes to an executor that becomes free later', async () => {
  await using node = await open({ app, module, engine: 'memory', executors: 2 });
  const folder = mkdtempSync(join(root, 'meet-'));
  // Two keep both threads; of the many that come meanwhile some wait behind each.
  const held = [
    node.run(app.meets, { folder, name: 'a', other: 'go' }),
    node.run(app.meets, { folder, name: 'last', other: 'end' }),
  ];
  const quick = Promise.all(Array.from({ length: 100 }, (_, n) => node.run(app.double, n)));
  await expect.poll(() => ['a', 'last'].every((name) => existsSync(join(folder, name)))).toBe(true);
  writeFileSync(join(folder, 'go'), '');
  expect((await quick).length).toBe(100);
  writeFileSync(join(folder, 'end'), '');
  await Promise.all(held);
});

test('an executor that did not answer for a while takes work again once it does', async () => {
  await using node = await open({ app, module, engine: 'memory', executors: 1 });
  const file = join(root, 'may-end');
  const waiting = node.run(app.blocksThenWaits, file);
  await expect.poll(async () => (await node.list({ state: 'running' })).length).toBe(1);
  for (let n = 0; n < 20; n++) expect(await node.run(app.double, n)).toBe(n * 2);
  writeFileSync(file, '');
  await waiting;
});
