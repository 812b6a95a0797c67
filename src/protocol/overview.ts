/** How a node does: counters since it began to lead, and what is now. Bounded, whatever the load. */

import type { ClusterOverview } from './cluster-overview.ts';

/** Upper bounds of the buckets of all histograms. */
export { histogramBoundsMs } from '../platform/histogram.ts';

/** Durations, counted. */
export type Histogram = {
  /** One more than there are bounds; not cumulative. */
  readonly counts: readonly number[];
  readonly sumMs: number;
};

/** What became of the tasks of one name. Counters begin at 0 with the node. */
export type FunctionOverview = {
  /** Undefined: all that came after the first `limits.functionsCountedMax` names. */
  readonly name: string | undefined;
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Attempts that failed, whether or not another one follows. */
  readonly failedAttempts: number;
  /** Items of maps over it that are done. They are no tasks, and not in any other figure. */
  readonly items: number;
  /** Now. `running` includes `waiting`: those that have an attempt and wait for steps alone. */
  readonly queued: number;
  readonly scheduled: number;
  readonly running: number;
  readonly waiting: number;
  /** What attempts took that completed or failed. */
  readonly runTime: Histogram;
  /** From when a task could run for the first time to its first grant. */
  readonly waitTime: Histogram;
  /** Tasks and chunks of maps that wait because no executor that is there has the function. Left out: none. */
  readonly lacking?: number;
};

export type PartitionOverview = {
  readonly partition: number;
  readonly leading: boolean;
  readonly epoch: number;
  /** Position of the newest record that is durable. */
  readonly position: number;
  readonly checkpointPosition: number;
  /** When the newest checkpoint was complete; undefined: none since the node began. */
  readonly checkpointAt: Date | undefined;
  /** Rows written and not yet flushed to the store. */
  readonly dirtyRows: number;
  /** Answers and messages that wait for records which are not durable yet. */
  readonly pendingSteps: number;
  /** Tasks alive. */
  readonly tasks: number;
  /** Finished tasks that are kept. */
  readonly finished: number;
  readonly queueDepth: number;
  /** Since when the one that waits longest could run. */
  readonly oldestQueuedAt: Date | undefined;
};

export type ExecutorOverview = {
  readonly executor: number;
  readonly slots: number;
  /** Slots in use. */
  readonly busy: number;
  /** Tasks in its memory that wait for steps and hold no slot. */
  readonly waiting: number;
  readonly loopDelay: LoopDelay;
  /** Milliseconds since its event loop turned, where that is long enough to be told; 0: it answers. */
  readonly silentMs: number;
};

export type LogOverview = {
  /** Number of the physical log. */
  readonly log: number;
  readonly bytes: number;
  /** Records offered to it. */
  readonly appends: number;
  /** Frames written, each with one sync. */
  readonly syncs: number;
  readonly syncTime: Histogram;
};

/** By how much a thread's timers were late, in milliseconds, over the last half to full minute. */
export type LoopDelay = { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };

export type ThreadOverview = {
  readonly name: 'main' | 'node' | 'state';
  readonly loopDelay: LoopDelay;
};

/**
 * The last hour at most, for charts: column by column, the oldest first, one number each `stepMs`. What stands in a column is of
 * the step that ends there; `null` where nothing was told, or, of durations, where nothing ended.
 */
export type OverviewHistory = {
  readonly stepMs: number;
  /** When the newest step ended; undefined: there is none yet, and the columns are empty. */
  readonly newest: Date | undefined;
  /** How many in the step, all functions together. */
  readonly started: HistoryColumn;
  readonly completed: HistoryColumn;
  readonly failed: HistoryColumn;
  readonly cancelled: HistoryColumn;
  readonly failedAttempts: HistoryColumn;
  readonly items: HistoryColumn;
  /** How many at the step's end. */
  readonly queued: HistoryColumn;
  readonly running: HistoryColumn;
  /** Milliseconds that the attempts took that ended in the step. */
  readonly runP50Ms: HistoryColumn;
  readonly runP99Ms: HistoryColumn;
};

export type HistoryColumn = readonly (number | null)[];

export type Overview = {
  readonly time: Date;
  readonly startedAt: Date;
  /** In ascending order of names; only those of which something is known. */
  readonly functions: readonly FunctionOverview[];
  readonly partitions: readonly PartitionOverview[];
  readonly executors: readonly ExecutorOverview[];
  readonly logs: readonly LogOverview[];
  readonly threads: readonly ThreadOverview[];
  readonly history: OverviewHistory;
  /** Of a node of a cluster that has read its map. */
  readonly cluster?: ClusterOverview;
};
