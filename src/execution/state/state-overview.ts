/** How the partitions and logs of a thread do, as the overview of a node tells it. */
import type { LogCounters } from '../../engine/embedded/log-counters.ts';
import type { ClusterOverview } from '../../protocol/cluster-overview.ts';
import { addHistograms } from '../../protocol/histogram.ts';
import type {
  FunctionOverview,
  LogOverview,
  LoopDelay,
  OverviewHistory,
  PartitionOverview,
} from '../../protocol/overview.ts';
import type { FunctionCounters } from '../../tasks/counters.ts';
import type { TaskLeader } from '../../tasks/leader.ts';
import { finishedCount } from '../../tasks/retention.ts';
import { specTable } from '../../tasks/tables.ts';
import type { Part } from './part.ts';

/** Slots in use, and tasks that hold none because they wait, by executor. */
export type ExecutorLoad = { readonly executor: number; readonly busy: number; readonly waiting: number };

export type StateOverview = {
  readonly startedAt: Date;
  readonly functions: readonly FunctionOverview[];
  readonly partitions: readonly PartitionOverview[];
  readonly executors: readonly ExecutorLoad[];
  readonly logs: readonly LogOverview[];
  readonly loopDelay: LoopDelay;
  readonly history: OverviewHistory;
  readonly cluster?: ClusterOverview;
};

/** Where a partition's newest checkpoint stands; `at` undefined: it is of before this process. */
export type CheckpointSeen = { readonly position: number; readonly at: Date | undefined };

/** Of all partitions together, in ascending order of names; what stands for all other names comes last. */
export const functionsOf = (parts: Iterable<Part>): readonly FunctionOverview[] => {
  const byName = new Map<string | undefined, FunctionOverview>();
  for (const { tasks } of parts)
    for (const [name, counters] of tasks.counters.all()) {
      const one = functionOf(name, counters, tasks);
      const other = byName.get(name);
      byName.set(name, other === undefined ? one : merged(one, other));
    }
  return [...byName.values()].sort((a, b) => order(a.name, b.name));
};

const order = (a: string | undefined, b: string | undefined): number =>
  a === b ? 0 : a === undefined || (b !== undefined && a > b) ? 1 : -1;

const functionOf = (name: string | undefined, counters: FunctionCounters, tasks: TaskLeader): FunctionOverview => {
  const { started, completed, failed, cancelled, failedAttempts, items, alive, scheduled, running, waiting } = counters;
  const queued = alive - scheduled - running;
  const { runTime, waitTime } = counters;
  // Chunks of maps wait, too, and are not counted as tasks.
  const lacking = name === undefined || tasks.gaps.isThere(name) ? 0 : Math.max(queued, tasks.aside.count(name));
  return {
    name,
    ...{ started, completed, failed, cancelled, failedAttempts, items, queued, scheduled, running, waiting },
    runTime: { counts: [...runTime.counts], sumMs: runTime.sumMs },
    waitTime: { counts: [...waitTime.counts], sumMs: waitTime.sumMs },
    ...(lacking === 0 ? {} : { lacking }),
  };
};

const merged = (one: FunctionOverview, other: FunctionOverview): FunctionOverview => ({
  name: one.name,
  started: one.started + other.started,
  completed: one.completed + other.completed,
  failed: one.failed + other.failed,
  cancelled: one.cancelled + other.cancelled,
  failedAttempts: one.failedAttempts + other.failedAttempts,
  items: one.items + other.items,
  queued: one.queued + other.queued,
  scheduled: one.scheduled + other.scheduled,
  running: one.running + other.running,
  waiting: one.waiting + other.waiting,
  runTime: addHistograms(one.runTime, other.runTime),
  waitTime: addHistograms(one.waitTime, other.waitTime),
  ...(one.lacking === undefined && other.lacking === undefined
    ? {}
    : { lacking: (one.lacking ?? 0) + (other.lacking ?? 0) }),
});

export const partitionOf = (part: Part, checkpoint: CheckpointSeen): PartitionOverview => {
  const { core } = part.host;
  return {
    partition: part.number,
    leading: part.leading,
    epoch: core.epoch,
    position: core.position,
    checkpointPosition: checkpoint.position,
    checkpointAt: checkpoint.at,
    dirtyRows: core.dirtyRows,
    pendingSteps: core.heldOutputs,
    tasks: part.tasks.alive,
    finished: finishedCount(part.tasks),
    queueDepth: part.tasks.readyFor(undefined),
    oldestQueuedAt: oldestQueued(part),
  };
};

/** Of tasks that never ran: when the first one of each priority was made. */
const oldestQueued = ({ host, tasks, leading }: Part): Date | undefined => {
  let oldest: number | undefined;
  if (!leading) return undefined;
  host.transact((tx) => {
    for (const queue of [tasks.queue, tasks.aside])
      for (const key of queue.firstOfEach()) {
        const createdAt = tx.get(specTable, key)?.createdAt;
        if (createdAt !== undefined && (oldest === undefined || createdAt < oldest)) oldest = createdAt;
      }
  });
  return oldest === undefined ? undefined : new Date(oldest);
};

export const executorLoads = (parts: Iterable<Part>): readonly ExecutorLoad[] => {
  const loads = new Map<number, { busy: number; waiting: number }>();
  for (const { tasks } of parts)
    for (const live of tasks.byAttempt.values()) {
      if (live.executor < 0 || !live.started) continue;
      const load = loads.get(live.executor) ?? { busy: 0, waiting: 0 };
      loads.set(live.executor, load);
      if (live.waits) load.waiting++;
      else load.busy++;
    }
  return [...loads].map(([executor, load]) => ({ executor, ...load }));
};

export const logOf = (log: number, { bytes, appends, syncs, syncTime }: LogCounters): LogOverview => ({
  log,
  bytes,
  appends,
  syncs,
  syncTime: { counts: [...syncTime.counts], sumMs: syncTime.sumMs },
});
