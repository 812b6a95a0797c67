/**
 * How work spreads over nodes: tasks that wait outside of the processor, so that nodes on one machine do not take it from each other,
 * with as many slots on each node.
 */
import type { RemoteClient } from 'tutti/client';
import { hash16 } from '../../../src/values/hash.ts';
import { partitionOfHash } from '../../../src/values/task-id.ts';
import type * as app from '../app.ts';
import { slownessVariable, waits } from '../app.ts';
import { span, timesOf } from '../measure.ts';
import { check, type RunOptions, type RunResult, type Scenario, scaled } from '../scenario.ts';
import { Rig } from './rig.ts';

const waitMs = 50;
/** Few enough that eight nodes, three servers and the client need less than two processors: what is measured is the spreading. */
const slotsPerNode = 4;
const perSlot = 100;
/** V8 compiles for seconds what a new process runs. */
const warmUpPerSlot = 200;
const slower = 1.5;

type Keys = (index: number, partitions: number) => { readonly key: string } | undefined;

/** Tasks that belong to any partition. */
const anywhere: Keys = () => undefined;
/** Nine of ten belong to the first partition. */
const skewed: Keys = (index, partitions) => {
  if (index % 10 === 0) return undefined;
  for (let salt = 0; ; salt++) {
    const key = `${index}-${salt}`;
    if (partitionOfHash(hash16(JSON.stringify(['waits', key])), partitions) === 0) return { key };
  }
};

/** Starts all at once and waits for all; gives how many ran in each process. */
const runWaiting = async (
  client: RemoteClient<typeof app>,
  options: readonly ReturnType<Keys>[],
): Promise<number[]> => {
  const pids = await Promise.all(
    options.map((each) => (each === undefined ? client.run(waits, waitMs) : client.run(waits, waitMs, each))),
  );
  const counts = new Map<number, number>();
  for (const pid of pids) counts.set(pid, (counts.get(pid) ?? 0) + 1);
  return [...counts.values()];
};

/** Largest share to the mean; nodes that ran nothing count. */
const unevenness = (counts: readonly number[], nodes: number): number =>
  Math.max(...counts) / (counts.reduce((sum, count) => sum + count, 0) / nodes);

const spread = async (options: RunOptions, nodes: number, keys: Keys, slowNode: boolean): Promise<RunResult> => {
  const { folder, partitions, executors } = options;
  await using rig = await Rig.start({
    folder,
    nodes,
    partitions,
    executors,
    slots: slotsPerNode,
    env: (index) => (slowNode && index === nodes - 1 ? { [slownessVariable]: String(slower) } : {}),
  });
  const client = rig.client();
  const slots = nodes * slotsPerNode * executors;
  const n = scaled(slots * perSlot, options);
  await runWaiting(
    client,
    Array.from({ length: slots * warmUpPerSlot }, () => undefined),
  );
  const work = Array.from({ length: n }, (_, index) => keys(index, partitions));
  const before = rig.cost();
  const measured = await span(() => runWaiting(client, work));
  const after = rig.cost();
  const counts = measured.value;
  check(counts.reduce((sum, count) => sum + count, 0) === n, 'not as many tasks ran as were started');
  // What all slots can do; those of the slow node so much less.
  const capacity = ((slots - (slowNode ? slotsPerNode * executors * (1 - 1 / slower) : 0)) * 1_000) / waitMs;
  return {
    n,
    ...timesOf(measured),
    latencies: undefined,
    extra: {
      of_capacity: n / measured.seconds / capacity,
      max_to_mean: unevenness(counts, nodes),
      nodes_cpu_s: after.nodesCpu - before.nodesCpu,
      servers_cpu_s: after.serversCpu - before.serversCpu,
    },
    settings: { nodes, waitMs, slotsPerNode, slowNode },
  };
};

export const clusterWaiting: Scenario = {
  name: 'cluster-waiting',
  cases: [1, 2, 4, 8],
  caseUnit: 'nodes',
  run: (options) => spread(options, options.callers ?? 1, anywhere, false),
};

export const clusterSlowNode: Scenario = {
  name: 'cluster-slow-node',
  cases: [undefined],
  run: (options) => spread(options, 3, anywhere, true),
};

export const clusterSkewed: Scenario = {
  name: 'cluster-skewed',
  cases: [undefined],
  run: (options) => spread(options, 3, skewed, false),
};
