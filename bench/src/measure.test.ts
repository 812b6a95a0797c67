import { expect, test } from 'vitest';
import { batchesOf, loopsOf, medianBy, percentile, rounded } from './measure.ts';

test('a percentile is the value of the nearest rank, whatever the order of the values', () => {
  const values = Float64Array.from({ length: 100 }, (_, at) => 100 - at);
  expect(percentile(values, 0.5)).toBe(50);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile(values, 1)).toBe(100);
  expect(percentile(Float64Array.of(7), 0.5)).toBe(7);
  expect(percentile(new Float64Array(0), 0.5)).toBeNaN();
});

test('the median is one of the runs, the lower one of two', () => {
  expect(medianBy([3, 1, 2], (run) => run)).toBe(2);
  expect(medianBy([{ perSecond: 20 }, { perSecond: 10 }], (run) => run.perSecond)).toEqual({ perSecond: 10 });
  expect(() => medianBy([], () => 0)).toThrow('no median');
});

test('figures keep four digits', () => {
  expect(rounded(123_456)).toBe(123_500);
  expect(rounded(0.000_123_456)).toBe(0.000_123_5);
});

test.each([
  ['loops', (n: number, one: (index: number) => Promise<void>) => loopsOf(n, 4, one)],
  ['batches', (n: number, one: (index: number) => Promise<void>) => batchesOf(n, 4, 2, one)],
])('%s do each index once and never more at once than was asked for', async (_name, drive) => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  const latencies = await drive(11, async (index) => {
    most = Math.max(most, ++running);
    seen.push(index);
    await Promise.resolve();
    running--;
  });
  expect(seen.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(most).toBe(4);
  expect(latencies).toHaveLength(11);
});
