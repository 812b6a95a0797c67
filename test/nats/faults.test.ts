/** Servers of a cluster of three die and stand still while a log is written as a partition's leader writes it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NatsEngine } from '../../src/engine/nats/connect.ts';
import { limits } from '../../src/limits.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import { connectTo, readTexts, recordOf, writeThrough } from './engine.ts';

const count = 3_000;
let servers: NatsCluster;
let engine: NatsEngine;

beforeAll(async () => {
  servers = await startNatsCluster();
  engine = await connectTo(servers);
});
afterAll(async () => {
  await engine?.close();
  await servers?.close();
});

test('records of the largest size are replicated, several under way at once', async () => {
  const log = await engine.openLog('large');
  const largest = new Uint8Array(limits.recordBytesMax).fill(7);
  const appended = await Promise.all([0, 1, 2].map((after) => log.append(largest, after)));
  expect(appended).toEqual([1, 2, 3].map((position) => ({ kind: 'appended', position })));
  for (const position of [1, 2, 3]) {
    let records = await log.read(position, 1);
    while (records.length === 0) records = await log.read(position, 1);
    expect(Buffer.compare(records[0]?.bytes ?? new Uint8Array(0), largest)).toBe(0);
  }
});

/** Writes, lets `happen` go when a third is acknowledged, and finds every record where it was acknowledged, in every replica. */
const writeWhile = async (name: string, happen: (leader: number) => Promise<void>): Promise<void> => {
  const log = await engine.openLog(name);
  const leader = await servers.leaderOf(`TUTTI_c_log_${name}`);
  let happened: Promise<void> | undefined;
  let acknowledged = 0;
  await writeThrough(log, count, (position) => {
    expect(position).toBe(++acknowledged);
    if (position === count / 3) happened = happen(leader);
  });
  await happened;
  await servers.untilHealthy();
  const expected = Array.from({ length: count }, (_, index) => new TextDecoder().decode(recordOf(index + 1)));
  for (const url of servers.urls) {
    const reader = await connectTo(servers, { servers: [url] });
    expect(await readTexts(await reader.openLog(name), count)).toEqual(expected);
    await reader.close();
  }
  expect(await log.end()).toBe(count);
};

test('the server that leads a log is killed: nothing acknowledged is lost, nothing stands twice, and writing goes on', async () => {
  await writeWhile('killed', async (leader) => {
    await servers.kill(leader);
    await servers.start(leader);
  });
});

test('the server that leads a log stands still and comes back: the same', async () => {
  await writeWhile('stopped', async (leader) => {
    servers.pause(leader);
    const name = `TUTTI_c_log_stopped`;
    // The others notice, and elect one of themselves.
    while ((await servers.leaderOf(name)) === leader) await new Promise((resolve) => setTimeout(resolve, 100));
    servers.goOn(leader);
  });
});

test('a server that is killed is told of by the others, also if it led the log of which they are asked', async () => {
  await (await engine.openLog('seen')).append(recordOf(1), 0);
  const leader = await servers.leaderOf('TUTTI_c_log_seen');
  const down = async (): Promise<readonly string[] | undefined> =>
    (await engine.serversOf('seen'))?.filter(({ online }) => !online).map(({ name }) => name);
  await expect.poll(down, { timeout: 20_000 }).toEqual([]);
  await servers.kill(leader);
  await expect.poll(down, { timeout: 40_000 }).toEqual([`n${leader}`]);
  await servers.start(leader);
  await expect.poll(down, { timeout: 40_000 }).toEqual([]);
});
