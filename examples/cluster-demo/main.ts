/**
 * `npm run demo:cluster`: three NATS servers and three nodes on this machine take an inventory as one. Half way a node and a server are
 * killed, and what comes out is compared with what a plain script finds.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type RemoteClient } from 'tutti/client';
import { exitCode } from '../../src/cli/exit-code.ts';
import type { ClusterOverview } from '../../src/protocol/cluster-overview.ts';
import { moveText } from '../../src/protocol/cluster-words.ts';
import type { Overview } from '../../src/protocol/overview.ts';
import { type ClusterNodes, startClusterNodes } from '../../tools/cluster-nodes.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import * as app from '../inventory/app.ts';
import { difference, runPlain } from '../inventory/compare.ts';
import { withThousands } from '../inventory/render.ts';
import { ProgressOfRun, type RunProgress } from '../inventory/run-progress.ts';
import { BatchCounts } from './batch-counts.ts';
import { help, type Options, readOptions } from './options.ts';
import { Screen } from './screen.ts';
import { Watcher } from './watcher.ts';

const lookEveryMs = 400;
/** So long a cluster may take to be whole, at the beginning. */
const wholeMs = 60_000;

type Demo = {
  readonly nats: NatsCluster;
  readonly cluster: ClusterNodes;
  /** Of the first node, which nobody kills. */
  readonly client: RemoteClient<typeof app>;
  readonly counts: BatchCounts;
  readonly screen: Screen;
};

const main = async (args: readonly string[]): Promise<number> => {
  const options = readOptions(args, process.cwd());
  if (options === 'help') {
    process.stdout.write(help);
    return exitCode.ok;
  }
  if ('wrong' in options) {
    console.error(`${options.wrong}\nnpm run demo:cluster -- --help says what there is.`);
    return exitCode.usage;
  }
  const screen = new Screen();
  screen.tell('Starting three NATS servers and three nodes on this machine …');
  const nats = await startNatsCluster();
  const counts = new BatchCounts();
  const cluster = await startClusterNodes({
    module: import.meta.resolve('../inventory/app.ts'),
    servers: nats.urls,
    replicas: nats.replicas,
    logLevel: 'silent',
    process: counts.process,
  });
  const [url] = cluster.urls as readonly [string, ...string[]];
  const client = connect<typeof app>(url, { app, timeout: '10 min', giveUpAfter: '10 min' });
  try {
    return await run({ nats, cluster, client, counts, screen }, options, url);
  } finally {
    screen.end();
    await client.close();
    await cluster.close();
    await nats.close();
    counts.remove();
  }
};

const run = async (demo: Demo, options: Options, url: string): Promise<number> => {
  const { client, counts, screen } = demo;
  const { folder } = options;
  await whole(client);
  const began = performance.now();
  const task = await client.start(app.inventory, folder);
  screen.tell(`Taking inventory of ${folder}\nWatch it at ${url}/#/task/${task.id}, the cluster at ${url}/#/cluster`);
  const watcher = new Watcher(client, task.id);
  const progress = new ProgressOfRun();
  const ended = new AbortController();
  const live = showLive(demo, () => progress.now, ended.signal);
  let kills: Promise<void> | undefined;
  for await (const event of client.follow(task.id)) {
    if (event.type === 'log') progress.takeLine(event.message, event.fields);
    if (event.type !== 'progress' || !progress.takeCounts(event.done, event.total)) continue;
    const { filesDone, files } = progress.now;
    if (options.kills && kills === undefined && filesDone * 2 >= files)
      kills = killHalfWay(demo, watcher, progress.now);
  }
  const inventory = await client.result(task.id);
  const seconds = (performance.now() - began) / 1_000;
  await kills;
  await watcher.end();
  ended.abort();
  await live;
  screen.tell(
    `${withThousands(progress.now.files)} files in ${seconds.toFixed(2)} s, by three nodes of one thread each.\n${redoneText(counts.read())}`,
  );

  screen.tell('Running the plain script on the same folder …');
  const plain = await runPlain(folder, new AbortController().signal);
  const ours = Buffer.from(`${JSON.stringify(inventory, null, 2)}\n`);
  const different = difference(ours, plain.json);
  screen.tell(
    different === undefined
      ? `The results are the same to the byte (${withThousands(ours.length)} bytes of JSON). The plain script took ${plain.seconds.toFixed(2)} s.`
      : `THE RESULTS ARE DIFFERENT: ${different}. If the folder has changed meanwhile, that is why.`,
  );
  if (options.stays) await stay(screen, url);
  return different === undefined ? exitCode.ok : exitCode.failed;
};

