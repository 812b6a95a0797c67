/**
 * How far a run is, as numbers: what was told last, and how fast it went lately. Pure: times are handed in (milliseconds
 * from an arbitrary origin).
 *
 * G1. The rate is that of the last seconds, not the average: what was kept from an earlier run is no speed.
 * G2. Counts that go back, or another total, are another stretch of work (the task's next map): measured anew.
 */

type Sample = { readonly atMs: number; readonly done: number };

export type Progress = {
  readonly task: string;
  readonly startedMs: number;
  readonly pieces: Pieces | undefined;
  readonly samples: readonly Sample[];
  readonly executors: { readonly count: number; readonly busy: number } | undefined;
};

export type Pieces = {
  readonly done: number;
  /** Undefined where nobody knows. */
  readonly total: number | undefined;
  readonly message: string | undefined;
};

/** What is shown of it. */
export type ProgressView = {
  readonly task: string;
  readonly elapsedMs: number;
  readonly pieces: Pieces | undefined;
  readonly perSecond: number | undefined;
  readonly leftMs: number | undefined;
  readonly executors: { readonly count: number; readonly busy: number } | undefined;
};

const windowMs = 10_000;
const sampleEveryMs = 250;
const shortestSpanMs = 500;

export const beginProgress = (task: string, nowMs: number): Progress => ({
  task,
  startedMs: nowMs,
  pieces: undefined,
  samples: [],
  executors: undefined,
});

export const withPieces = (progress: Progress, pieces: Pieces, nowMs: number): Progress => {
  const before = progress.pieces;
  const sample = { atMs: nowMs, done: pieces.done };
  if (before === undefined || pieces.done < before.done || pieces.total !== before.total)
    return { ...progress, pieces, samples: [sample] };
  const last = progress.samples.at(-1);
  if (last !== undefined && nowMs - last.atMs < sampleEveryMs) return { ...progress, pieces };
  // The oldest that is kept is the last one beyond the window, so that a slow job has a rate too.
  const begin = Math.max(
    0,
    progress.samples.findLastIndex(({ atMs }) => atMs <= nowMs - windowMs),
  );
  return { ...progress, pieces, samples: [...progress.samples.slice(begin), sample] };
};

export const withExecutors = (progress: Progress, count: number, busy: number): Progress => ({
  ...progress,
  executors: { count, busy },
});

export const viewOf = (progress: Progress, nowMs: number): ProgressView => {
  const { pieces } = progress;
  const perSecond = rateOf(progress, nowMs);
  const left =
    pieces?.total === undefined || perSecond === undefined || perSecond <= 0
      ? undefined
      : ((pieces.total - pieces.done) / perSecond) * 1_000;
  return {
    task: progress.task,
    elapsedMs: nowMs - progress.startedMs,
    pieces,
    perSecond,
    leftMs: left === undefined || left < 0 ? undefined : left,
    executors: progress.executors,
  };
};

const rateOf = ({ pieces, samples }: Progress, nowMs: number): number | undefined => {
  const first = samples[0];
  if (pieces === undefined || first === undefined || nowMs - first.atMs < shortestSpanMs) return undefined;
  const perSecond = ((pieces.done - first.done) * 1_000) / (nowMs - first.atMs);
  return perSecond > 0 ? perSecond : undefined;
};
