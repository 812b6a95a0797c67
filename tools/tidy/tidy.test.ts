import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLongFiles } from './file-length.ts';
import { printFinding } from './finding.ts';
import { parseSource } from './source.ts';
import { tidy } from './tidy.ts';

let root = '';

/** A project in which every rule is content, plus the files given. */
const plant = (files: Readonly<Record<string, string>>): void => {
  const clean = {
    'package.json': '{ "exports": { ".": "./src/index.ts" }, "bin": { "tutti": "./bin/tutti.js" } }',
    'bin/tutti.js': "await import(new URL('../src/cli/main.ts', import.meta.url).href);",
    'src/index.ts': "export * from './app/task.ts';\nexport const open = () => import('./node/open.ts');",
    'src/app/task.ts': 'export const task = 1;',
    'src/node/open.ts': "export const entry = new URL('../execution/state-thread.ts', import.meta.url);",
    'src/execution/state-thread.ts': "export * from '../partition/partition.ts';",
    'src/partition/partition.ts': "import type { Log } from '../engine/engine.ts';\nexport type P = Log;",
    'src/engine/engine.ts': 'export type Log = 1;',
    'src/cli/main.ts': "import '../node/open.ts';\nexport const main = () => Date.now();",
  };
  for (const [path, text] of Object.entries({ ...clean, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
};

/** What tidy finds, without the remedies. */
const found = (): readonly string[] => tidy(root).map(({ file, line, what }) => `${file}:${line} ${what}`);

/** Adds `text` to a file of the clean project that is reached, so that only the planted violation is found. */
const inPartition = (text: string): void =>
  plant({
    'src/partition/partition.ts': `import type { Log } from '../engine/engine.ts';\nexport type P = Log;\n${text}`,
  });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tutti-tidy-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a project that keeps the rules has no findings', () => {
  plant({
    'src/partition/partition.test.ts':
      "import { main } from '../cli/main.ts';\nmain(); setTimeout(main, Math.random());",
    'src/engine/conformance.ts': "import './log.fixture.ts';",
    'src/engine/log.fixture.ts': 'export const log = 1;',
  });
  expect(found()).toEqual([]);
});

test('a finding prints its place, what is wrong and what to do', () => {
  plant({ 'src/app/task.ts': "\nimport '../cli/main.ts';" });
  expect(tidy(root).map(printFinding)).toEqual([
    'src/app/task.ts:2  app must not import src/cli/main.ts. It may import values, errors, platform, limits.ts, ' +
      'client-limits.ts, value-limits.ts, app, protocol: take what it needs as a parameter, or move the code.',
  ]);
});

describe('arrows', () => {
  test.each([
    ['a value', "import { main } from '../cli/main.ts'; main();"],
    ['a type', "import type { main } from '../cli/main.ts'; export type M = typeof main;"],
    ['an inline type', "export type M = typeof import('../cli/main.ts');"],
    ['a re-export', "export * from '../cli/main.ts';"],
    ['a dynamic import', "export const load = () => import('../cli/main.ts');"],
    ['a path', "export const url = new URL('../cli/main.ts', import.meta.url);"],
  ])('%s from a folder further up is found', (_kind, text) => {
    inPartition(text);
    expect(found()).toEqual(['src/partition/partition.ts:3 partition must not import src/cli/main.ts']);
  });

  test('the core sees the contracts of engine and store as types only, and never an implementation', () => {
    plant({
      'src/partition/partition.ts':
        "import { type Log } from '../engine/engine.ts';\nimport type { F } from '../engine/file-log.ts';\nexport type P = Log | F;",
      'src/engine/file-log.ts': 'export type F = 2;',
    });
    expect(found()).toEqual([
      'src/partition/partition.ts:1 partition must not import an implementation (src/engine/engine.ts)',
      'src/partition/partition.ts:2 partition must not import an implementation (src/engine/file-log.ts)',
    ]);
  });

  test('the root export may name types of the node, but loads it only when it is called', () => {
    plant({
      'src/index.ts':
        "import '../bin/tutti.js';\nexport type * from './node/open.ts';\nexport { entry } from './node/open.ts';",
    });
    expect(found()).toContain('src/index.ts:3 loads src/node/open.ts together with the root export');
    expect(found()).not.toContain('src/index.ts:2 loads src/node/open.ts together with the root export');
    expect(found()).toContain('src/index.ts:1 imports bin/tutti.js from outside of src/');
  });

  test('what is shipped imports no test file, and not its own package by name', () => {
    plant({
      'src/cli/main.ts': "import '../engine/conformance.ts';\nimport 'tutti';\nimport '../node/open.ts';",
      'src/engine/conformance.ts': '',
    });
    expect(found()).toEqual([
      'src/cli/main.ts:1 imports the test file src/engine/conformance.ts',
      "src/cli/main.ts:2 imports its own package by name ('tutti')",
    ]);
  });

  test('a folder that nobody has given a place is found', () => {
    plant({
      'src/cli/main.ts': "import '../node/open.ts';\nimport '../drawer/x.ts';",
      'src/drawer/x.ts': "import '../limits.ts';",
      'src/limits.ts': '',
    });
    expect(found()).toEqual([
      'src/cli/main.ts:2 cli must not import src/drawer/x.ts',
      'src/drawer/x.ts:1 src/drawer has no place in the order of folders',
    ]);
  });
});

test('files that load each other in a circle are found once; types and lazy imports make no circle', () => {
  plant({
    'src/app/task.ts': "import './a.ts';\nimport './lazy.ts';\nimport './type.ts';",
    'src/app/a.ts': "import type { b as B } from './b.ts';\nimport { b } from './b.ts';\nexport const a: typeof B = b;",
    'src/app/b.ts': "export * from './c.ts';\nexport const b = 1;",
    'src/app/c.ts': "import { a } from './a.ts';\nexport const c = () => a;",
    'src/app/lazy.ts': "export const load = () => import('./task.ts');",
    'src/app/type.ts': "import type * as Task from './task.ts';\nexport type T = typeof Task;",
  });
  expect(found()).toEqual([
    'src/app/a.ts:2 imports in a circle: src/app/a.ts -> src/app/b.ts -> src/app/c.ts -> src/app/a.ts',
  ]);
});

test('a file that loads itself is a circle', () => {
  plant({ 'src/app/task.ts': "export * as self from './task.ts';" });
  expect(found()).toEqual(['src/app/task.ts:1 imports in a circle: src/app/task.ts -> src/app/task.ts']);
});

test('a Node.js module that the root export loads is found with the way to it, one behind import() or a type is not', () => {
  plant({
    'src/index.ts': "export * from './platform/a.ts';\nexport const open = () => import('./node/open.ts');",
    'src/platform/a.ts': "import type { C } from './c.ts';\nexport { b } from './b.ts';\nexport type A = C;",
    'src/platform/b.ts': "\nimport { readFileSync } from 'node:fs';\nexport const b = readFileSync;",
    'src/platform/c.ts': "import { join } from 'node:path';\nexport type C = typeof join;",
    'src/node/open.ts':
      "import 'node:os';\nexport const entry = new URL('../execution/state-thread.ts', import.meta.url);",
    'src/cli/main.ts': "import '../node/open.ts';\nimport '../app/task.ts';",
  });
  expect(found()).toEqual([
    "src/platform/b.ts:2 imports 'node:fs' and is loaded with the root export (src/index.ts -> src/platform/a.ts -> src/platform/b.ts)",
  ]);
});

describe('banned globals', () => {
  test.each([
    ['const x = Date.now();', 'uses Date.now in partition'],
    ['const { now } = Date; const x = globalThis.Date.now();', 'uses Date.now in partition'],
    ['const x = new Date();', 'reads the clock with Date() in partition'],
    ['const x = Date();', 'reads the clock with Date() in partition'],
    ['const x = performance.now();', 'uses performance.now in partition'],
    ['const x = Math.random();', 'uses Math.random in partition'],
    ['const x = crypto.randomUUID();', 'uses crypto.randomUUID in partition'],
    ['setTimeout(() => {}, 1);', 'uses setTimeout in partition'],
    ['globalThis.setInterval(() => {}, 1);', 'uses setInterval in partition'],
    ['const later = { setImmediate };', 'uses setImmediate in partition'],
    ["import 'node:fs';", "imports 'node:fs' in partition, which must not know Node.js"],
    ["import { Worker } from 'worker_threads';", "imports 'worker_threads' in partition, which must not know Node.js"],
  ])('%s is found', (text, what) => {
    inPartition(text);
    expect(found()).toContain(`src/partition/partition.ts:3 ${what}`);
  });

  test('names that only look like them, times that are given, and types are not', () => {
    inPartition(
      `export const at = (ms: number, setTimeout: (x: number) => void) => ({ date: new Date(ms), env: { setInterval: 1 } });
       // Date.now() and Math.random() in a comment, and ${'`setTimeout`'} in a string
       export interface Timers { setTimeout(ms: number): void; readonly then: typeof Date.now }
       export const text = 'Date.now()'; export const is = (x: unknown) => x instanceof Date;
       export const use = (timers: Timers) => timers.setTimeout(1);`,
    );
    expect(found()).toEqual([]);
  });
});

test('a file of more than 400 lines is found, one of 400 is not', () => {
  const lines = (count: number): string => 'export {};\n'.repeat(count);
  plant({ 'tools/short.ts': lines(400), 'tools/long.ts': lines(401) });
  expect(found()).toEqual(['tools/long.ts:401 has 401 lines, more than 400']);
});

test('a listed long file may not grow, and its entry must shrink with it', () => {
  const files = [parseSource('tools/long.ts', 'export {};\n'.repeat(450))];
  const judge = (allowed: number): readonly string[] =>
    findLongFiles(files, { 'tools/long.ts': allowed }).map((it) => it.what);
  expect(judge(440)).toEqual(['has 450 lines, more than 440']);
  expect(judge(450)).toEqual([]);
  expect(judge(460)).toEqual(['is allowed 460 lines and has 450']);
  expect(findLongFiles([], { 'tools/gone.ts': 500 })).toHaveLength(1);
});

describe('dead files', () => {
  test('a file that only a test uses is found', () => {
    plant({ 'src/app/dead.ts': 'export {};', 'src/app/dead.test.ts': "import './dead.ts';" });
    expect(found()).toEqual(['src/app/dead.ts:1 is reached from no entry point']);
  });

  test('a thread entry file counts as used where its name stands, with or without extension', () => {
    plant({
      'src/node/open.ts': `const entry = (name: string) => new URL(name, import.meta.url);
        entry(\`./one-thread.\${'ts'}\`); entry('two-thread'); entry('../execution/state-thread.ts');`,
      'src/node/one-thread.ts': '',
      'src/node/two-thread.ts': '',
      'src/node/three-thread.ts': '',
    });
    expect(found()).toEqual(['src/node/three-thread.ts:1 is reached from no entry point']);
  });

  test('an entry point that is named and missing is found', () => {
    plant({ 'package.json': '{ "exports": { ".": { "types": "./src/gone.ts" } } }' });
    expect(found()).toEqual(['package.json:1 names src/gone.ts, which does not exist']);
  });

  test('a file that the command would load and that is missing is found', () => {
    plant({ 'bin/tutti.js': "await import(new URL('../src/cli/gone.ts', import.meta.url).href);" });
    expect(found()).toEqual(['bin/tutti.js:1 names src/cli/gone.ts, which does not exist']);
  });
});

test.each([
  ["test.skip('x', () => {});", 'skip'],
  ["it.only('x', () => {});", 'only'],
  ["describe.only('x', () => {});", 'only'],
  ["test.todo('x');", 'todo'],
  ["test.concurrent.only('x', () => {});", 'only'],
  ["test.skipIf(true)('x', () => {});", 'skipIf'],
  ["test.fails('x', () => {});", 'fails'],
  ["test.only.each([1])('x', () => {});", 'only'],
  ["test('x', { skip: true }, () => {});", 'skip'],
  ["test('x', (context) => { context.skip(); });", 'context.skip'],
])('%s in a test is found', (text, word) => {
  plant({ 'src/app/task.test.ts': `\n${text}` });
  expect(found()).toContain(`src/app/task.test.ts:2 a test is marked ${word}`);
});

test('work put off in a comment is found at its line, in a string it is not', () => {
  plant({ 'tools/x.ts': `export const a = 'TODO';\n/*\n * ${'FIX'}ME later\n */\n// ${'TO'}DO\n` });
  expect(found()).toEqual(['tools/x.ts:3 a comment says FIXME', 'tools/x.ts:5 a comment says TODO']);
});

test('drawers and names that are not kebab-case are found', () => {
  plant({ 'src/app/utils.ts': '', 'src/app/task.ts': "import './utils.ts';", 'tools/fooBar.ts': '' });
  expect(found()).toEqual([
    'src/app/utils.ts:1 is a drawer for anything',
    'tools/fooBar.ts:1 is not named in kebab-case',
  ]);
});

test('download addresses in the lock file are found', () => {
  plant({ 'package-lock.json': '{\n  "resolved": "https://registry.example/x.tgz"\n}' });
  expect(found()).toEqual(['package-lock.json:2 holds download addresses']);
});

test('what is no TypeScript stops the check with its path', () => {
  plant({ 'tools/broken.ts': 'const = ;' });
  expect(() => tidy(root)).toThrow('tools/broken.ts cannot be parsed');
});
