import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { RecordPace } from './record-pace.ts';

/** The pause after the last of `count` records, one each `everyMs`. */
const pauseAfter = (count: number, everyMs: number, outputs: number, pace = new RecordPace(), fromMs = 0): number => {
  let pause = 0;
  for (let record = 0; record < count; record++) pause = pace.sent(outputs, fromMs + record * everyMs);
  return pause;
};

test('one caller after the other never waits, however fast the log is', () => {
  for (const everyMs of [0.1, 1, 2, 10, 100]) expect(pauseAfter(1_000, everyMs, 1)).toBe(0);
});

test('where many callers share each record, and records follow each other, the next one waits, and goes on waiting', () => {
  const pace = new RecordPace();
  expect(pauseAfter(100, 1.5, 3, pace)).toBe(limits.recordPauseMs);
  expect(pauseAfter(100, limits.recordPauseMs, 10, pace, 1_000)).toBe(limits.recordPauseMs);
});

test('few callers, or seldom ones, do not', () => {
  expect(pauseAfter(100, 5, 3)).toBe(0);
  expect(pauseAfter(100, 100, 50)).toBe(0);
  const pace = new RecordPace();
  pauseAfter(100, 1, 20, pace);
  expect(pauseAfter(50, limits.recordPauseMs, 1, pace, 1_000)).toBe(0);
});
