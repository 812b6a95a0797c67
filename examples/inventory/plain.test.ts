import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { buildAwkwardTree } from './awkward-tree.ts';
import { factsOfFile } from './file-facts.ts';
import type { Inventory } from './inventory.ts';
import { allOfIt, listPart, type Part, pathsOf } from './list-files.ts';
import { takeInventory } from './plain-inventory.ts';
import { combineAll, inventoryOf, type Summary, summarize } from './summary.ts';

type Outcome = { readonly code: number | string | null | undefined; readonly stdout: string; readonly stderr: string };

const script = fileURLToPath(new URL('./plain.ts', import.meta.url));

const runNode = (args: readonly string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...args], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });

/** As the tasks will do it: in batches, each to a summary, combined. */
async function inventoryByBatches(folder: string, filesPerBatch: number): Promise<Inventory> {
  const summaries: Summary[] = [];
  for (let part: Part = { batches: [], rest: allOfIt }; part.rest.length > 0; ) {
    part = await listPart(folder, part.rest, { filesPerBatch, batchesPerPart: 3 });
    for (const batch of part.batches) {
      const facts = await Promise.all(pathsOf(batch).map((path) => factsOfFile(folder, path)));
      summaries.push(summarize(facts, batch.folders, batch.notes));
    }
  }
  return inventoryOf(combineAll(summaries));
}

describe('The plain script', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tutti-plain-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('counts a small tree as one counts it by hand.', async () => {
    const files = {
      'package.json': '{\n  "name": "small",\n  "version": "1.0.0",\n  "license": "ISC"\n}\n',
      'readme.md': '# Small\n\nA small thing, small indeed.\n',
      'src/a.ts': '/** Adds. */\nexport const add = (a: number, b: number) => a + b; // sum\n\n',
      'src/b.ts': '/** Adds. */\nexport const add = (a: number, b: number) => a + b; // sum\n\n',
      'src/c.py': '# Nothing.\n\n',
    };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const { code, stdout, stderr } = await runNode([script, folder, '--json']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^5 files of .* in \d+\.\d\d s, one thread\n$/);
    expect(JSON.parse(stdout)).toEqual({
      counts: { folders: 2, files: 5, bytes: 260, binaryFiles: 0, emptyFiles: 0, links: 0, specials: 0, lost: 0 },
      languages: [
        { language: 'JSON', files: 1, bytes: 64, code: 5, comment: 0, blank: 0 },
        { language: 'TypeScript', files: 2, bytes: 146, code: 2, comment: 2, blank: 2 },
        { language: 'Markdown', files: 1, bytes: 38, code: 2, comment: 0, blank: 1 },
        { language: 'Python', files: 1, bytes: 12, code: 0, comment: 1, blank: 1 },
      ],
      licences: [{ licence: 'ISC', packages: 1 }],
      packages: [{ path: 'package.json', name: 'small', version: '1.0.0', licence: 'ISC' }],
      largest: [
        { path: 'src/a.ts', bytes: 73 },
        { path: 'src/b.ts', bytes: 73 },
        { path: 'package.json', bytes: 64 },
        { path: 'readme.md', bytes: 38 },
        { path: 'src/c.py', bytes: 12 },
      ],
      duplicates: {
        groups: 1,
        files: 1,
        wastedBytes: 73,
        top: [
          {
            sha256: expect.stringMatching(/^[0-9a-f]{32}$/),
            bytes: 73,
            count: 2,
            wastedBytes: 73,
            paths: ['src/a.ts', 'src/b.ts'],
          },
        ],
      },
      words: {
        total: 5,
        distinct: 3,
        top: [
          ['small', 3],
          ['indeed', 1],
          ['thing', 1],
        ],
      },
      notes: [],
    });
  });

  test('prints tables on stdout and nothing else there.', async () => {
    writeFileSync(join(folder, 'a.ts'), 'x;\n');
    const { code, stdout } = await runNode([script, folder]);
    expect(code).toBe(0);
    expect(stdout).toContain('TypeScript');
    expect(stdout.startsWith('Inventory\n') && stdout.endsWith('\n')).toBe(true);
    expect(stdout).not.toContain('\u001b');
  });

  test('says what is wrong on stderr and ends with 2 for a missing folder, a file, or wrong arguments.', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const none = join(folder, 'none');
    expect(await runNode([script, none])).toEqual({ code: 2, stdout: '', stderr: `There is no folder "${none}".\n` });
    expect(await runNode([script, file])).toEqual({ code: 2, stdout: '', stderr: `"${file}" is not a folder.\n` });
    expect(await runNode([script])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^usage: /) });
    expect(await runNode([script, folder, '--what'])).toMatchObject({ code: 2, stdout: '' });
  });

  test('names folders it may not enter.', async () => {
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'closed'));
    chmodSync(join(folder, 'closed'), 0o000);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) {
      process.seteuid?.(65534);
    }
    const inventories = [await takeInventory(folder), await inventoryByBatches(folder, 10)];
    if (isRoot) {
      process.seteuid?.(0);
    }
    for (const { notes, counts } of inventories) {
      expect(notes).toEqual([{ kind: 'unreadable', count: 1, first: [{ path: 'closed', detail: 'EACCES' }] }]);
      expect(counts.folders).toBe(2);
    }
  });
});

describe('A tree with everything that can be awkward', () => {
  test('is counted and named to the last item, and the same in batches of any size.', async () => {
    const tree = await buildAwkwardTree();
    onTestFinished(() => tree.remove());
    const plain = await takeInventory(tree.folder);
    expect(plain.counts).toEqual(tree.expected.counts);
    expect(Object.fromEntries(plain.notes.map(({ kind, first }) => [kind, first.map(({ path }) => path)]))).toEqual(
      tree.expected.notes,
    );
    expect(plain.words.top).toEqual([
      ['same', 4],
      ['words', 4],
      ['constructor', 2],
      ['данные', 2],
      ['hasownproperty', 1],
      ['name', 1],
      ['proto', 1],
    ]);
    for (const size of [1, 3, 1000]) {
      expect(JSON.stringify(await inventoryByBatches(tree.folder, size))).toBe(JSON.stringify(plain));
    }
  });

  test('takes bounded memory: 1 GB of zeros and one line of 64 MB.', { timeout: 60_000 }, async () => {
    const tree = await buildAwkwardTree({ hugeBytes: 2 ** 30 });
    onTestFinished(() => tree.remove());
    const line = Buffer.alloc(1024 * 1024, '<!-- "words" of one line -->');
    for (let at = 0; at < 64; at += 1) {
      writeFileSync(join(tree.folder, 'line.md'), line, { flag: 'a' });
    }
    const program = `
      import { takeInventory } from ${JSON.stringify(new URL('./plain-inventory.ts', import.meta.url))};
      const { counts } = await takeInventory(process.argv[1]);
      console.log(JSON.stringify({ bytes: counts.bytes, peakKb: process.resourceUsage().maxRSS }));`;
    const { stdout } = await runNode(['--max-old-space-size=64', '--input-type=module', '-e', program, tree.folder]);
    const { bytes, peakKb } = JSON.parse(stdout) as { bytes: number; peakKb: number };
    expect(bytes).toBe(tree.expected.counts.bytes + 64 * 1024 * 1024);
    expect(peakKb / 1024).toBeLessThan(250);
  });
});
