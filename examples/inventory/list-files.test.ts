import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allOfIt, type Batch, listPart, type Part, pathsOf } from './list-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-list-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
}

async function list(filesPerBatch: number, batchesPerPart = 1000): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (let part: Part = { batches: [], rest: allOfIt }; part.rest.length > 0; ) {
    part = await listPart(folder, part.rest, { filesPerBatch, batchesPerPart });
    expect(part.batches.length).toBeLessThanOrEqual(batchesPerPart);
    batches.push(...part.batches);
  }
  return batches;
}

describe('Listing the files of a folder', () => {
  test('gives its own files first, then its subfolders, each by the bytes of the names.', async () => {
    put('z', 'a/2', 'a/10', 'a/b/c', 'a-b/x', 'B', 'ä', '\u{10000}', '\uffee');
    expect((await list(100)).flatMap(pathsOf)).toEqual([
      ...['B', 'z', 'ä', '\uffee', '\u{10000}'],
      ...['a/10', 'a/2', 'a/b/c', 'a-b/x'],
    ]);
  });

  test('gives the same files, folders and notes in batches of any size.', async () => {
    put('1', '2', '3', 'a/4', 'a/5', 'b/6', 'b/c/7', '.git/left-out');
    mkdirSync(join(folder, 'empty'));
    const whole = await list(100);
    expect(whole).toHaveLength(1);
    for (const size of [1, 2, 3, 4, 7]) {
      const batches = await list(size);
      expect(
        batches.map((batch) => pathsOf(batch).length).every((count, at) => count === size || at === batches.length - 1),
      ).toBe(true);
      expect(batches.flatMap(pathsOf)).toEqual(pathsOf(whole[0]!));
      expect(batches.reduce((total, batch) => total + batch.folders, 0)).toBe(5);
      expect(batches.flatMap(({ notes }) => notes)).toEqual([
        { kind: 'skipped-folder', path: '.git', detail: '' },
        { kind: 'empty-folder', path: 'empty', detail: '' },
      ]);
    }
  });

  test('of an empty folder gives one batch without files.', async () => {
    expect(await list(10)).toEqual([
      { folders: 1, files: [], notes: [{ kind: 'empty-folder', path: '', detail: '' }] },
    ]);
  });

  test('gives the same batches in parts of any size.', async () => {
    put('1', '2', '3', '4', 'a/5', 'a/6', 'b/7', 'b/c/8', '.git/left-out', '\u{10000}', '\uffee');
    mkdirSync(join(folder, 'empty'));
    for (const filesPerBatch of [1, 2, 3, 5]) {
      const whole = await list(filesPerBatch);
      for (const batchesPerPart of [1, 2, 3]) {
        // A last folder without files has a batch of its own if a part ended before it.
        const parts = await list(filesPerBatch, batchesPerPart);
        expect(parts.flatMap(pathsOf)).toEqual(whole.flatMap(pathsOf));
        expect(parts.flatMap(({ notes }) => notes)).toEqual(whole.flatMap(({ notes }) => notes));
        expect(parts.reduce((total, batch) => total + batch.folders, 0)).toBe(5);
      }
    }
  });

  test('closes a batch without files when it is full of notes.', async () => {
    for (let at = 0; at < 600; at += 1) {
      mkdirSync(join(folder, `empty-${at}`));
    }
    const batches = await list(64, 1);
    expect(batches.map(({ notes }) => notes.length)).toEqual([256, 256, 88]);
    expect(batches.reduce((total, batch) => total + batch.folders, 0)).toBe(601);
  });

  test('names a subfolder that vanished between two parts, and throws if the folder itself is not there.', async () => {
    put('1', '2', 'a/3', 'b/4');
    const sizes = { filesPerBatch: 1, batchesPerPart: 1 };
    const first = await listPart(folder, allOfIt, sizes);
    rmSync(join(folder, 'a'), { recursive: true });
    const second = await listPart(folder, first.rest, sizes);
    const third = await listPart(folder, second.rest, sizes);
    const all = [first, second, third].flatMap(({ batches }) => batches);
    expect(all.flatMap(pathsOf)).toEqual(['1', '2', 'b/4']);
    expect(all.flatMap(({ notes }) => notes)).toEqual([{ kind: 'vanished', path: 'a', detail: 'ENOENT' }]);
    await expect(listPart(join(folder, 'none'), allOfIt, sizes)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
