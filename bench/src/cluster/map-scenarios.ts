/**
 * Maps over three nodes, against bare threads that do the same before and after: as many as the nodes have executors, but not more than there
 * are cores, since all of it runs on one machine.
 */
import { availableParallelism } from 'node:os';
import type { RemoteClient } from 'tutti/client';
import type * as app from '../app.ts';
import { digestOf, fanOut, mapMany } from '../app.ts';
import { type BareRun, bareMean, runBareThreads } from '../bare-threads.ts';
import { bytesPerMsVariable, tinyBytesOf } from '../hash-work.ts';
import { type Span, span } from '../measure.ts';
import { check, type RunOptions, type Scenario, scaled } from '../scenario.ts';
import { Rig, type RigCost } from './rig.ts';

const nodes = 3;
const warmUpPieces = 600;
const warmUpItems = 60_000;

type Client = RemoteClient<typeof app>;

type Measured<Value> = {
  readonly run: Span<Value>;
  readonly cost: RigCost;
  readonly before: BareRun;
  readonly after: BareRun;
};

const overNodes = async <Value>(
  { folder, partitions, executors, bytesPerMs }: RunOptions,
  { n, warmUp, bytes }: { readonly n: number; readonly warmUp: number; readonly bytes: number },
  work: (client: Client, n: number) => Promise<Value>,
): Promise<Measured<Value>> => {
  const threads = threadsOf(executors);
  const before = await runBareThreads(n, threads, bytes);
  const { run, cost } = await (async () => {
    await using rig = await Rig.start({
      folder,
      nodes,
      partitions,
      executors,
      env: () => ({ [bytesPerMsVariable]: String(bytesPerMs) }),
    });
    const client = rig.client([rig.nodes.urls[0] as string]);
    await work(client, warmUp);
    const begin = rig.cost();
    const run = await span(() => work(client, n));
    const end = rig.cost();
    return {
      run,
      cost: { nodesCpu: end.nodesCpu - begin.nodesCpu, serversCpu: end.serversCpu - begin.serversCpu },
    };
  })();
  return { run, cost, before, after: await runBareThreads(n, threads, bytes) };
};

const threadsOf = (executors: number): number => Math.min(availableParallelism(), nodes * executors);

/** By wall clock, and by the processor time of the nodes, which says less of what else the machine did. */
const against = ({ run, cost, before, after }: Measured<unknown>) => {
  const bare = bareMean(before, after);
  return {
    ratio: run.seconds / bare.seconds,
    cpu_ratio: cost.nodesCpu / bare.cpuSeconds,
    seconds: run.seconds,
    bare_s: bare.seconds,
    nodes_cpu_s: cost.nodesCpu,
    servers_cpu_s: cost.serversCpu,
  };
};

const figuresOf = (n: number, { run: { seconds, cpuSeconds } }: Measured<unknown>) => ({
  n,
  seconds,
  cpuSeconds,
  latencies: undefined,
});

export const clusterFanOut: Scenario = {
  name: 'cluster-fan-out',
  cases: [undefined],
  async run(options) {
    const n = scaled(10_000, options);
    const bytes = options.bytesPerMs;
    const measured = await overNodes(options, { n, warmUp: scaled(warmUpPieces, options), bytes }, (client, pieces) =>
      client.run(fanOut, pieces),
    );
    const { run, before } = measured;
    check(run.value.length === n, `${run.value.length} results of ${n} pieces`);
    check(
      run.value.every((result, at) => result === before.results[at]),
      'a piece gave another hash than in the bare threads, or stands in another place',
    );
    return {
      ...figuresOf(n, measured),
      extra: against(measured),
      settings: { nodes, pieceMs: 1, pieceBytes: bytes },
    };
  },
};

export const clusterMapMillion: Scenario = {
  name: 'cluster-map-million',
  cases: [undefined],
  async run(options) {
    const n = scaled(1_000_000, options);
    const bytes = tinyBytesOf(options.bytesPerMs);
    const measured = await overNodes(options, { n, warmUp: scaled(warmUpItems, options), bytes }, (client, items) =>
      client.run(mapMany, items),
    );
    const { run, cost, before, after } = measured;
    check(run.value.count === n, `${run.value.count} results of ${n} items`);
    check(run.value.digest === digestOf(before.results), 'an item gave another hash, or stands in another place');
    const bare = bareMean(before, after);
    return {
      ...figuresOf(n, measured),
      extra: {
        us_per_item: (((run.seconds - bare.seconds) * threadsOf(options.executors)) / n) * 1e6,
        cpu_us_per_item: ((cost.nodesCpu - bare.cpuSeconds) / n) * 1e6,
        ...against(measured),
        parent_mb: run.value.grewMb,
      },
      settings: { nodes, itemUs: 10, itemBytes: bytes },
    };
  },
};
