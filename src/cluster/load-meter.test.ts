import { expect, test } from 'vitest';
import { LoadMeter } from './load-meter.ts';

const pass = (meter: LoadMeter, seconds: number, from: number, perSecond: number): number => {
  let changes = from;
  for (let second = 0; second < seconds; second++) {
    changes += perSecond;
    meter.sample([[3, changes]], 1_000);
  }
  return changes;
};

test('the load of a partition is what happens in it a second, smoothed, and told only when it was measured for a while', () => {
  const meter = new LoadMeter();
  let changes = pass(meter, 10, 0, 400);
  expect(meter.loads).toEqual([]);
  changes = pass(meter, 10, changes, 400);
  expect(meter.loads).toEqual([[3, 400]]);
  changes = pass(meter, 1, changes, 8_400);
  expect(meter.loads).toEqual([[3, 1_400]]);
  pass(meter, 60, changes, 0);
  expect(meter.loads[0]?.[1]).toBeLessThan(10);
});

test('another leadership, and one that ended, are not taken for the one before', () => {
  const meter = new LoadMeter();
  pass(meter, 20, 1_000_000, 100);
  pass(meter, 5, 0, 100);
  expect(meter.loads).toEqual([]);
  pass(meter, 20, 500, 100);
  expect(meter.loads).toEqual([[3, 100]]);
  meter.sample([], 1_000);
  expect(meter.loads).toEqual([]);
});
