/** A cluster over a real NATS server is made of a data folder with jobs half done: they go on in it. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MapLog } from '../../src/cluster/map-log.ts';
import { connectNats, type NatsEngine } from '../../src/engine/nats/connect.ts';
import { PartitionFiller } from '../../src/execution/import/partition-filler.ts';
import { type OpenOptions, open, type Tutti } from '../../src/index.ts';
import { checkClusterOptions } from '../../src/node/cluster-options.ts';
import { takeToCluster } from '../../src/node/take-folder.ts';
import type { AnyTable } from '../../src/partition/table.ts';
import { nodeEnv } from '../../src/platform/node.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { type SpecRow, specTable } from '../../src/tasks/tables.ts';
import { taskKey } from '../../src/values/task-id.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import { fingerprint, goesOn, halfDone, module, sightOf } from '../import/half-done.fixture.ts';
import * as app from '../import/half-done-app.fixture.ts';

const partitions = 5;
const root = mkdtempSync(join(tmpdir(), 'tutti-from-'));
let nats: NatsCluster;
let folders = 0;
const newFolder = (): string => {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  return folder;
};

beforeAll(async () => {
  nats = await startNatsCluster({ servers: 1 });
});
afterAll(async () => {
  await nats?.close();
  rmSync(root, { recursive: true });
});

const clusterOf = (name: string, member: string, more: Partial<OpenOptions['cluster'] & object> = {}) => ({
  servers: nats.urls,
  replicas: nats.replicas,
  partitions,
  name,
  member,
  ...more,
});

const node = (folder: string, cluster: ReturnType<typeof clusterOf>): Promise<Tutti & { start: never }> =>
  open({
    app,
    module,
    data: join(folder, cluster.member),
    executors: 2,
    logLevel: 'error',
    cluster,
  }) as Promise<never>;

const engineOf = (cluster: string): Promise<NatsEngine> =>
  connectNats({ servers: nats.urls, cluster, replicas: 1, name: 'test', env: nodeEnv(), onWarning: () => undefined });

test('tasks go on over two nodes; the folder stays as it was, and is not taken twice', async () => {
  const folder = newFolder();
  const half = await halfDone(folder, 3, 'closed');
  const old = fingerprint(half.data);
  // One that is there before, and makes no cluster, waits for it.
  const second = node(folder, clusterOf('goes-on', 'n1', { creates: false }));
  const first = await node(folder, clusterOf('goes-on', 'n0', { from: half.data }));
  const both = [first, await second] as const;
  await goesOn(both[1], half);
  expect(fingerprint(half.data)).toBe(old);
  expect(readdirSync(join(folder, 'n0'))).not.toContain('import');
  const seen = await sightOf(both[0]);
  for (const each of both) await each.close();

  const again = await node(folder, clusterOf('goes-on', 'n0', { from: half.data }));
  expect(await sightOf(again)).toEqual(seen);
  await again.close();
});

test('a cluster that is there takes no folder; a folder that is in use is not taken', async () => {
  const folder = newFolder();
  const data = join(folder, 'data');
  const embedded = await open({ app, module, data, executors: 1, logLevel: 'error' });
  await expect(node(folder, clusterOf('there', 'n0', { from: data }))).rejects.toMatchObject({ code: 'DATA_LOCKED' });
  await embedded.close();
  await expect(open({ app, module, data, cluster: clusterOf('there', 'n0', { from: data }) })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
  const made = await node(folder, clusterOf('there', 'n0'));
  await made.close();
  await expect(node(folder, clusterOf('there', 'n1', { from: data }))).rejects.toMatchObject({
    code: 'IMPORT_REFUSED',
  });
});

test('one that was interrupted keeps nodes away, and is begun anew: what it had written is gone', async () => {
  const folder = newFolder();
  const half = await halfDone(folder, 1, 'killed');
  const membership = checkClusterOptions(clusterOf('interrupted', 'n0', { from: half.data }));
  const dies = nodeEnv({
    emit: (name) => {
      if (name === 'import.begun') throw new Error('it dies here');
    },
  });
  await expect(takeToCluster(half.data, membership, join(folder, 'n0'), dies)).rejects.toThrow('it dies here');

  const engine = await engineOf('interrupted');
  const store = createMemoryStore();
  const filler = await PartitionFiller.open({
    partition: 2,
    log: await engine.openLog('p2'),
    blobs: await engine.openBlobs(),
    env: nodeEnv(),
    reader: store.reader(),
    openReader: () => store.reader(),
    writer: store.writer,
    time: 0,
  });
  const left = { name: 'left', input: '1', kind: 0, createdAt: 1, priority: 0 } as SpecRow;
  await filler.put(specTable as AnyTable, taskKey(half.ids.job.slice(0, -1).concat('0')), left);
  await filler.settled();
  await filler.close();

  const waits = node(folder, clusterOf('interrupted', 'n1'));
  let opened = false;
  void waits.then(() => {
    opened = true;
  });
  const other = newFolder();
  await (await open({ app, module, data: join(other, 'data'), executors: 1 })).close();
  await expect(node(other, clusterOf('interrupted', 'n2', { from: join(other, 'data') }))).rejects.toMatchObject({
    code: 'IMPORT_REFUSED',
  });
  const maps = new MapLog(await engine.openLog('map'), 16);
  expect(await maps.read()).toMatchObject({ members: [], origin: { taken: false } });
  expect(opened).toBe(false);

  const first = await node(folder, clusterOf('interrupted', 'n0', { from: half.data }));
  await goesOn(first, half);
  const second = await waits;
  expect(await second.list({ name: 'left' })).toEqual([]);
  expect((await second.list({ limit: 1_000 })).length).toBe((await first.list({ limit: 1_000 })).length);
  await second.close();
  await first.close();
  await engine.close();
});
