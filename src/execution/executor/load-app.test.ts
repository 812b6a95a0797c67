import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TuttiError } from '../../errors/tutti-error.ts';
import { decodeError } from '../../values/codec.ts';

let folder = '';
// Apps are imported by Node itself, in a thread: the test runner would import them in its own way.
const loader = new Worker(new URL('./load-app.fixture.ts', import.meta.url));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-load-app-'));
});
afterAll(async () => {
  await loader.terminate();
  await rm(folder, { recursive: true, force: true });
});

/** Writes files and gives the address of the first. */
const write = async (files: Readonly<Record<string, string>>): Promise<string> => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return pathToFileURL(join(folder, Object.keys(files)[0] as string)).href;
};

const load = async (address: string): Promise<{ readonly names?: readonly string[]; readonly error?: string }> => {
  loader.postMessage(address);
  const [answer] = (await once(loader, 'message')) as [{ names?: readonly string[]; error?: string }];
  return answer;
};

const loadError = async (address: string): Promise<TuttiError> =>
  decodeError((await load(address)).error ?? '') as TuttiError;

test('an app anywhere is loaded, with `tutti` mapped to the running copy', async () => {
  const app = "import { task } from 'tutti';\nexport const a = task(() => 1);\n";
  expect(await load(await write({ 'good/app.ts': app }))).toEqual({ names: ['a'] });
});

const good = 'export const a = 1;\n';
const refused: readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  file: string,
  line: number | undefined,
  says: RegExp,
][] = [
  [
    'an enum',
    { 'enum/app.ts': 'export const a = 1;\n\nenum Color { Red }\nexport const b = Color.Red;\n' },
    'enum/app.ts',
    3,
    /stripped.*union or a const object/,
  ],
  [
    'an enum in what it imports',
    { 'deep/app.ts': "import './color.ts';\n", 'deep/color.ts': 'export enum Color { Red }\n' },
    'deep/color.ts',
    1,
    /enum/,
  ],
  [
    'TypeScript that does not parse',
    { 'syntax/app.ts': 'export const a = 1;\nexport const b: = 2;\n' },
    'syntax/app.ts',
    2,
    /./,
  ],
  [
    'JavaScript that does not parse',
    { 'syntax/app.js': 'export const b = ;\n' },
    'syntax/app.js',
    undefined,
    /Unexpected token/,
  ],
  [
    'a package of type commonjs',
    {
      'cjs/app.ts': "import { a } from './b.ts';\nexport const b = a;\n",
      'cjs/b.ts': good,
      'cjs/package.json': '{"type":"commonjs"}',
    },
    'cjs/app.ts',
    1,
    /"type": "module"/,
  ],
  [
    'an app under node_modules',
    { 'node_modules/app/app.ts': 'export const a: number = 1;\n', 'node_modules/app/package.json': '{}' },
    'node_modules/app/app.ts',
    undefined,
    /out of node_modules/,
  ],
  [
    'an import without extension',
    { 'ext/app.ts': "\nimport { a } from './b';\nexport const b = a;\n", 'ext/b.ts': good },
    'ext/app.ts',
    2,
    /Write '\.\/b\.ts'/,
  ],
  [
    'an import of a folder',
    { 'dir/app.ts': "import { a } from './b';\nexport const b = a;\n", 'dir/b/index.ts': good },
    'dir/app.ts',
    1,
    /Write '\.\/b\/index\.ts'/,
  ],
  [
    'an import of .js that is .ts',
    { 'js/app.ts': "import { a } from './b.js';\nexport const b = a;\n", 'js/b.ts': good },
    'js/app.ts',
    1,
    /Write '\.\/b\.ts'/,
  ],
  [
    'a package that is not installed',
    { 'bare/app.ts': "import 'no-such-package-here';\n" },
    'bare/app.ts',
    1,
    /"no-such-package-here" is not installed/,
  ],
  [
    'an export that is not there',
    { 'exp/app.ts': "import { nope } from './b.ts';\nexport const b = nope;\n", 'exp/b.ts': good },
    'exp/app.ts',
    1,
    /does not provide an export/,
  ],
  [
    'a throw at import',
    { 'throw/app.ts': "const f = () => {\n  throw new TypeError('boom');\n};\nf();\n" },
    'throw/app.ts',
    2,
    /threw while it was imported: boom/,
  ],
  ['something thrown that is no Error', { 'text/app.ts': "throw 'text';\n" }, 'text/app.ts', undefined, /threw text/],
];

for (const [what, files, file, line, says] of refused) {
  test(`APP_LOAD names file, line and remedy: ${what}`, async () => {
    const error = await loadError(await write(files));
    expect(error).toMatchObject({ code: 'APP_LOAD', details: { file: join(folder, file) } });
    expect(error.details['line']).toBe(line);
    expect(error.message).toMatch(says);
  });
}

test('APP_LOAD: an app that is not there', async () => {
  const error = await loadError(pathToFileURL(join(folder, 'nowhere.ts')).href);
  expect(error).toMatchObject({ code: 'APP_LOAD', details: { file: join(folder, 'nowhere.ts') } });
  expect(error.message).toContain('there is no such module');
});

test('APP_INVALID passes as it is', async () => {
  const app = "import { task } from 'tutti';\nconst one = task(() => 1);\nexport { one as a, one as b };\n";
  expect(await loadError(await write({ 'invalid/app.ts': app }))).toMatchObject({ code: 'APP_INVALID' });
});
