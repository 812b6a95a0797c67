import { expect, test } from 'vitest';
import { addHistograms, countOf, emptyHistogram, percentileMs, sinceHistogram } from './histogram.ts';
import { type Histogram, histogramBoundsMs } from './overview.ts';

/** One in each bucket that is named. */
const counted = (...buckets: number[]): Histogram => ({
  counts: emptyHistogram.counts.map((_, bucket) => buckets.filter((one) => one === bucket).length),
  sumMs: buckets.length,
});

test('a percentile lies in the bucket of the duration it is of', () => {
  const histogram = counted(3, 3, 3, 10);
  for (const [share, bucket] of [
    [0.1, 3],
    [0.75, 3],
    [0.76, 10],
    [1, 10],
  ] as const) {
    const ms = percentileMs(histogram, share) ?? Number.NaN;
    expect(ms).toBeGreaterThan(histogramBoundsMs[bucket - 1] ?? Number.NaN);
    expect(ms).toBeLessThanOrEqual(histogramBoundsMs[bucket] ?? Number.NaN);
  }
});

test('what is beyond the last bound counts as that bound, and nothing has no percentile', () => {
  expect(percentileMs(counted(histogramBoundsMs.length), 0.5)).toBe(histogramBoundsMs.at(-1));
  expect(percentileMs(emptyHistogram, 0.5)).toBeUndefined();
});

test('a difference is undone by a sum; after a new beginning it is all there is', () => {
  const earlier = counted(1, 2);
  const later = addHistograms(earlier, counted(2, 5));
  expect(sinceHistogram(later, earlier)).toEqual(counted(2, 5));
  expect(countOf(later)).toBe(4);
  expect(sinceHistogram(counted(2), later)).toEqual(counted(2));
});
