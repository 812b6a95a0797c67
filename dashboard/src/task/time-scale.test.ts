import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spaced, ticksOf, timeScale, union, without } from './time-scale.ts';

const day = 86_400_000;

describe('the scale of a timeline', () => {
  test('is even while something is done', () => {
    const { at, stretches } = timeScale(1_000, 2_000, [{ from: 1_000, to: 2_000 }]);
    expect(stretches).toEqual([{ from: 1_000, to: 2_000, left: 0, right: 100, folded: false }]);
    expect(at(1_250)).toBeCloseTo(25);
  });

  test('folds a day of sleep between two short stretches of work', () => {
    const busy = [
      { from: 0, to: 500 },
      { from: day, to: day + 500 },
    ];
    const { at, stretches } = timeScale(0, day + 500, busy);
    expect(stretches.map(({ folded }) => folded)).toEqual([false, true, false]);
    expect(at(500)).toBeCloseTo(48);
    expect(at(day)).toBeCloseTo(52);
    expect(at(250)).toBeCloseTo(24);
  });

  test('leaves short waits and a task that only sleeps as they are', () => {
    expect(timeScale(0, 1_900, [{ from: 0, to: 1_000 }]).stretches.some(({ folded }) => folded)).toBe(false);
    expect(timeScale(0, day, []).stretches).toEqual([{ from: 0, to: day, left: 0, right: 100, folded: false }]);
  });

  test('keeps a moment at which something happens out of the folds', () => {
    const { stretches, at } = timeScale(0, 2 * day, [{ from: 0, to: 100 }], [day]);
    expect(stretches.filter(({ folded }) => folded)).toHaveLength(2);
    expect(stretches.map(({ right }) => right)).toContain(at(day));
  });

  test('S1, S2: for any work the scale rises from 0 to 100', () => {
    const interval = fc.tuple(fc.nat(day), fc.nat(day)).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 6 }), fc.array(fc.nat(day), { maxLength: 4 }), (busy, marks) => {
        const { at } = timeScale(0, day, busy, marks);
        expect(at(0)).toBe(0);
        expect(at(day)).toBeCloseTo(100);
        let before = 0;
        for (let index = 0; index <= 200; index++) {
          const here = at((day * index) / 200);
          expect(here).toBeGreaterThanOrEqual(before - 1e-9);
          before = here;
        }
      }),
    );
  });

  test('has ticks at even distances outside of folds', () => {
    const scale = timeScale(0, day + 500, [
      { from: 0, to: 500 },
      { from: day, to: day + 500 },
    ]);
    const ticks = ticksOf(scale, 10);
    expect(ticks.map(({ offsetMs }) => offsetMs).slice(0, 4)).toEqual([0, 100, 200, 300]);
    expect(ticks.every(({ offsetMs }) => offsetMs <= 500 || offsetMs >= day)).toBe(true);
    expect(ticks.filter(({ afterFoldMs }) => afterFoldMs !== undefined).map(({ afterFoldMs }) => afterFoldMs)).toEqual([
      100, 200, 300, 400, 500,
    ]);
    expect(spaced(ticks, 20).map(({ offsetMs }) => offsetMs)).toEqual([0, 300, day, day + 300]);
  });
});

test('intervals are joined and taken away', () => {
  const intervals = union([
    { from: 5, to: 9 },
    { from: 0, to: 3 },
    { from: 2, to: 4 },
    { from: 7, to: 7 },
  ]);
  expect(intervals).toEqual([
    { from: 0, to: 4 },
    { from: 5, to: 9 },
  ]);
  expect(
    without(intervals, [
      { from: 1, to: 2 },
      { from: 6, to: 20 },
    ]),
  ).toEqual([
    { from: 0, to: 1 },
    { from: 2, to: 4 },
    { from: 5, to: 6 },
  ]);
});
