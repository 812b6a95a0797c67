/** A stream that holds a log is removed from NATS, or made anew under its name: nobody goes on from nothing. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectNats, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type RemoteClient } from '../../src/client/client.ts';
import { isTuttiError } from '../../src/errors/tutti-error.ts';
import { type ClusterNodes, startClusterNodes } from '../../tools/cluster-nodes.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import * as app from './cluster-app.fixture.ts';

const stream = 'TUTTI_tutti_log_p0';
/** Makes records larger, so that logs are trimmed soon. */
const padding = 'x'.repeat(400);
const asked = 40;

let nats: NatsCluster;
let raw: NatsConnection;
let cluster: ClusterNodes;
let client: RemoteClient<typeof app>;
const ids: string[] = [];

beforeAll(async () => {
  nats = await startNatsCluster({ servers: 1 });
  raw = await connectNats({ servers: [...nats.urls] });
  cluster = await startClusterNodes({
    module: new URL('./cluster-app.fixture.ts', import.meta.url).href,
    servers: nats.urls,
    replicas: nats.replicas,
    nodes: 2,
    partitions: 2,
    logLevel: 'fatal',
    process: () => ({
      execArgv: ['--import', new URL('../faults/cluster/small-limits.fixture.ts', import.meta.url).href],
    }),
  });
  client = clientNow();
});
const clientNow = (): RemoteClient<typeof app> =>
  connect<typeof app>(cluster.urls, { app, timeout: '60 s', giveUpAfter: false });
afterAll(async () => {
  await client?.close();
  await cluster?.close();
  await raw?.close();
  await nats?.close();
});

type Info = { readonly config?: object; readonly state?: { readonly messages: number; readonly first_seq: number } };

const api = async (request: string, body: object = {}): Promise<Info> =>
  (await raw.request(`$JS.API.${request}.${stream}`, JSON.stringify(body))).json();

const firstOfLog = async (): Promise<number> => (await api('STREAM.INFO')).state?.first_seq ?? 0;

const startSome = async (count: number): Promise<void> => {
  const keys = Array.from({ length: count }, (_, at) => `${padding} ${ids.length + at}`);
  ids.push(...(await Promise.all(keys.map(async (key) => (await client.start(app.square, 3, { key })).id))));
};

/** How many of what was acknowledged lately are completed, have no answer, and are not known. */
const seen = async () => {
  const states = await Promise.all(
    ids.slice(-asked).map(async (id) => {
      try {
        return (await client.status(id, { timeout: '3 s' }))?.state ?? 'unknown';
      } catch (error) {
        return isTuttiError(error) ? error.code : 'no error of ours';
      }
    }),
  );
  return Object.fromEntries([...Map.groupBy(states, (state) => state)].map(([state, own]) => [state, own.length]));
};

/** Nobody answers for the partition, and nobody says that something is not there. */
const expectUnanswered = (states: Awaited<ReturnType<typeof seen>>): void => {
  expect(states).toHaveProperty('NO_ANSWER');
  expect(Object.keys(states).filter((state) => state !== 'NO_ANSWER' && state !== 'completed')).toEqual([]);
};

const stoppedFor = async (): Promise<readonly string[]> => {
  const faults = (await client.overview()).cluster?.faults ?? [];
  return faults.flatMap(({ kind, partition, what }) =>
    kind === 'partitionFailed' && partition === 0 ? (/: (\w+)\.$/.exec(what)?.[1] ?? what) : [],
  );
};

const isLed = async (): Promise<boolean> => (await client.overview()).cluster?.partitions[0]?.leader !== undefined;

test('where the stream of a log is removed, its partition stops with LOG_DAMAGED; a node that starts has it put back, all of it', async () => {
  await startSome(asked);
  await expect.poll(seen, { timeout: 20_000 }).toEqual({ completed: asked });
  await api('STREAM.DELETE');
  await expect.poll(stoppedFor, { timeout: 20_000 }).toContain('LOG_DAMAGED');
  expectUnanswered(await seen());
  await cluster.nodes[1]?.kill();
  await cluster.nodes[1]?.start();
  await expect.poll(seen, { timeout: 30_000 }).toEqual({ completed: asked });
  await startSome(1);
  expect(await client.result(ids.at(-1) as string)).toBe(9);
});

test('where it is made anew, and what was trimmed has no copy any more, nobody leads it, not even after a restart', async () => {
  const copies = (): readonly string[] =>
    cluster.nodes.flatMap(({ data }) =>
      readdirSync(join(data, 'copies', '0'))
        .sort()
        .slice(0, 1),
    );
  const first = copies();
  await expect
    .poll(
      async () => {
        await startSome(50);
        return (await firstOfLog()) > 1 && copies().every((file) => !first.includes(file));
      },
      { timeout: 90_000 },
    )
    .toBe(true);
  const { config } = await api('STREAM.INFO');
  await api('STREAM.DELETE');
  await api('STREAM.CREATE', config);
  await expect.poll(isLed, { timeout: 30_000 }).toBe(false);
  const sees = async (): Promise<void> => {
    expectUnanswered(await seen());
    expect((await api('STREAM.INFO')).state?.messages).toBe(0);
    expect(await isLed()).toBe(false);
  };
  await sees();
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await Promise.all(cluster.nodes.map((node) => node.start()));
  // They are elsewhere now.
  await client.close();
  client = clientNow();
  await expect.poll(stoppedFor, { timeout: 60_000 }).toContain('LOG_DAMAGED');
  await sees();
});
