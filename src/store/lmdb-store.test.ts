import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeConformance } from './conformance.ts';
import { openLmdbReader, openLmdbWriter } from './lmdb-store.ts';

storeConformance('LMDB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-store-'));
  const path = join(folder, 'rows.mdb');
  return {
    writer: openLmdbWriter(path),
    reader: () => openLmdbReader(path),
    remove: () => rm(folder, { recursive: true }),
  };
});
