import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Batch, listBatches, pathsOf } from './list-files.ts';

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

const list = (filesPerBatch: number): Promise<Batch[]> => Array.fromAsync(listBatches(folder, filesPerBatch));

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

  test('names a subfolder that vanished meanwhile, and throws if the folder itself is not there.', async () => {
    put('1', '2', 'a/3', 'b/4');
    const batches = listBatches(folder, 1);
    const first = await batches.next();
    rmSync(join(folder, 'a'), { recursive: true });
    const rest = await Array.fromAsync(batches);
    const all = [...(first.done ? [] : [first.value]), ...rest];
    expect(all.flatMap(pathsOf)).toEqual(['1', '2', 'b/4']);
    expect(all.flatMap(({ notes }) => notes)).toEqual([{ kind: 'vanished', path: 'a', detail: 'ENOENT' }]);
    await expect(Array.fromAsync(listBatches(join(folder, 'none'), 1))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
