/**
 * A node whose process answers and whose executors do not: it is taken out, said to be ailing, and comes back. One whose executors are
 * kept by tasks that compute is well.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect, type RemoteClient } from '../../src/client/client.ts';
import { limits } from '../../src/limits.ts';
import { type ClusterNodeProcess, type ClusterNodes, startClusterNodes } from '../../tools/cluster-nodes.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import * as app from './cluster-app.fixture.ts';

const partitions = 6;

let folder = '';
let nats: NatsCluster;
let cluster: ClusterNodes;
let client: RemoteClient<typeof app>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-health-'));
  nats = await startNatsCluster();
  cluster = await startClusterNodes({
    module: new URL('./cluster-app.fixture.ts', import.meta.url).href,
    servers: nats.urls,
    replicas: nats.replicas,
    partitions,
  });
  client = connect<typeof app>([cluster.nodes[0]?.url as string], { app, timeout: '120 s', giveUpAfter: '60 s' });
}, 120_000);

const run = promisify(execFile);
const tutti = fileURLToPath(new URL('../../bin/tutti.js', import.meta.url));

afterAll(async () => {
  await client?.close();
  await cluster?.close();
  await nats?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the first node sees of the second, and of all. */
const look = async () => {
  const seen = (await client.overview()).cluster;
  const member = seen?.members.find(({ id }) => id === 'n1');
  return {
    healthy: member?.healthy,
    leads: member?.leads,
    led: seen?.partitions.filter(({ leader }) => leader !== undefined).length,
    faults: seen?.faults.filter(({ kind }) => kind === 'memberUnhealthy').map(({ what }) => what),
  };
};

/** What a node answers to who asks for its health and its metrics. */
const told = async ({ url }: ClusterNodeProcess) => {
  const [health, ready, metrics] = await Promise.all(
    ['healthz', 'readyz', 'metrics'].map((path) => fetch(`${url}/${path}`)),
  );
  const text = await metrics?.text();
  return { health: health?.status, ready: ready?.status, ails: text?.includes('kind="memberUnhealthy"} 1') };
};
const well = { health: 200, ready: 200 };

/** Sends such tasks until one has come to the one executor of that node and keeps it. */
const sendTo = async (
  { pid = 0, member }: ClusterNodeProcess,
  task: typeof app.computes,
  until: string,
): Promise<Promise<boolean>[]> => {
  const sent: Promise<boolean>[] = [];
  const began = join(folder, member);
  const send = () => {
    sent.push(client.run(task, { pid, began, until }));
    return existsSync(began);
  };
  await expect.poll(send, { timeout: 30_000, interval: 50 }).toBe(true);
  return sent;
};

test('a node whose executors answer nothing loses its partitions, and gets some again when they do; one that tasks keep does not', async () => {
  const rest = { healthy: true, leads: 2, led: partitions, faults: [] };
  await expect.poll(look, { timeout: 60_000, interval: 200 }).toEqual(rest);
  const [, hanging, kept] = cluster.nodes as [ClusterNodeProcess, ClusterNodeProcess, ClusterNodeProcess];
  const until = join(folder, 'until');
  onTestFinished(() => writeFile(until, ''));
  const sent = await sendTo(kept, app.computes, until);
  const keptSince = Date.now();
  sent.push(...(await sendTo(hanging, app.hangs, until)));
  const out = {
    healthy: false,
    leads: 0,
    led: partitions,
    faults: ['n1 answers, but its canary tasks do not come through: it is given nothing.'],
  };
  await expect.poll(look, { timeout: 60_000, interval: 200 }).toEqual(out);
  // All say so of that one; it alone is not well.
  const everybody = () => Promise.all(cluster.nodes.map(told));
  await expect.poll(everybody, { timeout: 10_000, interval: 100 }).toEqual([
    { ...well, ails: true },
    { health: 503, ready: 503, ails: true },
    { ...well, ails: true },
  ]);
  // Everybody is served meanwhile.
  expect(await Promise.all(Array.from({ length: 50 }, (_, n) => client.run(app.square, n)))).toContain(49 ** 2);
  // For longer than would have been held against it.
  do {
    expect(await told(kept)).toMatchObject(well);
    expect(await look()).toEqual(out);
  } while (Date.now() < keptSince + limits.canaryLateMs + 4 * limits.healthTickMs);
  await writeFile(until, '');
  await expect.poll(look, { timeout: 90_000, interval: 200 }).toEqual(rest);
  await expect.poll(everybody, { timeout: 30_000 }).toEqual(cluster.nodes.map(() => ({ ...well, ails: false })));
  // Who led what a node held may have given that to others as well.
  await Promise.all(sent);
});

test('a person pins a partition to a node and throttles another, and ends it', async () => {
  const data = cluster.nodes[0]?.data as string;
  const see = async (partition: number) => {
    const { leader, pinned, throttled } = (await client.overview()).cluster?.partitions[partition] ?? {};
    return { leader: leader?.member, pinned, throttled };
  };
  const before = (await see(0)).leader;
  const target = before === 'n2' ? 'n1' : 'n2';
  const { stdout, stderr } = await run(process.execPath, [tutti, 'pin', '0', target, '--data', data]);
  expect([stdout, stderr]).toEqual(['', `Partition 0 is to be led at ${target}.\n`]);
  await expect.poll(() => see(0), { timeout: 30_000 }).toEqual({ leader: target, pinned: target, throttled: false });
  const nobody = await run(process.execPath, [tutti, 'pin', '1', 'nowhere', '--data', data]);
  expect(nobody.stderr).toContain('Nobody is there now');
  await run(process.execPath, [tutti, 'pin', '1', '--off', '--data', data]);
  await run(process.execPath, [tutti, 'throttle', '1', '--data', data]);
  await expect.poll(() => see(1)).toMatchObject({ throttled: true });
  await run(process.execPath, [tutti, 'throttle', '1', '--off', '--data', data]);
  await run(process.execPath, [tutti, 'pin', '0', '--off', '--data', data]);
  await expect.poll(async () => [await see(0), await see(1)]).toMatchObject([{ pinned: '' }, { throttled: false }]);
  await expect(run(process.execPath, [tutti, 'pin', '99', 'n1', '--data', data])).rejects.toMatchObject({
    stderr: expect.stringContaining('There is no partition 99') as unknown,
  });
});
