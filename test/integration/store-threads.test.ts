/** The store between real threads: what readers see, and that ending a reader at any moment leaves the writer alone. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLmdbReader, openLmdbWriter } from '../../src/store/lmdb-store.ts';
import type { StoreWrite, StoreWriter } from '../../src/store/store.ts';

let folder: string;
let path: string;
let writer: StoreWriter;
const threads: Worker[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-threads-'));
  path = join(folder, 'rows.mdb');
});
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.terminate();
  await writer.close();
  await rm(folder, { recursive: true });
});

const rowCount = 2_000;

/** All rows of table 1, with one value that begins with the round and is `valueBytes` long. */
const round = (number: number, valueBytes: number): readonly StoreWrite[] => {
  const value = Buffer.from(String(number).padEnd(valueBytes, '-'));
  return Array.from({ length: rowCount }, (_, row) => [1, String(row), value]);
};

const startReader = async (mode: 'follow' | 'scan' | 'loop'): Promise<Worker> => {
  const thread = new Worker(new URL('./store-reader-thread.ts', import.meta.url), { workerData: { path, mode } });
  threads.push(thread);
  expect(await once(thread, 'message')).toEqual(['open']);
  return thread;
};

test('a reader in another thread sees after its renewal each write that settled before', async () => {
  writer = openLmdbWriter(path);
  const follower = await startReader('follow');
  for (let number = 0; number < 200; number += 1) {
    await writer.write(0, [[1, 'row', Buffer.from(String(number))]]);
    follower.postMessage('row');
    expect(await once(follower, 'message')).toEqual([{ key: 'row', value: String(number) }]);
  }
});

test('ending reader threads within scans and within endless loops neither stops nor harms the writer', async () => {
  writer = openLmdbWriter(path);
  await writer.write(0, round(0, 100));
  let number = 0;
  let ending = true;
  const writing = (async () => {
    while (ending) {
      number += 1;
      await Promise.all([writer.write(0, round(number, 100)), writer.mark(0, { position: number, note: undefined })]);
    }
  })();
  for (let end = 0; end < 20; end += 1) {
    const reader = await startReader(end % 2 === 0 ? 'scan' : 'loop');
    const torn: unknown[] = [];
    reader.on('message', (message) => torn.push(message));
    const before = number;
    await reader.terminate();
    while (number < before + 2) await new Promise((resolve) => setImmediate(resolve));
    expect(torn).toEqual([]);
  }
  ending = false;
  await writing;
  const reader = openLmdbReader(path);
  expect(reader.marker(0).position).toBe(number);
  const values = new Set(Array.from(reader.scan(0, 1, '', undefined), ([, value]) => Buffer.from(value).toString()));
  expect([...values]).toEqual([String(number).padEnd(100, '-')]);
  await reader.close();
});

test('the map grows while readers in other threads scan, and they see whole states throughout', async () => {
  writer = openLmdbWriter(path, { mapBytes: 256 * 1024 });
  await writer.write(0, round(0, 100));
  const torn: unknown[] = [];
  const scanners = [await startReader('scan'), await startReader('scan')];
  for (const scanner of scanners) scanner.on('message', (message) => torn.push(message));
  // From 0.3 MB to 20 MB: LMDB maps the file anew six times.
  for (let number = 1; number <= 20; number += 1) await writer.write(0, round(number, 100 + number * 400));
  const late = await startReader('follow');
  late.postMessage('7');
  expect(await once(late, 'message')).toEqual([{ key: '7', value: '20'.padEnd(8_100, '-') }]);
  expect(torn).toEqual([]);
});
