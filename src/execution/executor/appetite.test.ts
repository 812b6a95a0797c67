import { describe, expect, test } from 'vitest';
import { Appetite } from './appetite.ts';

const slots = 8;

/** One that has seen many tasks which each held a slot for so long. */
const seasoned = (ms: number, blocking = false): Appetite => {
  const appetite = new Appetite();
  for (let task = 0; task < 50; task++) appetite.measured('task', ms);
  appetite.blocking = blocking;
  return appetite;
};

describe('with all slots in use it has on their way', () => {
  test('as many tasks that wait as end while one is fetched', () => {
    // One ends every 50/8 ms: three in 20 ms.
    expect(seasoned(50).target(slots, slots, false)).toBe(3);
  });

  test('as many as it has slots where they are shorter than that', () => {
    expect(seasoned(10).target(slots, slots, false)).toBe(slots);
  });

  test('20 ms of the shortest, and no more than 1,024', () => {
    expect(seasoned(0.5).target(slots, slots, false)).toBe(40);
    expect(seasoned(0.001).target(slots, slots, false)).toBe(1_024);
  });

  test('none where they are long', () => {
    expect(seasoned(251).target(slots, slots, false)).toBe(0);
  });
});

test('what keeps the thread to itself is fetched one ahead', () => {
  expect(seasoned(50, true).target(slots, 1, false)).toBe(1);
});

test('as long as nothing was measured it asks for what has room', () => {
  expect(new Appetite().target(slots, 0, false)).toBe(slots);
  expect(new Appetite().target(slots, 6, false)).toBe(2);
  expect(new Appetite().target(slots, 6, true)).toBe(0);
});
