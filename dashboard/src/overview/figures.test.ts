import { describe, expect, test } from 'vitest';
import { countOf, emptyHistogram } from '../../../src/protocol/histogram.ts';
import {
  type FunctionOverview,
  type Histogram,
  histogramBoundsMs,
  type Overview,
  type PartitionOverview,
} from '../../../src/protocol/overview.ts';
import {
  addSample,
  oldestQueuedMs,
  percentiles,
  rateOf,
  recentRunTime,
  sumOf,
  sumOfColumn,
  type Totals,
  totalsOf,
} from './figures.ts';

/** So many durations in the bucket up to `upToMs`. */
const durations = (counts: Readonly<Record<number, number>>): Histogram => ({
  counts: [...histogramBoundsMs, Number.POSITIVE_INFINITY].map((bound) => counts[bound] ?? 0),
  sumMs: 0,
});

const sample = (seconds: number, of: Partial<Totals> = {}): Totals => ({
  timeMs: seconds * 1_000,
  startedAtMs: 0,
  ended: 0,
  items: 0,
  failed: 0,
  runTime: emptyHistogram,
  ...of,
});

const called = (name: string, of: Partial<FunctionOverview>): FunctionOverview => ({
  name,
  started: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  failedAttempts: 0,
  items: 0,
  queued: 0,
  scheduled: 0,
  running: 0,
  waiting: 0,
  runTime: emptyHistogram,
  waitTime: emptyHistogram,
  ...of,
});

test('what is counted for each name is summed over all of them', () => {
  const functions = [
    called('a', { completed: 5, failed: 2, cancelled: 1, items: 70, runTime: durations({ 4: 3 }) }),
    called('b', { completed: 1, items: 7, runTime: durations({ 4: 1, 64: 2 }) }),
  ];
  const overview = { time: new Date(9_000), startedAt: new Date(2_000), functions } as unknown as Overview;
  expect(totalsOf(overview)).toEqual({
    timeMs: 9_000,
    startedAtMs: 2_000,
    ended: 9,
    items: 77,
    failed: 2,
    runTime: durations({ 4: 4, 64: 2 }),
  });
  expect(sumOf(functions, 'completed')).toBe(6);
  expect(sumOf([], 'queued')).toBe(0);
  expect(sumOfColumn([1, null, 4])).toBe(5);
});

describe('Samples', () => {
  const times = (samples: readonly Totals[]): readonly number[] => samples.map(({ timeMs }) => timeMs / 1_000);

  test('are those of the last minute', () => {
    const all = [0, 30, 60, 61].map((at) => sample(at)).reduce<readonly Totals[]>(addSample, []);
    expect(times(all)).toEqual([30, 60, 61]);
  });

  test('begin anew with the node, whose counters do', () => {
    expect(times(addSample([sample(1), sample(2)], sample(3, { startedAtMs: 2_500 })))).toEqual([3]);
  });

  test('are never two of one time, nor out of order', () => {
    expect(times(addSample([sample(1), sample(2)], sample(2)))).toEqual([1, 2]);
    expect(times(addSample([sample(1), sample(4)], sample(2)))).toEqual([1, 2]);
  });
});

describe('A rate', () => {
  test('is that of the last five seconds, whatever was before', () => {
    const samples = [
      sample(0, { ended: 0, items: 0 }),
      sample(10, { ended: 90_000, items: 10 }),
      sample(13, { ended: 90_030, items: 40 }),
      sample(15, { ended: 90_100, items: 60 }),
    ];
    expect(rateOf(samples, 'ended')).toBe(20);
    expect(rateOf(samples, 'items')).toBe(10);
    expect(rateOf(samples.slice(0, 3), 'ended')).toBe(10);
  });

  test('is 0 where nothing ended, and unknown where there is but one sample of that time', () => {
    expect(rateOf([sample(1), sample(2)], 'ended')).toBe(0);
    expect(rateOf([], 'ended')).toBeUndefined();
    expect(rateOf([sample(2)], 'ended')).toBeUndefined();
    expect(rateOf([sample(2), sample(20)], 'ended')).toBeUndefined();
  });
});

describe('Run times', () => {
  const before = durations({ 1024: 1_000 });
  const after = durations({ 4: 100, 1024: 1_000 });

  test('are of attempts of the last minute, so that what was slow long ago is not told for now', () => {
    const recent = recentRunTime([sample(1, { runTime: before }), sample(9, { runTime: after })]);
    expect(recent).toEqual(durations({ 4: 100 }));
    expect(percentiles(recent).p99Ms).toBeLessThan(4);
  });

  test('are of all attempts where none ended in it', () => {
    expect(recentRunTime([sample(1, { runTime: after }), sample(9, { runTime: after })])).toBe(after);
    expect(recentRunTime([sample(1, { runTime: after })])).toBe(after);
    expect(countOf(recentRunTime([]))).toBe(0);
  });

  test('have percentiles that lie in their buckets, and none where nothing ended', () => {
    const { p50Ms, p99Ms } = percentiles(durations({ 4: 90, 128: 10 }));
    expect(p50Ms).toBeCloseTo(2 + (2 * 50) / 90);
    expect(p99Ms).toBeCloseTo(64 + (64 * 9) / 10);
    expect(percentiles(emptyHistogram)).toEqual({ p50Ms: undefined, p99Ms: undefined });
  });
});

test('the oldest that waits is the oldest of all partitions; clocks that differ make no negative age', () => {
  const at = (...seconds: readonly (number | undefined)[]): number | undefined =>
    oldestQueuedMs({
      time: new Date(100_000),
      partitions: seconds.map((since) => ({
        oldestQueuedAt: since === undefined ? undefined : new Date(since * 1_000),
      })) as unknown as readonly PartitionOverview[],
    } as unknown as Overview);
  expect(at(undefined, 88, 10, 99)).toBe(90_000);
  expect(at(101)).toBe(0);
  expect(at(undefined)).toBeUndefined();
  expect(at()).toBeUndefined();
});
