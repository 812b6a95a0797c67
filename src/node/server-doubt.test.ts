import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { ServerDoubt } from './server-doubt.ts';

/** Looks twice a second for so long, and tells after how many milliseconds it was time to go. */
const leavesAt = (doubt: ServerDoubt, fromMs: number, forMs: number, heard: readonly boolean[]): readonly number[] => {
  const at: number[] = [];
  for (let nowMs = fromMs; nowMs <= fromMs + forMs; nowMs += 500) if (doubt.look(heard, nowMs)) at.push(nowMs - fromMs);
  return at;
};

test('a server over which none of those is heard who are there is left, and the next ones ever later (S2)', () => {
  const first = limits.natsAloneMs;
  const times = leavesAt(new ServerDoubt(), 1_000, 600_000, [false, false]);
  expect(times.slice(0, 3)).toEqual([first, 3 * first, 7 * first]);
  const pauses = times.map((at, index) => at - (times[index - 1] ?? 0));
  expect(Math.max(...pauses)).toBe(limits.natsDeafMaxMs);
});

test('one that is heard, or nobody being there, says nothing against the server (S1)', () => {
  for (const heard of [[], [true], [false, true]]) expect(leavesAt(new ServerDoubt(), 0, 60_000, heard)).toEqual([]);
});

test('what was heard meanwhile counts from then on, and the next time is waited for no longer than the first', () => {
  const doubt = new ServerDoubt();
  expect(leavesAt(doubt, 0, 3 * limits.natsAloneMs, [false]).length).toBe(2);
  expect(doubt.look([true], 50_000)).toBe(false);
  expect(leavesAt(doubt, 60_000, 2 * limits.natsAloneMs, [false])).toEqual([limits.natsAloneMs]);
});
