import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'tutti-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The rules that the project's settings find broken in `text`, which may import `pause` and `Log` from `./pause.ts`. */
const brokenRules = (text: string): readonly string[] => {
  const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...config, vcs: undefined, $schema: undefined }));
  const pause = [
    'export type Log = { append(): Promise<number> };',
    'export const pause = async (ms: number): Promise<void> => {',
    '  await new Promise((resolve) => setTimeout(resolve, ms));',
    '};',
  ];
  writeFileSync(join(folder, 'pause.ts'), `${pause.join('\n')}\n`);
  writeFileSync(join(folder, 'planted.ts'), text);
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'check', '--reporter=json', '--error-on-warnings', 'planted.ts', 'pause.ts'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly { category: string }[] };
  return diagnostics.map(({ category }) => category);
};

test('code that keeps the rules is not found', () => {
  expect(brokenRules("import { pause } from './pause.ts';\n\nawait pause(1);\nvoid pause(2);\n")).toEqual([]);
});

test.each([
  ['a promise of a function that is not awaited', "import { pause } from './pause.ts';\n\npause(1);\n"],
  [
    'a promise of an interface that is not awaited',
    "import type { Log } from './pause.ts';\n\nexport const f = (log: Log): void => {\n  log.append();\n};\n",
  ],
  [
    'promises of a list that are not awaited',
    "import { pause } from './pause.ts';\n\n[1, 2].map((ms) => pause(ms));\n",
  ],
])('%s is found', (_what, text) => {
  expect(brokenRules(text)).toEqual(['lint/nursery/noFloatingPromises']);
});

test.each([
  ['any', 'export const x: any = 1;\n', 'lint/suspicious/noExplicitAny'],
  [
    'a type that is imported as a value',
    "import { Log } from './pause.ts';\n\nexport type L = Log;\n",
    'lint/style/useImportType',
  ],
  ['another format', 'export const x   = "a"\n', 'format'],
])('%s is found', (_what, text, rule) => {
  expect(brokenRules(text)).toContain(rule);
});