/** Settles when all three nodes are up and lead as many partitions as the others, and each partition is followed. */
const whole = async (client: Pick<RemoteClient, 'overview'>): Promise<void> => {
  const until = performance.now() + wholeMs;
  for (;;) {
    const seen = (await client.overview()).cluster;
    const { members = [], partitions = [] } = seen ?? {};
    const even = members.filter(({ state, leads }) => state === 'up' && leads * 3 === partitions.length).length === 3;
    if (even && partitions.every(({ standbys }) => standbys.some(({ following }) => following))) return;
    if (performance.now() > until) throw new Error('The cluster did not become whole in a minute.');
    await pause(lookEveryMs);
  }
};

/** Kills the last node and a server, one after the other, and tells how each went. */
const killHalfWay = async (
  { nats, cluster, client, screen }: Demo,
  watcher: Watcher,
  { filesDone, files }: RunProgress,
): Promise<void> => {
  const victim = cluster.nodes[2];
  if (victim === undefined) return;
  const before = await client.overview();
  const led = ledBy(before.cluster, victim.member);
  const done = `${withThousands(filesDone)} of ${withThousands(files)} files`;
  watcher.takeLongest();
  await victim.kill();
  screen.tell(
    `After ${done}: killed node ${victim.member}, which led ${led} ${led === 1 ? 'partition' : 'partitions'}.`,
  );
  await settled(client, (seen) => ledBy(seen, victim.member) === 0 && seen.partitions.every(({ leader }) => leader));
  const moves = await movesSince(client, before);
  screen.tell(
    `  Led again by others: ${moves.join('; ') || 'nothing had to move'}. Who asked after the run waited ${watcher.takeLongest().toFixed(0)} ms at most.`,
  );
  const server = await nats.leaderOf(undefined);
  await nats.kill(server);
  screen.tell(`Killed NATS server ${server + 1} of 3, the one that led the servers.`);
  // Logs that it led have no leader until the other servers have elected one.
  await client.run(app.combineSummaries, []);
  await pause(lookEveryMs);
  screen.tell(
    `  The servers elected others. Who asked after the run waited ${watcher.takeLongest().toFixed(0)} ms at most.`,
  );
};

const ledBy = (seen: ClusterOverview | undefined, member: string): number =>
  seen?.partitions.filter(({ leader }) => leader?.member === member).length ?? 0;

const redoneText = ({ batches, again }: ReturnType<BatchCounts['read']>): string =>
  `Of ${withThousands(batches)} batches of files ${again === 0 ? 'none' : withThousands(again)} had to be read a second time (${((100 * again) / batches).toFixed(1)} %).`;

const settled = async (
  client: Pick<RemoteClient, 'overview'>,
  is: (seen: ClusterOverview) => boolean | undefined,
): Promise<void> => {
  for (;;) {
    const seen = (await client.overview()).cluster;
    if (seen !== undefined && is(seen)) return;
    await pause(lookEveryMs / 4);
  }
};

const movesSince = async (client: Pick<RemoteClient, 'overview'>, before: Overview): Promise<readonly string[]> => {
  const seen = (await client.overview()).cluster;
  const moves = seen?.moves.filter(({ what, at }) => what === 'tookOver' && at > before.time) ?? [];
  return moves.map(moveText).reverse();
};

const showLive = async ({ client, screen }: Demo, now: () => RunProgress, ended: AbortSignal): Promise<void> => {
  while (!ended.aborted) {
    const { phase, filesDone, files } = now();
    const share = files === 0 ? 0 : Math.floor((filesDone * 100) / files);
    screen.show(
      `${share} % · ${withThousands(filesDone)} of ${withThousands(files)} files · ${phase}`,
      await client.overview(),
    );
    await pause(lookEveryMs, undefined, { signal: ended }).catch(() => undefined);
  }
};

const stay = async (screen: Screen, url: string): Promise<void> => {
  screen.tell(`The cluster stays: ${url}/#/cluster. Ctrl-C ends it.`);
  await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
};

process.exitCode = await main(process.argv.slice(2));
