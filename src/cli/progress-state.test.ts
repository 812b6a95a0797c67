import { describe, expect, test } from 'vitest';
import { beginProgress, type Progress, viewOf, withExecutors, withPieces } from './progress-state.ts';

const pieces = (done: number, total: number | undefined) => ({ done, total, message: undefined });

/** Tells `perSecond` pieces a second, every 100 ms, from `fromMs` to `toMs`. */
const steady = (begin: Progress, done: number, perSecond: number, fromMs: number, toMs: number): Progress => {
  let progress = begin;
  for (let ms = fromMs; ms <= toMs; ms += 100)
    progress = withPieces(progress, pieces(done + ((ms - fromMs) / 1_000) * perSecond, 10_000), ms);
  return progress;
};

describe('progress', () => {
  test('knows nothing at first', () => {
    expect(viewOf(beginProgress('t', 1_000), 3_000)).toEqual({
      task: 't',
      elapsedMs: 2_000,
      pieces: undefined,
      perSecond: undefined,
      leftMs: undefined,
      executors: undefined,
    });
  });

  test('the rate and the time left follow from what was done lately', () => {
    const view = viewOf(steady(beginProgress('t', 0), 0, 50, 0, 4_000), 4_000);
    expect(view.perSecond).toBeCloseTo(50);
    expect(view.leftMs).toBeCloseTo(((10_000 - 200) / 50) * 1_000);
  });

  test('what was kept from an earlier run is no speed (G1)', () => {
    const view = viewOf(steady(beginProgress('t', 0), 9_000, 10, 0, 5_000), 5_000);
    expect(view.perSecond).toBeCloseTo(10);
  });

  test('a change of speed is seen within the window', () => {
    const slow = steady(beginProgress('t', 0), 0, 1, 0, 60_000);
    const fast = steady(slow, 60, 100, 60_000, 75_000);
    expect(viewOf(fast, 75_000).perSecond).toBeGreaterThan(90);
  });

  test('another total, or counts that go back, begin anew (G2)', () => {
    const first = steady(beginProgress('t', 0), 0, 100, 0, 5_000);
    const second = withPieces(first, pieces(1, 20), 5_000);
    expect(viewOf(second, 5_100)).toMatchObject({ pieces: { done: 1, total: 20 }, perSecond: undefined });
    const again = withPieces(withPieces(second, pieces(15, 20), 6_000), pieces(2, 20), 7_000);
    expect(viewOf(again, 7_100).perSecond).toBeUndefined();
  });

  test('keeps few samples, however long it takes', () => {
    expect(steady(beginProgress('t', 0), 0, 1, 0, 600_000).samples.length).toBeLessThan(60);
  });

  test('without a total there is no time left', () => {
    let progress = withPieces(beginProgress('t', 0), pieces(1, undefined), 0);
    progress = withPieces(progress, pieces(11, undefined), 2_000);
    expect(viewOf(progress, 2_000)).toMatchObject({ perSecond: 5, leftMs: undefined });
  });

  test('when nothing moves, the rate falls instead of standing still', () => {
    const progress = steady(beginProgress('t', 0), 0, 100, 0, 5_000);
    expect(viewOf(progress, 20_000).perSecond).toBeLessThan(30);
  });

  test('executors are shown as told last', () => {
    expect(viewOf(withExecutors(beginProgress('t', 0), 4, 3), 0).executors).toEqual({ count: 4, busy: 3 });
  });
});
