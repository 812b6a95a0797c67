/** `tutti status` without a task: of a node in one process, and of a cluster. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayServer, listen } from '../../src/gateway/server.ts';
import { type EmbeddedNode, openNode } from '../../src/node/open.ts';
import { withCluster } from '../cluster/cluster-backend.fixture.ts';
import { LiveCluster } from '../cluster/live-cluster.fixture.ts';
import { type Running, Workplace } from './command.fixture.ts';

const app = `
import { task } from 'tutti';
export const hello = task(async () => 1);
`;

let place: Workplace;
let served: Running;
let url: string;
let cluster: LiveCluster;
let node: EmbeddedNode;
let server: GatewayServer;
const reports: unknown[] = [];
beforeAll(async () => {
  place = new Workplace(app);
  served = place.start(['serve', 'app.ts', '--port', '0']);
  const module = new URL(`file://${place.path('app.ts')}`).href;
  [node, cluster] = await Promise.all([
    openNode({ module, engine: 'memory', executors: 1 }, undefined),
    LiveCluster.open(6, ['n1', 'n2', 'n3']),
  ]);
  const backend = withCluster(await node.backend(), () => cluster.overview('n1'));
  server = await listen(backend, { port: 0, report: (error) => reports.push(error) });
  url = (await served.seen(/"url":"([^"]+)"/))[1] as string;
  await cluster.settled();
}, 60_000);
afterAll(async () => {
  cluster.close();
  await server.close();
  await node.close();
  await served.end();
  await place.remove();
  expect(reports).toEqual([]);
});

test('of a node: what it leads and how much waits, over its address and over its folder', async () => {
  await place.run(['run', 'hello', '--url', url]);
  for (const where of [['--url', url], []]) {
    const { code, out, err } = await place.run(['status', ...where]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^node {3}up for .*, leads \d+ partitions?, 0 of 8 slots busy$/m);
    expect(out).toMatch(/^tasks {2}0 running, 0 queued, 0 scheduled, 1 completed, 0 failed$/m);
    expect(out).toMatch(/^ *0 {2}leading /m);
    const json = await place.run(['status', '--json', ...where]);
    const overview = JSON.parse(json.out) as Record<string, unknown>;
    expect(overview).toMatchObject({
      partitions: expect.arrayContaining([expect.objectContaining({ leading: true })]),
    });
    expect(overview).not.toHaveProperty('history');
    expect(overview).not.toHaveProperty('cluster');
  }
});

test('of a cluster: nodes, leaders, standbys with how far they are behind, what is wrong; and its moves as they happen', async () => {
  const first = await place.run(['status', '--url', server.url]);
  expect({ code: first.code, err: first.err }).toEqual({ code: 0, err: '' });
  expect(first.out).toMatch(/^cluster {4}shop, 3 of 3 nodes heard, 6 of 6 partitions led, map \d+$/m);
  for (const id of ['n1 \\*', 'n2  ', 'n3  '])
    expect(first.out).toMatch(new RegExp(`^${id} +up +eu/zone-\\d +2 +2 `, 'm'));
  expect(first.out).toMatch(/^ +5 {2}n\d +[\d,]+ +[\d,]+ {2}n\d \(\d+\)$/m);
  const watching = place.start(['status', '--watch', '--url', server.url]);
  const json = place.start(['status', '--watch', '--json', '--url', server.url]);
  await expect.poll(() => watching.out, { timeout: 15_000 }).toMatch(/3 of 3 nodes heard/);
  cluster.kill('n3');
  await expect.poll(() => watching.out, { timeout: 15_000 }).toMatch(/Z n\d took partition \d over from n3, in \d/);
  await expect.poll(() => watching.out).toMatch(/Z fault: n3 is gone/);
  await expect.poll(() => watching.out).toMatch(/2 of 2 nodes heard, 6 of 6 partitions led/);
  for (const running of [watching, json]) running.kill('SIGINT');
  expect((await watching.ended).code).toBe(130);
  const lines = (await json.ended).out.trimEnd().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ cluster: { name: 'shop', self: 'n1' } });
  const after = await place.run(['status', '--url', server.url]);
  expect(after.out).toMatch(/^! n3 is gone: its partitions are led by others/m);
}, 60_000);

test('where nothing runs, it says what does, and ends with 3; --watch is for nodes, and tutti top for terminals', async () => {
  const { code, out, err } = await place.run(['status', '--data', place.path('none')]);
  expect({ code, out }).toEqual({ code: 3, out: '' });
  expect(err).toContain('tutti dev app.ts');
  const top = await place.run(['top', '--url', server.url]);
  expect(top).toMatchObject({ code: 2, out: '', err: expect.stringContaining('tutti status --watch') });
  const task = await place.run(['status', '3KQ8', '--watch']);
  expect(task).toMatchObject({ code: 2, err: expect.stringContaining('tutti follow 3KQ8') });
});
