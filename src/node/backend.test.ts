import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
