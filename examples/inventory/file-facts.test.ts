import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { factsOfFile } from './file-facts.ts';
import type { ReadFacts } from './inventory.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-facts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function factsOf(name: string, content: string | Uint8Array): Promise<ReadFacts> {
  writeFileSync(join(folder, name), content);
  const facts = await factsOfFile(folder, name);
  expect(facts.kind).toBe('file');
  return facts as ReadFacts;
}

/** Runs as a user whom file permissions bind; the superuser may read everything. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    process.seteuid?.(65534);
  }
  try {
    return await run();
  } finally {
    if (isRoot) {
      process.seteuid?.(0);
    }
  }
}

describe('The facts of a file', () => {
  test('are its language, lines, bytes and hash.', async () => {
    const content = '// é\nconst a = 1;\n\n';
    expect(await factsOf('a.ts', content)).toEqual({
      kind: 'file',
      path: 'a.ts',
      bytes: 20,
      sha256: createHash('sha256').update(content).digest('hex'),
      language: 'TypeScript',
      lines: { code: 1, comment: 1, blank: 1 },
      words: [],
      package: null,
      notes: [],
    });
  });

  test('are the same wherever the reads cut characters, words and comment marks.', async () => {
    for (const shift of [0, 1, 2, 3, 4, 5]) {
      const content = `${'x'.repeat(64 * 1024 - 8 - shift)} 日本語日本 <!-- \u{1f600}ärger -->\n`;
      const { words, notes, lines, sha256 } = await factsOf('long.md', content);
      expect(words).toEqual([
        ['ärger', 1],
        ['日本語日本', 1],
      ]);
      expect({ notes, lines }).toEqual({ notes: [], lines: { code: 1, comment: 0, blank: 0 } });
      expect(sha256).toBe(createHash('sha256').update(content).digest('hex'));
    }
  });

  test('name bytes that are not UTF-8, also at the end, and count the lines all the same.', async () => {
    const facts = await factsOf('bad.txt', Buffer.from([0x61, 0x0a, 0xff, 0x0a, 0xe2, 0x82]));
    expect(facts.lines).toEqual({ code: 3, comment: 0, blank: 0 });
    expect(facts.notes).toEqual([{ kind: 'invalid-utf8', path: 'bad.txt', detail: '' }]);
    expect((await factsOf('good.txt', 'a \ufffd')).notes).toEqual([]);
  });

  test('of a binary file have no lines: a zero byte in the first 8 KiB decides.', async () => {
    const zeroAt = (at: number): Buffer => Buffer.concat([Buffer.alloc(at, 'a'), Buffer.from([0]), Buffer.from('\n')]);
    expect(await factsOf('binary.md', zeroAt(8191))).toMatchObject({
      language: 'Binary',
      lines: { code: 0, comment: 0, blank: 0 },
      notes: [{ kind: 'binary' }],
    });
    expect(await factsOf('text.md', zeroAt(8192))).toMatchObject({
      language: 'Markdown',
      lines: { code: 1 },
      notes: [],
    });
  });

  test('of an empty file are all zero.', async () => {
    expect(await factsOf('empty.ts', '')).toMatchObject({
      bytes: 0,
      language: 'TypeScript',
      lines: { code: 0, comment: 0, blank: 0 },
      notes: [],
    });
  });

  test('say so when a package.json is too large to be parsed.', async () => {
    const { notes } = await factsOf('package.json', `{"name":"a","version":"1","x":"${'y'.repeat(1024 * 1024)}"}`);
    expect(notes).toEqual([{ kind: 'bad-package', path: 'package.json', detail: 'too large' }]);
  });

  test('of a file that vanished, became a folder or cannot be reached are a note.', async () => {
    const gone = await factsOfFile(folder, 'gone.ts');
    expect(gone).toEqual({
      kind: 'lost',
      path: 'gone.ts',
      notes: [{ kind: 'vanished', path: 'gone.ts', detail: 'ENOENT' }],
    });
    writeFileSync(join(folder, 'file'), '');
    expect((await factsOfFile(folder, 'file/below')).notes).toMatchObject([{ kind: 'vanished', detail: 'ENOTDIR' }]);
    mkdirSync(join(folder, 'swapped.ts'));
    expect(await factsOfFile(folder, 'swapped.ts')).toMatchObject({
      kind: 'lost',
      notes: [{ kind: 'changed', detail: 'became a folder' }],
    });
    const long = 'n'.repeat(300);
    expect((await factsOfFile(folder, long)).notes).toMatchObject([{ kind: 'unreadable', detail: 'ENAMETOOLONG' }]);
  });

  test('of a file without permission to read are a note.', async () => {
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'secret.ts'), 'x', { mode: 0o000 });
    const facts = await asNobody(() => factsOfFile(folder, 'secret.ts'));
    expect(facts).toEqual({
      kind: 'lost',
      path: 'secret.ts',
      notes: [{ kind: 'unreadable', path: 'secret.ts', detail: 'EACCES' }],
    });
  });
});
