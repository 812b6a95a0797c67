import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-closing-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs Vitest on the given test files with the reporter; the last line it prints, and its exit code. */
const runTests = (
  files: Readonly<Record<string, string>>,
): { readonly last: string | undefined; readonly status: number | null } => {
  const reporter = JSON.stringify(pathToFileURL(join(import.meta.dirname, 'closing-line.ts')).href);
  const config = `import { closingLineReporter } from ${reporter};
    export default { test: { globals: true, include: ['*.test.ts'], reporters: ['default', closingLineReporter] } };`;
  for (const [name, text] of Object.entries({ ...files, 'vitest.config.mjs': config }))
    writeFileSync(join(folder, name), text);
  const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
  const { stdout, status } = spawnSync(process.execPath, [vitest, 'run', '--root', folder], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { last: stdout.trimEnd().split('\n').at(-1), status };
};

test('a run in which all passes ends with the count', () => {
  expect(runTests({ 'a.test.ts': "test('a', () => {}); describe('d', () => { test('b', () => {}); });" })).toEqual({
    last: '2 passed, 0 failed',
    status: 0,
  });
});

test('failed tests, hooks that throw, files that do not load and errors nobody caught count as failed', () => {
  const files = {
    'failed.test.ts': "test('a', () => { throw new Error('no'); }); test('b', () => {});",
    'hook.test.ts': "describe('d', () => { beforeAll(() => { throw new Error('no'); }); test('c', () => {}); });",
    'load.test.ts': "throw new Error('no');",
    'late.test.ts':
      "test('d', async () => { void Promise.reject(new Error('no')); await new Promise(setImmediate); });",
  };
  expect(runTests(files)).toEqual({ last: '2 passed, 4 failed', status: 1 });
});

test('a run without any test has failed', () => {
  expect(runTests({})).toEqual({ last: '0 passed, 1 failed', status: 1 });
});
