import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { emptyHistogram } from '../protocol/histogram.ts';
import type { FunctionOverview } from '../protocol/overview.ts';
import { History } from './history.ts';

const step = limits.historyStepMs;
/** A function that has ended so many, all within a millisecond. */
const ended = (completed: number, queued = 0): FunctionOverview => ({
  name: 'work',
  started: completed + queued,
  completed,
  failed: 0,
  cancelled: 0,
  failedAttempts: 0,
  items: 2 * completed,
  queued,
  scheduled: 0,
  running: 0,
  waiting: 0,
  runTime: { counts: emptyHistogram.counts.map((_, bucket) => (bucket === 4 ? completed : 0)), sumMs: completed },
  waitTime: emptyHistogram,
});
const at = (steps: number): Date => new Date(1_000_000 + steps * step);

test('a step holds what came to the counters in it, and how many there are at its end', () => {
  const history = new History();
  history.record(at(0), [ended(100)]);
  expect(history.view()).toMatchObject({ newest: undefined, completed: [] });
  history.record(at(1), [ended(100, 3), ended(5)]);
  history.record(at(2), [ended(100, 2), ended(25)]);
  const { newest, completed, items, queued, started, runP50Ms, runP99Ms } = history.view();
  expect(newest).toEqual(at(2));
  expect(completed).toEqual([5, 20]);
  expect(items).toEqual([10, 40]);
  expect(started).toEqual([8, 19]);
  expect(queued).toEqual([3, 2]);
  expect(runP50Ms[1]).toBeGreaterThan(0.5);
  expect(runP99Ms[1]).toBeLessThanOrEqual(1);
});

test('where nothing ended there is no duration', () => {
  const history = new History();
  history.record(at(0), [ended(1)]);
  history.record(at(1), [ended(1)]);
  expect(history.view()).toMatchObject({ completed: [0], runP50Ms: [null], runP99Ms: [null] });
});

test('what is told a little early or late takes the place of its step; what comes twice is left out', () => {
  const history = new History();
  history.record(at(0), [ended(0)]);
  history.record(at(1.2), [ended(1)]);
  history.record(at(1.4), [ended(2)]);
  history.record(at(2.1), [ended(4)]);
  expect(history.view().completed).toEqual([1, 3]);
});

test('H1: steps of a process that slept are there, empty, and no more than there is room for', () => {
  const history = new History();
  history.record(at(0), [ended(0)]);
  history.record(at(3), [ended(6)]);
  expect(history.view().completed).toEqual([null, null, 6]);
  history.record(at(1_000_000), [ended(7)]);
  const { completed } = history.view();
  expect(completed.length).toBe(limits.historySteps);
  expect(completed.at(-1)).toBe(1);
  expect(completed.at(-2)).toBeNull();
});

test('H2: after a new beginning the counters count from nothing', () => {
  const history = new History();
  history.record(at(0), [ended(50)]);
  history.record(at(1), [ended(3)]);
  expect(history.view().completed).toEqual([3]);
  expect(history.view().runP50Ms[0]).toBeGreaterThan(0);
});

test('an hour of steps is kept', () => {
  const history = new History();
  for (let index = 0; index <= limits.historySteps + 5; index++) history.record(at(index), [ended(index * index)]);
  const { completed } = history.view();
  expect(completed.length * step).toBe(3_600_000);
  expect(completed.at(-1)).toBe(2 * (limits.historySteps + 5) - 1);
});
