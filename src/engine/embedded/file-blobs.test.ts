import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { blobsConformance, type Harness } from '../conformance.ts';
import type { Blobs } from '../engine.ts';
import { openFileBlobs } from './file-blobs.ts';
import type { Files } from './files.ts';
import { memoryFiles } from './memory-files.ts';
import { nodeFiles } from './node-files.ts';

const makeBlobs = async (files: Files): Promise<Harness<Blobs>> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tutti-blobs-'));
  return {
    subject: await openFileBlobs(files, folder),
    reopen: () => openFileBlobs(files, folder),
    close: () => rm(folder, { recursive: true }),
  };
};

blobsConformance('FileBlobs on disk', () => makeBlobs(nodeFiles));
blobsConformance('FileBlobs in memory', () => makeBlobs(memoryFiles()));

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tutti-blobs-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

it('reports a blob whose file is not what was written: any flipped bit, any missing end', async () => {
  await inFolder(async (folder) => {
    const blobs = await openFileBlobs(nodeFiles, folder);
    await blobs.put('a/b', Buffer.from('content'));
    const file = path.join(folder, 'a+b.blob');
    const good = await readFile(file);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1;
      await writeFile(file, bad);
      await expect(blobs.get('a/b')).rejects.toMatchObject({ code: 'BLOB_DAMAGED', details: { name: 'a/b', file } });
      await writeFile(file, good.subarray(0, at));
      await expect(blobs.get('a/b')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
    }
  });
});

it('removes what an earlier process left half-made, and never shows it', async () => {
  await inFolder(async (folder) => {
    await writeFile(path.join(folder, '~a.blob'), 'half');
    const blobs = await openFileBlobs(nodeFiles, folder);
    expect(await blobs.list('')).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
    await blobs.put('a', Buffer.from('whole'));
    expect(await readdir(folder)).toEqual(['a.blob']);
  });
});
