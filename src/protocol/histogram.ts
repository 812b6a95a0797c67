/** Arithmetic of histograms (`Histogram`): sums, differences, percentiles. */
import { type Histogram, histogramBoundsMs } from './overview.ts';

export const emptyHistogram: Histogram = { counts: new Array(histogramBoundsMs.length + 1).fill(0), sumMs: 0 };

export const addHistograms = (one: Histogram, other: Histogram): Histogram => ({
  counts: one.counts.map((count, bucket) => count + (other.counts[bucket] ?? 0)),
  sumMs: one.sumMs + other.sumMs,
});

/** What came to `later` since `earlier`. All of `later` where it counts less: its counters began again. */
export const sinceHistogram = (later: Histogram, earlier: Histogram): Histogram =>
  later.counts.some((count, bucket) => count < (earlier.counts[bucket] ?? 0))
    ? later
    : {
        counts: later.counts.map((count, bucket) => count - (earlier.counts[bucket] ?? 0)),
        sumMs: later.sumMs - earlier.sumMs,
      };

export const countOf = ({ counts }: Histogram): number => counts.reduce((sum, count) => sum + count, 0);

/**
 * The duration that the part `share` (0 to 1) of all counted ones did not exceed, in milliseconds: where in its bucket is guessed,
 * so it is right within a factor of two. Undefined where nothing was counted.
 */
export const percentileMs = (histogram: Histogram, share: number): number | undefined => {
  const total = countOf(histogram);
  if (total === 0) return undefined;
  const wanted = share * total;
  let below = 0;
  for (const [bucket, count] of histogram.counts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const upper = histogramBoundsMs[bucket];
      const lower = histogramBoundsMs[bucket - 1] ?? 0;
      return upper === undefined ? lower : lower + (upper - lower) * ((wanted - below) / count);
    }
    below += count;
  }
  return histogramBoundsMs.at(-1);
};
