/** Three nodes in processes of their own over three real NATS servers: any of them answers, all of them work, each of them may die. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type RemoteClient } from '../../src/client/client.ts';
import { type ClusterNodes, startClusterNodes } from '../../tools/cluster-nodes.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import * as app from './cluster-app.fixture.ts';

let nats: NatsCluster;
let cluster: ClusterNodes;
const clients: RemoteClient<typeof app>[] = [];

beforeAll(async () => {
  nats = await startNatsCluster();
  cluster = await startClusterNodes({
    module: new URL('./cluster-app.fixture.ts', import.meta.url).href,
    servers: nats.urls,
    replicas: nats.replicas,
    partitions: 6,
    configure: (start, index) =>
      index === 1 ? { ...start, cluster: { ...start.cluster, location: 'eu/zone-1' } } : start,
  });
}, 120_000);

afterAll(async () => {
  for (const client of clients) await client.close();
  await cluster?.close();
  await nats?.close();
});

const clientOf = (...urls: readonly string[]): RemoteClient<typeof app> => {
  const client = connect<typeof app>(urls, { app, timeout: '60 s', giveUpAfter: '60 s' });
  clients.push(client);
  return client;
};

const pidsOf = (): readonly number[] => cluster.nodes.map(({ pid }) => pid as number);

/** Settles when the node sees that each partition is led by a member that is there and has a standby that follows, and each member leads. */
const atRest = async (index: number, members: number): Promise<void> => {
  const client = clientOf(cluster.nodes[index]?.url as string);
  const look = async () => {
    const seen = (await client.overview()).cluster;
    const warm = seen?.partitions.filter(({ standbys }) => standbys.some(({ following, named }) => following && named));
    return {
      up: seen?.members.filter(({ state }) => state === 'up').length,
      leaders: seen?.members.filter(({ leads }) => leads > 0).length,
      led: seen?.partitions.filter(({ leader }) => leader !== undefined).length,
      warm: warm?.length,
    };
  };
  const rest = { up: members, leaders: members, led: 6, warm: 6 };
  await expect.poll(look, { timeout: 60_000, interval: 100 }).toEqual(rest);
};

test('a task that is started at any node runs at all of them', async () => {
  await atRest(0, 3);
  for (const { url } of cluster.nodes) {
    const client = clientOf(url);
    const ran = await Promise.all(Array.from({ length: 300 }, () => client.run(app.where)));
    expect(new Set(ran)).toEqual(new Set(pidsOf()));
  }
});

test('a task with a place runs there, whoever is asked', async () => {
  await atRest(0, 3);
  for (const { url } of cluster.nodes) {
    const client = clientOf(url);
    const ran = await Promise.all(Array.from({ length: 100 }, () => client.run(app.wherePlaced)));
    expect(new Set(ran)).toEqual(new Set([cluster.nodes[1]?.pid]));
  }
});

test('what was started at one node is known at another, and a map is cut over all', async () => {
  const [one, two] = [clientOf(cluster.nodes[0]?.url as string), clientOf(cluster.nodes[1]?.url as string)];
  const task = await one.start(app.squares, 2_000);
  expect(await two.result(task.id)).toEqual(Array.from({ length: 2_000 }, (_, n) => n * n));
  expect(await two.status(task.id)).toMatchObject({ name: 'squares', state: 'completed' });
  expect((await two.list({ name: 'squares' })).tasks.map(({ id }) => id)).toEqual([task.id]);
});

