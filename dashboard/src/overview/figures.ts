/** What the overviews of the last minute say together: rates and durations of just now. Pure. */
import {
  addHistograms,
  countOf,
  emptyHistogram,
  percentileMs,
  sinceHistogram,
} from '../../../src/protocol/histogram.ts';
import type { FunctionOverview, Histogram, HistoryColumn, Overview } from '../../../src/protocol/overview.ts';

const rateMs = 5_000;
const durationMs = 60_000;

export type Totals = {
  readonly timeMs: number;
  readonly startedAtMs: number;
  readonly ended: number;
  /** Of maps. */
  readonly items: number;
  readonly failed: number;
  readonly runTime: Histogram;
};

export const sumOf = (
  functions: readonly FunctionOverview[],
  name:
    | 'started'
    | 'completed'
    | 'failed'
    | 'cancelled'
    | 'failedAttempts'
    | 'items'
    | 'queued'
    | 'scheduled'
    | 'running'
    | 'waiting',
): number => functions.reduce((sum, one) => sum + one[name], 0);

export const totalsOf = ({ time, startedAt, functions }: Overview): Totals => ({
  timeMs: time.getTime(),
  startedAtMs: startedAt.getTime(),
  ended: sumOf(functions, 'completed') + sumOf(functions, 'failed') + sumOf(functions, 'cancelled'),
  items: sumOf(functions, 'items'),
  failed: sumOf(functions, 'failed'),
  runTime: functions.reduce((sum, { runTime }) => addHistograms(sum, runTime), emptyHistogram),
});

/** The last minute of totals, the oldest first; anew when the node began again. */
export const addSample = (samples: readonly Totals[], next: Totals): readonly Totals[] => {
  const kept = samples.filter(
    ({ timeMs, startedAtMs }) =>
      startedAtMs === next.startedAtMs && timeMs < next.timeMs && timeMs >= next.timeMs - durationMs,
  );
  return [...kept, next];
};

/** Tasks that ended, or items that were done, each second, over the last five. Undefined: too little is known. */
export const rateOf = (samples: readonly Totals[], what: 'ended' | 'items'): number | undefined => {
  const last = samples.at(-1);
  if (last === undefined) return undefined;
  const from = samples.find(({ timeMs }) => timeMs >= last.timeMs - rateMs);
  if (from === undefined || from === last) return undefined;
  return ((last[what] - from[what]) / (last.timeMs - from.timeMs)) * 1_000;
};

/** How long attempts took that ended in the last minute; of all since the node began where none did. */
export const recentRunTime = (samples: readonly Totals[]): Histogram => {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return emptyHistogram;
  const recent = sinceHistogram(last.runTime, first.runTime);
  return countOf(recent) > 0 ? recent : last.runTime;
};

export const percentiles = (histogram: Histogram): { p50Ms: number | undefined; p99Ms: number | undefined } => ({
  p50Ms: percentileMs(histogram, 0.5),
  p99Ms: percentileMs(histogram, 0.99),
});

export const sumOfColumn = (column: HistoryColumn): number =>
  column.reduce<number>((sum, value) => sum + (value ?? 0), 0);

/** Since when the task that waits longest could run. */
export const oldestQueuedMs = ({ time, partitions }: Overview): number | undefined => {
  const times = partitions.flatMap(({ oldestQueuedAt }) =>
    oldestQueuedAt === undefined ? [] : [oldestQueuedAt.getTime()],
  );
  return times.length === 0 ? undefined : Math.max(0, time.getTime() - Math.min(...times));
};
