/**
 * A client whose connections are cut, delayed, swallowed and half closed, seed by seed: every task that it starts exists once,
 * every result arrives, what it follows is what happened, and a repeated retry runs a task again once.
 *
 * `TUTTI_PROXY_RUNS` says how many seeds, `TUTTI_PROXY_SEED` the first of them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type RemoteClient } from '../../src/client/client.ts';
import { open, type Serving, type Tutti } from '../../src/index.ts';
import { seededRandom } from '../../src/values/hash.ts';
import * as app from './client-app.fixture.ts';
import { type FaultCounts, FaultyProxy } from './faulty-proxy.fixture.ts';

const module = new URL('./client-app.fixture.ts', import.meta.url).href;
const runs = Number(process.env['TUTTI_PROXY_RUNS'] ?? 25);
const firstSeed = Number(process.env['TUTTI_PROXY_SEED'] ?? 1);
const faultMs = 250;
const folder = mkdtempSync(join(tmpdir(), 'tutti-proxy-'));

let node: Tutti;
let served: Serving;
let direct: RemoteClient<typeof app>;
const sum: FaultCounts = { connections: 0, cut: 0, halfClosed: 0, swallowed: 0, delayed: 0 };

beforeAll(async () => {
  node = await open({ app, module, engine: 'memory', executors: 1, partitions: 2 });
  served = await node.serve({ port: 0 });
  direct = connect(served.url, { app });
});

afterAll(async () => {
  await direct.close();
  await served.close();
  await node.close();
  rmSync(folder, { recursive: true });
});

/** How many tasks of a name there are. */
const count = async (name: string): Promise<number> => {
  let total = 0;
  let cursor: string | undefined;
  do {
    const page = await direct.list({ name, ...(cursor === undefined ? {} : { cursor }) });
    total += page.tasks.length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return total;
};

const names = ['echo', 'nothing', 'tells', 'fails'] as const;
const counts = async (): Promise<number[]> => Promise.all(names.map((name) => count(name)));

const followed = async (client: RemoteClient<typeof app>, id: string): Promise<void> => {
  const lines: string[] = [];
  let finished = 0;
  const states: string[] = [];
  for await (const event of client.follow(id)) {
    expect(finished).toBe(0);
    if (event.type === 'log') lines.push(`${event.index} ${event.message}`);
    if (event.type === 'state') states.push(event.state);
    if (event.type === 'finished') {
      finished++;
      expect(event).toEqual({ type: 'finished', ok: true, value: 60 });
    }
  }
  expect(finished).toBe(1);
  expect(lines).toEqual(Array.from({ length: 60 }, (_, index) => `${index} line ${index}`));
  expect(states.lastIndexOf('completed')).toBe(states.indexOf('completed'));
};

/** What a user does, all at once and in a row. Gives the number of tasks started, by name as in `names`. */
const use = async (client: RemoteClient<typeof app>, seed: string): Promise<readonly number[]> => {
  const random = seededRandom(`use ${seed}`);
  const works: Promise<unknown>[] = [];
  const ids: string[] = [];
  const runs = async (chain: number): Promise<void> => {
    for (let n = 0; n < 6; n++) {
      const value = { seed, chain, n, text: 'x'.repeat(Math.floor(random.fraction() * 3_000)) };
      expect(await client.run(app.echo, value)).toEqual(value);
    }
  };
  const starts = async (): Promise<void> => {
    for (let n = 0; n < 6; n++) {
      const task = await client.start(app.nothing);
      ids.push(task.id);
      expect(await task.result()).toBeUndefined();
      expect((await task.status())?.state).toBe('completed');
    }
  };
  for (let chain = 0; chain < 4; chain++) works.push(runs(chain), starts());
  for (let n = 0; n < 3; n++)
    works.push(client.start(app.tells, { lines: 6, steps: 10 }).then(({ id }) => followed(client, id)));
  works.push(
    (async () => {
      const file = join(folder, seed);
      const task = await client.start(app.fails, file, { key: seed });
      await expect(task.result()).rejects.toMatchObject({ code: 'TASK_FAILED' });
      await client.retry(task.id);
      await expect(task.result()).rejects.toMatchObject({ code: 'TASK_FAILED' });
      expect((await client.start(app.fails, file, { key: seed })).id).toBe(task.id);
      expect(readFileSync(file, 'utf8')).toBe('ran\nran\n');
    })(),
  );
  await Promise.all(works);
  expect(new Set(ids).size).toBe(24);
  return [24, 24, 3, 1];
};

test.each(Array.from({ length: runs }, (_, index) => firstSeed + index))('seed %i', async (seed) => {
  const before = await counts();
  const proxy = await FaultyProxy.start(served.port, `${seed}`);
  const client = connect(proxy.url, { app, giveUpAfter: false });
  const calm = setTimeout(() => {
    proxy.faulty = false;
  }, faultMs);
  try {
    const started = await use(client, `${seed}`);
    expect(await counts()).toEqual(before.map((number, index) => number + (started[index] as number)));
  } finally {
    clearTimeout(calm);
    await client.close();
    await proxy.close();
    for (const key of Object.keys(sum) as (keyof FaultCounts)[]) sum[key] += proxy.counts[key];
  }
});

test('the proxy did what it is there for', () => {
  for (const fault of ['cut', 'halfClosed', 'swallowed', 'delayed'] as const) expect(sum[fault]).toBeGreaterThan(0);
  expect(sum.connections).toBeGreaterThan(2 * runs);
});
