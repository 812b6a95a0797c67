/** The example of docs/testing.md as its reader runs it: with `node --test`, and with Vitest. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examplesOf } from '../docs/examples.ts';

const root = join(import.meta.dirname, '../..');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tutti-runners-')));

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/tutti'));
  symlinkSync(join(root, 'node_modules/vitest'), join(folder, 'node_modules/vitest'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const [example] = examplesOf(readFileSync(join(root, 'docs/testing.md'), 'utf8'));
  for (const [name, code] of example?.files ?? []) writeFileSync(join(folder, name), code);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Without what the test runner that runs this has put there. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_TEST|NODE_ENV|TEST$)/.test(name)),
);

const run = (...args: string[]): { readonly status: number | null; readonly out: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, NO_COLOR: '1' },
    timeout: 60_000,
  });
  return { status, out: stdout + stderr };
};

const nodeTest = (): ReturnType<typeof run> => run('--test', '--test-reporter=tap', 'month.test.ts');
const vitest = (): ReturnType<typeof run> => run(join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'month.spec.ts');

test('passes with node:test, which ends by itself', () => {
  const { status, out } = nodeTest();
  expect(out).toMatch(/^# pass 2$/m);
  expect(out).toMatch(/^# fail 0$/m);
  expect(status).toBe(0);
});

test('passes with Vitest', () => {
  const { status, out } = vitest();
  expect(out).toMatch(/Tests\s+20 passed/);
  expect(status).toBe(0);
});

test('fails with both, and with the seed, where the app is wrong', () => {
  const app = readFileSync(join(folder, 'app.ts'), 'utf8');
  const wrong = app.replace('mail(key, `Still', 'mail(String(Math.random()), `Still');
  expect(wrong).not.toBe(app);
  const scenarios = readFileSync(join(folder, 'scenarios.ts'), 'utf8');
  const asserting = scenarios.replace(
    'await result();',
    "await result();\n  if (letters().length !== 2) throw new Error(letters().length + ' letters');",
  );
  expect(asserting).not.toBe(scenarios);
  writeFileSync(join(folder, 'app.ts'), wrong);
  writeFileSync(join(folder, 'scenarios.ts'), asserting);
  for (const { status, out } of [nodeTest(), vitest()]) {
    expect(out).toMatch(/The scenario month failed with seed \d+: 3 letters/);
    expect(out).toMatch(/The same run again: simulate\(…, …, \{ seed: \d+, faults: true \}\)/);
    expect(status).toBe(1);
  }
});
