/** Nodes that run different versions of the app: a task goes to nodes that have its function, and waits while there is none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type RemoteClient } from '../../src/client/client.ts';
import { type ClusterNodeProcess, type ClusterNodes, startClusterNodes } from '../../tools/cluster-nodes.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import * as newer from './newer-app.fixture.ts';

const partitions = 6;
const tasksStarted = 12;

let folder: string;
let nats: NatsCluster;
let cluster: ClusterNodes;
const clients: RemoteClient<typeof newer>[] = [];

const addressOf = (file: string): string => new URL(file, import.meta.url).href;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-versions-'));
  nats = await startNatsCluster();
  cluster = await startClusterNodes({
    module: addressOf('./cluster-app.fixture.ts'),
    servers: nats.urls,
    replicas: nats.replicas,
    partitions,
    // The last one is upgraded first.
    configure: (start, index) => (index === 2 ? { ...start, module: addressOf('./newer-app.fixture.ts') } : start),
  });
}, 120_000);
afterAll(async () => {
  for (const client of clients) await client.close();
  await cluster?.close();
  await nats?.close();
  rmSync(folder, { recursive: true, force: true });
});

const node = (index: number): ClusterNodeProcess => cluster.nodes[index] as ClusterNodeProcess;
const clientOf = (index: number): RemoteClient<typeof newer> => {
  const client = connect<typeof newer>(node(index).url, { app: newer, timeout: '90 s', giveUpAfter: '90 s' });
  clients.push(client);
  return client;
};

test('what one node alone has is run there, waits and is said to while that node is gone, and ends when it is back', async () => {
  const old = clientOf(1);
  const seen = async () => (await old.overview()).cluster;
  // The partitions are led by all of them: most tasks have a leader that has not their function.
  const rest = async () => (await seen())?.members.map(({ id, leads, lacks }) => [id, leads, lacks]);
  await expect.poll(rest, { timeout: 60_000 }).toEqual([
    ['n0', 2, ['gated']],
    ['n1', 2, ['gated']],
    ['n2', 2, []],
  ]);
  const open = join(folder, 'open');
  writeFileSync(open, '');
  const upgraded = clientOf(2);
  const ran = await Promise.all(Array.from({ length: 20 }, async () => (await upgraded.start(newer.gated, open)).id));
  expect(new Set(await Promise.all(ran.map((id) => old.result(id))))).toEqual(new Set([node(2).pid]));
  // Who has not the function knows neither its policy nor its schema, and starts none.
  await expect(old.start(newer.gated, open)).rejects.toMatchObject({ code: 'TASK_UNKNOWN' });

  const shut = join(folder, 'shut');
  const started = Array.from({ length: tasksStarted }, async () => (await upgraded.start(newer.gated, shut)).id);
  const ids = await Promise.all(started);
  await node(2).kill();
  const states = () =>
    Promise.all(
      ids.map(async (id) => {
        const { state, lacking } = (await old.status(id)) ?? {};
        return { state, lacking };
      }),
    );
  const waits = ids.map(() => ({ state: 'queued', lacking: true }));
  await expect.poll(states, { timeout: 60_000 }).toEqual(waits);
  // Each tells of those in the partitions that it leads.
  const leaders = [old, clientOf(0)];
  const missing = async () => {
    const each = await Promise.all(leaders.map((client) => client.overview()));
    return each.flatMap((one) => one.cluster?.faults ?? []).filter(({ kind }) => kind === 'functionMissing');
  };
  const told = async () =>
    (await missing())
      .map(({ what }) => /^(\d+) tasks? waits?: no member's app has gated\.$/.exec(what)?.[1])
      .reduce((sum, count) => sum + Number(count), 0);
  // Executors are gone at once; that no member has it shows when each has read so in the map.
  await expect.poll(told, { timeout: 30_000 }).toBe(tasksStarted);
  // What all have goes on.
  expect(await old.run(newer.square, 7)).toBe(49);

  writeFileSync(shut, '');
  expect(await states()).toEqual(waits);
  await node(2).start();
  expect(new Set(await Promise.all(ids.map((id) => old.result(id))))).toEqual(new Set([node(2).pid]));
  await expect.poll(missing).toEqual([]);
});
