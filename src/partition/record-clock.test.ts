import { expect, test } from 'vitest';
import { RecordClock } from './record-clock.ts';

const clockAt = (now: number) => {
  const at = { now, monotonic: 50 };
  return { at, clock: new RecordClock({ now: () => at.now, monotonic: () => at.monotonic }) };
};

test('record time is the clock, where that is not behind', () => {
  const { at, clock } = clockAt(1_000);
  expect(clock.now(0)).toBe(1_000);
  at.now = 2_000;
  expect(clock.now(1_500)).toBe(2_000);
});

test('record time that is ahead goes on, and the clock catches up (T8)', () => {
  const { at, clock } = clockAt(1_000);
  let time = clock.now(3_601_000);
  expect(time).toBe(3_601_000);
  for (let step = 0; step < 1_000; step++) {
    at.now += 1;
    at.monotonic += 1;
    time = clock.now(time);
  }
  expect(time).toBe(3_601_900);
  at.now += 36_000_000;
  at.monotonic += 36_000_000;
  expect(clock.now(time)).toBe(at.now);
});

test('a clock that is set back does not stop it', () => {
  const { at, clock } = clockAt(10_000);
  const before = clock.now(10_000);
  at.now = 4_000;
  at.monotonic += 1_000;
  expect(clock.now(before)).toBe(10_900);
});

test('a message from further ahead moves it on at once', () => {
  const { at, clock } = clockAt(1_000);
  clock.now(5_000);
  at.monotonic += 100;
  expect(clock.now(9_000)).toBe(9_000);
  at.monotonic += 100;
  expect(clock.now(9_000)).toBe(9_090);
});