describe('a node that is killed', () => {
  test('is noticed by no caller, and comes back', async () => {
    await atRest(0, 3);
    const client = clientOf(cluster.nodes[0]?.url as string);
    const victim = cluster.nodes[1];
    const results: number[] = [];
    let going = true;
    const caller = async (): Promise<void> => {
      while (going) results.push(await client.run(app.square, 3));
    };
    const callers = Array.from({ length: 16 }, caller);
    const long = client.run(app.steps, 200);
    await expect.poll(() => results.length).toBeGreaterThan(50);
    await victim?.kill();
    const before = results.length;
    await expect.poll(() => results.length, { timeout: 30_000 }).toBeGreaterThan(before + 200);
    expect(await long).toHaveLength(200);
    expect([cluster.nodes[0]?.pid, cluster.nodes[2]?.pid]).toContain(await client.run(app.wherePlaced));
    await victim?.start();
    going = false;
    await Promise.all(callers);
    expect(new Set(results)).toEqual(new Set([9]));
    await atRest(0, 3);
  });

  test('is replaced by another for its own clients, who miss no line of what they follow', async () => {
    const client = clientOf(...cluster.urls.slice(2), ...cluster.urls.slice(0, 2));
    const task = await client.start(app.logs, 100);
    const lines: string[] = [];
    let finished: unknown;
    for await (const event of client.follow(task.id)) {
      if (event.type === 'log') lines.push(event.message);
      if (event.type === 'finished') finished = event;
      if (lines.length === 20 && cluster.nodes[2]?.pid !== undefined) void cluster.nodes[2].kill();
    }
    expect(lines).toEqual(Array.from({ length: 100 }, (_, line) => `line ${line}`));
    expect(finished).toMatchObject({ ok: true });
    await cluster.nodes[2]?.start();
    await atRest(0, 3);
  });
});

test('a node that is ended gives away what it holds first: nobody waits', async () => {
  const client = clientOf(cluster.nodes[0]?.url as string);
  let going = true;
  let done = 0;
  const callers = Array.from({ length: 8 }, async () => {
    while (going) {
      await client.run(app.square, 2);
      done++;
    }
  });
  await cluster.nodes[1]?.stop();
  // This one may have to read the newest map first. Who has left is forgotten in time.
  const look = async () => (await client.overview()).cluster?.members.find(({ id }) => id === 'n1')?.state;
  await expect.poll(look, { timeout: 10_000 }).toBeOneOf(['left', undefined]);
  const before = done;
  await expect.poll(() => done).toBeGreaterThan(before + 20);
  going = false;
  await Promise.all(callers);
  await cluster.nodes[1]?.start();
  await atRest(0, 3);
});

test('what runs on a node that is ended ends there first, and runs nowhere else', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'tutti-noting-')), 'began');
  const began = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []);
  const client = clientOf(cluster.nodes[0]?.url as string);
  const pid = cluster.nodes[1]?.pid as number;
  const running: Promise<number>[] = [];
  const begin = (): void => void running.push(client.run(app.noting, { file, ms: 700 }));
  for (let count = 0; count < 12; count++) begin();
  // Who leads few partitions may get none of a dozen: more of them, until one runs there.
  await expect
    .poll(
      () => {
        begin();
        return began();
      },
      { interval: 20, timeout: 20_000 },
    )
    .toContain(pid);
  await cluster.nodes[1]?.stop();
  const ran = await Promise.all(running);
  expect(ran).toContain(pid);
  expect(began().length).toBe(ran.length);
  rmSync(dirname(file), { recursive: true });
  await cluster.nodes[1]?.start();
  await atRest(0, 3);
});

test('a NATS server that is killed is told of, and work goes on', async () => {
  const client = clientOf(cluster.nodes[0]?.url as string);
  const servers = async () => (await client.overview()).cluster?.engine?.servers.map(({ online }) => online);
  await expect.poll(servers, { timeout: 20_000 }).toEqual([true, true, true]);
  const victim = await nats.leaderOf(undefined);
  await nats.kill(victim);
  const ran = Promise.all(Array.from({ length: 50 }, (_, n) => client.run(app.square, n)));
  await expect.poll(servers, { timeout: 30_000 }).toContain(false);
  expect(await ran).toEqual(Array.from({ length: 50 }, (_, n) => n * n));
  await nats.start(victim);
  await expect.poll(servers, { timeout: 30_000 }).toEqual([true, true, true]);
});
