/**
 * The overview of a node in the text format of Prometheus. Times are in seconds, counters end in `_total`, histograms are
 * cumulative; labels are as many as there are functions counted, partitions, executors, logs, threads, members and servers of
 * the engine.
 */
import type { LoopDelay, Overview } from '../protocol/overview.ts';
import { addClusterMetrics } from './cluster-metrics.ts';
import { Exposition, type Labels, type Sample } from './exposition.ts';

export const metricsText = (overview: Overview): string => {
  const out = new Exposition();
  const { functions, partitions, executors, logs, threads } = overview;
  const perFunction = functions.map((row) => [{ task: row.name ?? '' }, row] as const);
  const functionSamples = (value: (row: (typeof functions)[number]) => number): Sample[] =>
    perFunction.map(([labels, row]) => [labels, value(row)]);

  out.gauge('tutti_start_time_seconds', 'When the node began.', [[{}, seconds(overview.startedAt)]]);

  out.counter(
    'tutti_tasks_started_total',
    'Tasks started.',
    functionSamples(({ started }) => started),
  );
  out.counter('tutti_tasks_finished_total', 'Tasks that ended, by how.', [
    ...perFunction.flatMap(([labels, row]): Sample[] => [
      [{ ...labels, outcome: 'completed' }, row.completed],
      [{ ...labels, outcome: 'failed' }, row.failed],
      [{ ...labels, outcome: 'cancelled' }, row.cancelled],
    ]),
  ]);
  out.counter(
    'tutti_attempts_failed_total',
    'Attempts that failed.',
    functionSamples((row) => row.failedAttempts),
  );
  out.counter(
    'tutti_map_items_done_total',
    'Items of maps over it that are done.',
    functionSamples(({ items }) => items),
  );
  out.gauge('tutti_tasks', 'Unfinished tasks now, by state.', [
    ...perFunction.flatMap(([labels, row]): Sample[] => [
      [{ ...labels, state: 'queued' }, row.queued],
      [{ ...labels, state: 'scheduled' }, row.scheduled],
      [{ ...labels, state: 'running' }, row.running - row.waiting],
      [{ ...labels, state: 'waiting' }, row.waiting],
    ]),
  ]);
  out.histogram(
    'tutti_attempt_seconds',
    'How long attempts ran that completed or failed.',
    perFunction.map(([labels, row]) => [labels, row.runTime]),
  );
  out.histogram(
    'tutti_queue_wait_seconds',
    'From when a task could run to when it was given to an executor.',
    perFunction.map(([labels, row]) => [labels, row.waitTime]),
  );

  const perPartition = (value: (row: (typeof partitions)[number]) => number | undefined): Sample[] =>
    partitions.map((row) => [{ partition: row.partition }, value(row)]);
  const sinceSeconds = (time: Date | undefined): number | undefined =>
    time === undefined ? undefined : Math.max(0, seconds(overview.time) - seconds(time));
  out.gauge(
    'tutti_partition_leading',
    '1: this node leads the partition.',
    perPartition((row) => Number(row.leading)),
  );
  out.gauge(
    'tutti_partition_epoch',
    'Number of the leadership.',
    perPartition((row) => row.epoch),
  );
  out.gauge(
    'tutti_partition_position',
    'Position of the newest durable record.',
    perPartition((row) => row.position),
  );
  out.gauge(
    'tutti_partition_checkpoint_position',
    'Position of the newest checkpoint.',
    perPartition((row) => row.checkpointPosition),
  );
  out.gauge(
    'tutti_partition_checkpoint_age_seconds',
    'Since the newest checkpoint of this node was complete.',
    perPartition((row) => sinceSeconds(row.checkpointAt)),
  );
  out.gauge(
    'tutti_partition_dirty_rows',
    'Rows not yet in the store.',
    perPartition((row) => row.dirtyRows),
  );
  out.gauge(
    'tutti_partition_pending_steps',
    'Steps whose records are not durable yet.',
    perPartition((row) => row.pendingSteps),
  );
  out.gauge(
    'tutti_partition_tasks',
    'Unfinished tasks.',
    perPartition((row) => row.tasks),
  );
  out.gauge(
    'tutti_partition_tasks_kept',
    'Finished tasks that are kept.',
    perPartition((row) => row.finished),
  );
  out.gauge(
    'tutti_queue_depth',
    'Tasks that could run and wait for an executor.',
    perPartition((row) => row.queueDepth),
  );
  out.gauge(
    'tutti_queue_oldest_seconds',
    'How long the one that waits longest could run.',
    perPartition((row) => (row.queueDepth === 0 ? 0 : sinceSeconds(row.oldestQueuedAt))),
  );

  const perExecutor = (value: (row: (typeof executors)[number]) => number): Sample[] =>
    executors.map((row) => [{ executor: row.executor }, value(row)]);
  out.gauge(
    'tutti_executor_slots',
    'Tasks it runs at once at most.',
    perExecutor((row) => row.slots),
  );
  out.gauge(
    'tutti_executor_slots_busy',
    'Slots in use.',
    perExecutor((row) => row.busy),
  );
  out.gauge(
    'tutti_executor_waiting',
    'Tasks in its memory that wait for steps.',
    perExecutor((row) => row.waiting),
  );
  out.gauge(
    'tutti_executor_silent_seconds',
    'Since its event loop turned; 0: it answers.',
    perExecutor((row) => row.silentMs / 1_000),
  );

  const perLog = (value: (row: (typeof logs)[number]) => number): Sample[] =>
    logs.map((row) => [{ log: row.log }, value(row)]);
  out.counter(
    'tutti_log_bytes_total',
    'Bytes written.',
    perLog((row) => row.bytes),
  );
  out.counter(
    'tutti_log_appends_total',
    'Records offered.',
    perLog((row) => row.appends),
  );
  out.counter(
    'tutti_log_syncs_total',
    'Frames written, each with one sync.',
    perLog((row) => row.syncs),
  );
  out.histogram(
    'tutti_log_sync_seconds',
    'How long a frame took to be on disk.',
    logs.map((row) => [{ log: row.log }, row.syncTime]),
  );

  out.gauge('tutti_event_loop_delay_seconds', 'By how much timers were late, of late.', [
    ...threads.flatMap(({ name, loopDelay }) => delaySamples({ thread: name }, loopDelay)),
    ...executors.flatMap(({ executor, loopDelay }) => delaySamples({ thread: `executor-${executor}` }, loopDelay)),
  ]);
  if (overview.cluster !== undefined) addClusterMetrics(out, overview.cluster);
  return out.text();
};

const seconds = (time: Date): number => time.getTime() / 1_000;

const delaySamples = (labels: Labels, { p50Ms, p99Ms, maxMs }: LoopDelay): readonly Sample[] => [
  [{ ...labels, quantile: '0.5' }, p50Ms / 1_000],
  [{ ...labels, quantile: '0.99' }, p99Ms / 1_000],
  [{ ...labels, quantile: '1' }, maxMs / 1_000],
];
