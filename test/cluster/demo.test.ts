/** `npm run demo:cluster`, as a person would run it, on a small folder. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const demo = fileURLToPath(new URL('../../examples/cluster-demo/main.ts', import.meta.url));
const folder = fileURLToPath(new URL('../../node_modules/vitest', import.meta.url));

const numberOf = (text: string | undefined): number => Number(text?.replaceAll(',', ''));

test('the demonstration kills a node and a server, and ends with the result of the plain script', async () => {
  const { stdout, stderr } = await run(process.execPath, [demo, folder]);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/killed node n2, which led \d+ partitions?\./);
  expect(stderr).toMatch(/Led again by others: .+\. Who asked after the run waited \d+ ms at most/);
  expect(stderr).toMatch(/Killed NATS server \d of 3/);
  expect(stderr).toMatch(/The servers elected others\. Who asked after the run waited \d+ ms at most/);
  const [, batches, again] =
    /Of ([\d,]+) batches of files (none|[\d,]+) had to be read a second time \([\d.]+ %\)/.exec(stderr) ?? [];
  // A batch has up to 64 files.
  const [, files] = /^([\d,]+) files in [\d.]+ s, by three nodes/m.exec(stderr) ?? [];
  expect(numberOf(batches)).toBeGreaterThanOrEqual(Math.ceil(numberOf(files) / 64));
  expect(again === 'none' ? 0 : numberOf(again)).toBeLessThanOrEqual(numberOf(batches));
  expect(stderr).toMatch(/The results are the same to the byte \([\d,]+ bytes of JSON\)/);
});

test('a wrong call says how it is right', async () => {
  await expect(run(process.execPath, [demo, '--kil'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm run demo:cluster -- --help') as unknown,
  });
  expect((await run(process.execPath, [demo, '--help'])).stdout).toContain('--no-kill');
});
