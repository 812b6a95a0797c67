/**
 * For tests: a folder with everything in it that a tree can hold and a program can trip over. `expected` is counted by hand.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counts, NoteKind } from './inventory.ts';

export type AwkwardTree = {
  readonly folder: string;
  readonly expected: {
    readonly counts: Counts;
    readonly notes: Readonly<Partial<Record<NoteKind, readonly string[]>>>;
  };
  remove(): Promise<void>;
};

export type AwkwardOptions = {
  /** Size of the sparse file `huge.img`, which takes no room on the disk. Default 64 MiB. */
  readonly hugeBytes?: number;
};

const rawName = Buffer.from([0x72, 0x61, 0x77, 0xff, 0x2e, 0x6d, 0x64]); // raw<ff>.md

export async function buildAwkwardTree({ hugeBytes = 64 * 1024 * 1024 }: AwkwardOptions = {}): Promise<AwkwardTree> {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-awkward-'));
  const at = (path: string): string => join(folder, path);
  const files: readonly (readonly [path: string, content: string | Buffer])[] = [
    ['.git/config', 'not entered'],
    ['a b/two  spaces.ts', '// one\nconst a = 1;\n\n'],
    ['bad.txt', Buffer.from([0x61, 0x0a, 0xc3, 0x28, 0x0a, 0xe2, 0x82])],
    ['binary.dat', Buffer.from([1, 2, 0, 3])],
    ['copy-one.md', 'Same words, same WORDS.\n'],
    ['deep/er/copy-two.md', 'Same words, same WORDS.\n'],
    ['empty', ''],
    ['line\nbreak.py', '# comment\nx = 1\n'],
    ['package.json', '{"name":"awkward","version":"1.2.3","license":"MIT"}\n'],
    ['deep/package.json', '{"name": "broken"'],
    ['proto.md', '__proto__ constructor constructor hasOwnProperty\n'],
    ['tool', '#!/usr/bin/env -S node --no-warnings\nlet x; // y\n'],
    ['данные/日本語.md', 'Данные данные 日本語\n'],
  ];
  for (const [path, content] of files) {
    mkdirSync(join(at(path), '..'), { recursive: true });
    writeFileSync(at(path), content);
  }
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), rawName]), 'raw name\n');
  mkdirSync(at('no files'));
  writeFileSync(at('huge.img'), '');
  truncateSync(at('huge.img'), hugeBytes);
  symlinkSync('nowhere', at('broken-link'));
  symlinkSync('itself', at('itself'));
  symlinkSync('tool', at('link-to-file'));
  symlinkSync('..', at('deep/link-to-folder'));
  execFileSync('mkfifo', [at('pipe')]);
  const socket = createServer().listen(at('socket'));
  await once(socket, 'listening');
  return {
    folder,
    expected: {
      counts: {
        folders: 6,
        files: 14,
        bytes: 21 + 7 + 4 + 24 + 24 + 16 + 53 + 17 + 49 + 49 + 36 + 9 + hugeBytes,
        binaryFiles: 2,
        emptyFiles: 1,
        links: 4,
        specials: 2,
        lost: 0,
      },
      notes: {
        'broken-link': ['broken-link', 'itself'],
        'not-a-file': ['pipe', 'socket'],
        'bad-package': ['deep/package.json'],
        'invalid-utf8': ['bad.txt'],
        'odd-name': ['line\nbreak.py', 'raw\\xff.md'],
        'skipped-folder': ['.git'],
        'empty-folder': ['no files'],
        binary: ['binary.dat', 'huge.img'],
      },
    },
    async remove() {
      socket.close();
      await once(socket, 'close');
      rmSync(folder, { recursive: true });
    },
  };
}
