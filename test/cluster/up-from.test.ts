/** `tutti up --from`: the tasks of one process's data folder are a cluster's. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Running } from '../cli/command.fixture.ts';
import { fingerprint } from '../import/half-done.fixture.ts';
import { Machines } from './machines.fixture.ts';

let machines: Machines;
let running: Running | undefined;
const place = ['--host', '127.0.0.1', '--port', '0', '--name', 'n1'];

beforeAll(async () => {
  machines = await Machines.open();
});
afterAll(async () => {
  // Its server ends with it.
  running?.kill('SIGTERM');
  await running?.ended;
  await machines?.close();
});

const up = async (...more: readonly string[]): Promise<string> => {
  running = machines.start(['up', 'app.ts', '--from', 'old', ...more]);
  const [, url] = await running.seen(/"url":"([^"]+)".*"message":"serving"/);
  return url as string;
};

test('what is no data folder of one process is refused before anything begins', async () => {
  const refused = await machines.run('up', 'app.ts', '--from', 'nowhere', ...place);
  expect([refused.code, refused.err]).toEqual([expect.any(Number), expect.stringContaining('DATA_UNAVAILABLE')]);
  expect(refused.code).not.toBe(0);
  expect(existsSync(machines.place.path('nowhere-cluster/nats'))).toBe(false);
});

test('a cluster begins with its tasks beside it, and comes back by the same command', async () => {
  const old = machines.place.path('old');
  const ran = await machines.run('run', 'app.ts', 'square', '7', '--data', old);
  expect(ran.out).toBe('49\n');
  const before = fingerprint(old);

  const listed = async (url: string): Promise<unknown[]> => {
    const { out } = await machines.run('list', '--json', '--url', url);
    return out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  };
  const url = await up(...place);
  const tasks = await listed(url);
  expect(tasks).toMatchObject([{ name: 'square', state: 'completed' }]);
  expect((await machines.run('run', 'square', '8', '--url', url)).out).toBe('64\n');
  expect(fingerprint(old)).toBe(before);
  expect(existsSync(machines.place.path('old-cluster/security/machine.json'))).toBe(true);

  running?.kill('SIGTERM');
  expect((await running?.ended)?.code).toBe(0);
  expect(await listed(await up())).toHaveLength(2);
  expect(running?.err).toContain('import.before');
});
