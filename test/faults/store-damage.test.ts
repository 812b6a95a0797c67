/** Store files that are damaged or cannot grow: an error that says so, not a crash, a hang or a wrong marker. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLmdbWriter } from '../../src/store/lmdb-store.ts';
import type { StoreWrite } from '../../src/store/store.ts';

const execute = promisify(execFile);
const programPath = (name: string): string => new URL(name, import.meta.url).pathname;

let folder: string;
let whole: string;
let usedBytes: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-damage-'));
  whole = join(folder, 'whole.mdb');
  const writer = openLmdbWriter(whole);
  const slice = Array.from({ length: 5_000 }, (_, row): StoreWrite => [1, `row ${row}`, new Uint8Array(100).fill(row)]);
  await writer.write(0, [...slice, [1, 'long', new Uint8Array(300_000).fill(1)]]);
  await writer.mark(0, { position: 77, note: undefined });
  await writer.close();
  usedBytes = await lastPageEnd(whole);
});
afterAll(() => rm(folder, { recursive: true }));

/** Where the last page ends that LMDB knows of; the file is longer. */
const lastPageEnd = async (path: string): Promise<number> => {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(8_192), 0, 8_192, 0);
  await file.close();
  const pageBytes = buffer.readUInt32LE(48);
  return (Math.max(buffer.readUInt32LE(144), buffer.readUInt32LE(pageBytes + 144)) + 1) * pageBytes;
};

const openDamaged = async (name: string, damage: (path: string) => Promise<void>): Promise<unknown> => {
  const path = join(folder, `${name}.mdb`);
  await copyFile(whole, path);
  await damage(path);
  return JSON.parse((await execute(process.execPath, [programPath('./store-open.ts'), path])).stdout);
};

describe('a store file', () => {
  test('that is whole opens with all its rows', async () => {
    expect(await openDamaged('intact', async () => {})).toEqual({
      opened: true,
      position: 77,
      rowCount: 5_001,
      written: true,
    });
  });

  test('that lost only what lay behind its last page is whole', async () => {
    expect(await openDamaged('hole', (path) => truncate(path, usedBytes))).toMatchObject({
      rowCount: 5_001,
      written: true,
    });
  });

  test('that is empty is a new store: no rows, and the marker says so', async () => {
    expect(await openDamaged('empty', (path) => truncate(path, 0))).toMatchObject({ position: 0, rowCount: 0 });
  });

  const keptBytes: [string, () => number][] = [
    ['a byte less than its last page', () => usedBytes - 1],
    ['a page less', () => usedBytes - 4_096],
    ['half', () => usedBytes / 2],
    ['its root pages only', () => 8_192],
    ['half its root pages', () => 4_096],
    ['100 bytes', () => 100],
  ];
  test.each(keptBytes)('that is cut off to %s is refused with STORE_FAILED', async (name, kept) => {
    expect(await openDamaged(name, (path) => truncate(path, kept()))).toEqual({ code: 'STORE_FAILED' });
  });

  const contents: [string, Buffer][] = [
    ['zeros', Buffer.alloc(100_000)],
    ['noise', Buffer.from(Array.from({ length: 100_000 }, (_, index) => (Math.imul(index, 0x9e3779b1) >>> 13) & 0xff))],
    ['text', Buffer.from('not a store\n'.repeat(1_000))],
  ];
  test.each(contents)('that holds %s is refused with STORE_FAILED', async (name, content) => {
    expect(await openDamaged(name, (path) => writeFile(path, content))).toEqual({ code: 'STORE_FAILED' });
  });

  test('that is a folder is refused with STORE_FAILED', async () => {
    const damage = async (path: string): Promise<void> => {
      await rm(path);
      await mkdir(path);
    };
    expect(await openDamaged('folder', damage)).toEqual({ code: 'STORE_FAILED' });
  });

  test('whose header is overwritten is refused with STORE_FAILED', async () => {
    const damage = async (path: string): Promise<void> => writeFile(path, Buffer.alloc(64, 0xee), { flag: 'r+' });
    expect(await openDamaged('header', damage)).toEqual({ code: 'STORE_FAILED' });
  });
});

test('a full disk rejects slices and their mark with STORE_FULL, leaves the marker and its rows, and lets small writes go on', async () => {
  // A limit on the size of files stands in for a full disk: LMDB meets it in the same calls.
  const command = 'ulimit -f 9000 && exec "$0" "$@"';
  const path = join(folder, 'full.mdb');
  const { stdout } = await execute('bash', ['-c', command, process.execPath, programPath('./store-fill.ts'), path]);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({
    full: 'STORE_FULL',
    markAfterFailedWrite: 'STORE_FULL',
    markerIsLast: true,
    small: 'done',
    again: 'STORE_FULL',
    otherPartition: 'done',
  });
  expect(result.rowCount).toBe(result.position * 1_000);
});

// Finds the descriptor in /proc, so it needs Linux.
test('a store whose root could not be written rejects all later calls and ends with its process', async () => {
  const command = [programPath('./store-root-failure.ts'), join(folder, 'root.mdb')];
  const { stdout } = await execute(process.execPath, command, { timeout: 20_000 });
  expect(JSON.parse(stdout)).toEqual({ before: 'done', after: Array.from({ length: 5 }, () => 'STORE_FAILED') });
});
