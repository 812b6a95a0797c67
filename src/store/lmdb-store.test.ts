import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeConformance } from './conformance.ts';
import { openLmdbReader, openLmdbWriter } from './lmdb-store.ts';
import { decodeMarker, encodeMarker } from './marker.ts';

storeConformance('LMDB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-store-'));
  const path = join(folder, 'rows.mdb');
  return {
    writer: openLmdbWriter(path),
    reader: () => openLmdbReader(path),
    remove: () => rm(folder, { recursive: true }),
  };
});

test('L1 a reader without a writer is refused, and makes no file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-store-'));
  expect(() => openLmdbReader(join(folder, 'rows.mdb'))).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

test('a store opened again holds what was there, rows and markers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-store-'));
  const path = join(folder, 'deeper', 'rows.mdb');
  const note = new Uint8Array([1, 2, 3]);
  for (let round = 0; round < 5; round += 1) {
    const writer = openLmdbWriter(path);
    const reader = openLmdbReader(path);
    expect([...reader.scan(0, 1, '', undefined)].length).toBe(round);
    expect(reader.marker(0)).toEqual({ position: round, note: round === 0 ? undefined : note });
    await writer.write(0, [[1, String(round), new Uint8Array(10)]]);
    await writer.mark(0, { position: round + 1, note });
    await reader.close();
    await writer.close();
  }
  await rm(folder, { recursive: true });
});

test('a marker of another format is refused with DATA_FORMAT', () => {
  const bytes = encodeMarker({ position: 1, note: undefined });
  bytes[0] = 2;
  expect(() => decodeMarker(bytes)).toThrow(expect.objectContaining({ code: 'DATA_FORMAT' }));
});
