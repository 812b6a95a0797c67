import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DurationCounts, histogramBoundsMs } from './histogram.ts';

test('a duration is counted in the first bucket whose bound it does not exceed', () => {
  const near = histogramBoundsMs.flatMap((bound) => [bound - 1e-6, bound, bound + 1e-6]);
  const duration = fc.oneof(fc.constantFrom(0, 1e12, ...near), fc.double({ min: 0, max: 1e8, noNaN: true }));
  fc.assert(
    fc.property(fc.array(duration), (all) => {
      const counted = new DurationCounts();
      const expected = new Array<number>(histogramBoundsMs.length + 1).fill(0);
      for (const ms of all) {
        counted.add(ms);
        const bucket = histogramBoundsMs.findIndex((bound) => ms <= bound);
        expected[bucket < 0 ? histogramBoundsMs.length : bucket]! += 1;
      }
      expect(counted.counts).toEqual(expected);
      expect(counted.sumMs).toBe(all.reduce((sum, ms) => sum + ms, 0));
    }),
  );
});
