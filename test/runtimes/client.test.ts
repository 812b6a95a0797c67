/** The client as one file, in Node.js, Deno and Bun, against a real node: the same program prints the same in each. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { open, type Tutti } from '../../src/index.ts';
import { clientBundle } from '../../tools/client-bundle.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'tutti-runtimes-'));
const packages = join(import.meta.dirname, 'node_modules');
let node: Tutti;
let url = '';

beforeAll(async () => {
  writeFileSync(join(folder, 'client.mjs'), await clientBundle());
  copyFileSync(join(import.meta.dirname, 'client-program.mjs'), join(folder, 'program.mjs'));
  const module = import.meta.resolve('../client/client-app.fixture.ts');
  node = await open({ module, engine: 'memory', executors: 1 });
  ({ url } = await node.serve({ port: 0 }));
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true });
});

const expected = [
  ['undefined', true],
  ['values', true, true, [1, 2, 255], true],
  ['refused', 'INPUT_INVALID', 'rejected'],
  ['failed', 'TASK_FAILED', 'failed', 'no such account'],
  ['followed', [0, 1, 2, 3, 4, 5], 6],
  ['cancelled', 'TASK_CANCELLED'],
  ['many', true],
  ['given up', 'NO_ANSWER', 'unknown'],
];

test.each([
  ['Node.js', process.execPath, []],
  ['Deno', join(packages, '@deno/linux-x64-glibc/deno'), ['run', '--no-config', '--no-lock', '--allow-net=127.0.0.1']],
  ['Bun', join(packages, '@oven/bun-linux-x64/bin/bun'), ['run']],
])('in %s', async (_name, program, args) => {
  const env = { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
  const { stdout } = await run(program, [...args, 'program.mjs', url], { cwd: folder, env, timeout: 50_000 });
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(expected);
});
