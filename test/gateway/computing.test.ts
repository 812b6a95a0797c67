/** A node alone whose tasks compute for long: right use, so it is well, however many of its executors they keep. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayServer, listen } from '../../src/gateway/server.ts';
import { type EmbeddedNode, openNode } from '../../src/node/open.ts';
import type { Overview } from '../../src/protocol/overview.ts';
import { decodeValue, encodeValue } from '../../src/values/codec.ts';

const module = new URL('./computing-app.fixture.ts', import.meta.url).href;
const request = { id: undefined, key: undefined, delayMs: 0 };
const executors = 2;

let folder = '';
let node: EmbeddedNode;
let server: GatewayServer;
const reports: unknown[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-computing-'));
  node = await openNode({ module, engine: 'memory', executors }, undefined);
  server = await listen(await node.backend(), { port: 0, report: (error) => reports.push(error) });
});
afterAll(async () => {
  await server.close();
  await node.close();
  expect(reports).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

test.each([
  ['computes', 'from the first moment on'],
  ['fetchesAndComputes', 'also where that code waited for something before'],
])('it is well while code of tasks keeps all of its executors: %s, %s', async (name) => {
  const backend = await node.backend();
  const until = join(folder, `${name} until`);
  const keepers: string[] = [];
  for (let executor = 0; executor < executors; executor++) {
    const began = join(folder, `${name} ${executor}`);
    keepers.push(await backend.start({ ...request, name, input: encodeValue({ began, until }) }));
    await expect.poll(() => existsSync(began), { interval: 5 }).toBe(true);
  }
  // Nobody may have seen yet that the second one is kept.
  await backend.canary();
  const silent = async (): Promise<number> =>
    (decodeValue(await backend.overview()) as Overview).executors.filter(({ silentMs }) => silentMs > 500).length;
  await expect.poll(silent, { interval: 50 }).toBe(executors);
  const health = await fetch(`${server.url}/healthz`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok', canaryMs: expect.any(Number) }]);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  // What is started meanwhile waits; then canaries go through executors again.
  const waiting = await backend.start({ ...request, name: 'echo', input: '1' });
  await writeFile(until, '');
  expect(await Promise.all([...keepers, waiting].map((id) => backend.wait(id)))).toHaveLength(executors + 1);
  await expect.poll(silent).toBe(0);
  expect(await backend.canary()).toBeGreaterThan(0);
});
