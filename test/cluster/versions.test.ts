/**
 * Nodes that run different versions of the app: a task goes to nodes that have its function, and waits while there is none. Any node
 * takes its start while one is there whose app has it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type RemoteClient } from '../../src/client/client.ts';
import { type ClusterNodeProcess, type ClusterNodes, startClusterNodes } from '../../tools/cluster-nodes.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import * as newer from './newer-app.fixture.ts';

const partitions = 6;
/** What the newer app alone has. */
const added = ['checked', 'gated', 'twice'];
/** What nodes say that lack a task, where nobody is there who has it. */
const nowhere = (name: string): string =>
  `This node's app has no task ${name}, and no other node that is connected has it. This node's app has: `;
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
    ['n0', 2, added],
    ['n1', 2, added],
    ['n2', 2, []],
  ]);
  const open = join(folder, 'open');
  writeFileSync(open, '');
  const upgraded = clientOf(2);
  const ran = await Promise.all(Array.from({ length: 20 }, async () => (await upgraded.start(newer.gated, open)).id));
  expect(new Set(await Promise.all(ran.map((id) => old.result(id))))).toEqual(new Set([node(2).pid]));
  // Nor does the node that is asked need to have it.
  expect(await old.run(newer.gated, open)).toBe(node(2).pid);

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
  // What all have goes on; what nobody has now is not begun.
  expect(await old.run(newer.square, 7)).toBe(49);
  await expect(old.start(newer.gated, shut)).rejects.toMatchObject({
    code: 'TASK_UNKNOWN',
    message: expect.stringContaining(nowhere('gated')) as unknown,
  });

  writeFileSync(shut, '');
  expect(await states()).toEqual(waits);
  await node(2).start();
  expect(new Set(await Promise.all(ids.map((id) => old.result(id))))).toEqual(new Set([node(2).pid]));
  await expect.poll(missing).toEqual([]);
});

test('a node that lacks a task starts it as one that has it would', async () => {
  const old = clientOf(1);
  const there = node(2).pid;
  expect(await old.run(newer.checked, 21)).toEqual([there, 42]);
  await expect(old.start(newer.checked, 1.5)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: 'input.count: not whole',
    details: { issues: [{ path: 'input.count', message: 'not whole' }] },
  });
  // Under a key it is one task, whoever is asked.
  const keyed = await Promise.all(
    [old, clientOf(2), clientOf(0)].map((client) => client.start(newer.checked, 4, { key: 'once', delay: '1 ms' })),
  );
  expect(new Set(keyed.map(({ id }) => id)).size).toBe(1);
  expect(await keyed[0]?.result()).toEqual([there, 8]);
  await expect(old.start(newer.checked, 5, { key: 'once' })).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
  // Over HTTP too.
  const post = async (name: string, body: string) => {
    const answer = await fetch(`${node(0).url}/v1/tasks/${name}?wait=60s`, { method: 'POST', body });
    return { status: answer.status, body: (await answer.json()) as unknown };
  };
  expect(await post('checked', '5')).toEqual({ status: 200, body: [there, 10] });
  expect(await post('checked', '"x"')).toMatchObject({ status: 422, body: { code: 'INPUT_INVALID' } });
  expect(await post('nothing', '1')).toMatchObject({
    status: 404,
    body: { code: 'TASK_UNKNOWN', detail: expect.stringContaining(nowhere('nothing')) as unknown },
  });
  // It is told what the others have too.
  expect(await post('cheked', '1')).toMatchObject({
    status: 404,
    body: { detail: expect.stringMatching(/ Others have: .*checked/) as unknown },
  });
});

test('a node that lacks a task shows it, cancels it and retries it', async () => {
  const old = clientOf(1);
  const file = join(folder, 'later');
  const { id } = await old.start(newer.twice, file);
  await expect(old.result(id)).rejects.toMatchObject({ code: 'TASK_FAILED', cause: { message: 'not yet' } });
  // By its policy, which the node that was asked did not know.
  expect(await old.detail(id)).toMatchObject({
    status: { name: 'twice', state: 'failed' },
    input: { value: file },
    attempts: [{ n: 1 }, { n: 2 }],
  });
  expect((await old.logs(id)).map(({ message }) => message)).toContain(`in ${node(2).pid}`);
  expect((await old.list({ name: 'twice' })).tasks.map((task) => [task.id, task.state])).toEqual([[id, 'failed']]);
  writeFileSync(file, '');
  await old.retry(id);
  expect(await old.result(id)).toBe(node(2).pid);

  const waiting = await old.start(newer.gated, join(folder, 'never'));
  await expect.poll(async () => (await old.status(waiting.id))?.state).toBe('running');
  await old.cancel(waiting.id);
  await expect(waiting.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
});

test('where the one node that has a task stands still, its start is refused within a bounded time', async () => {
  const old = clientOf(1);
  const open = join(folder, 'open');
  node(2).signal('SIGSTOP');
  try {
    // Whether it was asked before it was missed, or not any more.
    const refused: unknown = await old.start(newer.gated, open).then(
      () => undefined,
      ({ code, message }: { readonly code: string; readonly message: string }) => [code, message],
    );
    const answers = { NOT_READY: '; n2, where it is, gave no answer', TASK_UNKNOWN: ', and no other node' };
    expect(refused).toEqual(
      expect.toBeOneOf(
        Object.entries(answers).map(([code, text]) => [
          code,
          expect.stringContaining(`This node's app has no task gated${text}`) as unknown,
        ]),
      ),
    );
  } finally {
    node(2).signal('SIGCONT');
  }
});
