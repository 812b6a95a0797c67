/** `npm run demo:cluster`, as a person would run it, on a small folder. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const demo = fileURLToPath(new URL('../../examples/cluster-demo/main.ts', import.meta.url));
const folder = fileURLToPath(new URL('../../node_modules/vitest', import.meta.url));

test('the demonstration kills a node and a server, and ends with the result of the plain script', async () => {
  const { stdout, stderr } = await run(process.execPath, [demo, folder]);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/killed node n2, which led \d+ partitions/);
  expect(stderr).toMatch(/Killed NATS server \d of 3/);
  expect(stderr).toMatch(/The results are the same to the byte \([\d,]+ bytes of JSON\)/);
});

test('a wrong call says how it is right', async () => {
  await expect(run(process.execPath, [demo, '--kil'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm run demo:cluster -- --help') as unknown,
  });
  expect((await run(process.execPath, [demo, '--help'])).stdout).toContain('--no-kill');
});
