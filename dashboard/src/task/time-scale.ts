/**
 * Where moments stand in a task's timeline. Time runs evenly, but for long stretches in which nothing is done (sleeps, delays, the
 * wait for the next attempt): those are folded to a narrow strip. Pure.
 *
 * S1  A later moment never stands left of an earlier one.
 * S2  The scale goes from 0 at `begin` to 100 at `end`.
 */

export type Interval = { readonly from: number; readonly to: number };

/** A stretch of time and where it stands, in hundredths of the width. */
export type Stretch = Interval & { readonly left: number; readonly right: number; readonly folded: boolean };

export type TimeScale = {
  readonly stretches: readonly Stretch[];
  /** Where a moment stands, 0 to 100. */
  readonly at: (timeMs: number) => number;
};

/** Idle time is folded where it is longer than this and than that part of the time in which something is done. */
const foldMs = 1_000;
const foldShare = 0.25;
/** Width of a fold, and of all folds together at most. */
const foldWidth = 4;
const foldsWidthMax = 32;

/** Intervals that touch become one; in ascending order. */
export const union = (intervals: readonly Interval[]): readonly Interval[] => {
  const sorted = intervals.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from);
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
};

/** What of `intervals` (ascending, apart) lies in none of `others` (likewise). */
export const without = (intervals: readonly Interval[], others: readonly Interval[]): readonly Interval[] =>
  intervals.flatMap((interval) => {
    const left: Interval[] = [];
    let from = interval.from;
    for (const other of others) {
      if (other.to <= from || other.from >= interval.to) continue;
      if (other.from > from) left.push({ from, to: other.from });
      from = Math.max(from, other.to);
    }
    if (from < interval.to) left.push({ from, to: interval.to });
    return left;
  });

/** `busy`: when something is done. `marks`: moments at which something begins or ends; a fold never hides one. */
export const timeScale = (
  begin: number,
  end: number,
  busy: readonly Interval[],
  marks: readonly number[] = [],
): TimeScale => {
  const last = Math.max(end, begin + 1);
  const whole = [{ from: begin, to: last }];
  const idle = without(whole, union(busy)).flatMap((gap) => cut(gap, marks));
  const busyMs = last - begin - idle.reduce((sum, { from, to }) => sum + to - from, 0);
  const long = idle.filter(({ from, to }) => to - from > Math.max(foldMs, busyMs * foldShare));
  // Where nothing but idle time would be left, there is nothing to make room for.
  const folds = long.length === idle.length && busyMs === 0 && idle.length === 1 ? [] : long;
  const width = folds.length === 0 ? 0 : Math.min(foldWidth, foldsWidthMax / folds.length);
  const even = without(whole, folds);
  const evenMs = even.reduce((sum, { from, to }) => sum + to - from, 0);
  const perMs = evenMs === 0 ? 0 : (100 - width * folds.length) / evenMs;
  const foldWide = evenMs === 0 && folds.length > 0 ? 100 / folds.length : width;
  const stretches: Stretch[] = [];
  let left = 0;
  const all = [...even.map((one) => ({ ...one, folded: false })), ...folds.map((one) => ({ ...one, folded: true }))];
  for (const stretch of all.sort((a, b) => a.from - b.from)) {
    const right = left + (stretch.folded ? foldWide : (stretch.to - stretch.from) * perMs);
    stretches.push({ ...stretch, left, right });
    left = right;
  }
  const at = (timeMs: number): number => {
    if (timeMs <= begin) return 0;
    const stretch = stretches.find(({ to }) => timeMs <= to);
    if (stretch === undefined) return 100;
    return stretch.left + ((timeMs - stretch.from) / (stretch.to - stretch.from)) * (stretch.right - stretch.left);
  };
  return { stretches, at };
};

const cut = ({ from, to }: Interval, marks: readonly number[]): readonly Interval[] => {
  const inside = [...new Set(marks.filter((mark) => mark > from && mark < to))].sort((a, b) => a - b);
  const edges = [from, ...inside, to];
  return edges.slice(1).map((edge, index) => ({ from: edges[index] ?? from, to: edge }));
};

export type Tick = {
  readonly timeMs: number;
  readonly at: number;
  /** Since the beginning; `afterFoldMs`: since the end of the fold before it, where there is one and this is not it. */
  readonly offsetMs: number;
  readonly afterFoldMs: number | undefined;
};

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  ...[1, 2, 5].flatMap((factor) => [factor, factor * 10, factor * 100]),
  ...[1, 2, 5, 10, 15, 30].map((factor) => factor * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((factor) => factor * minute),
  ...[1, 2, 3, 6, 12].map((factor) => factor * hour),
  ...[1, 2, 7, 14, 30, 90, 365].map((factor) => factor * day),
].sort((a, b) => a - b);

/** Moments at even distances, `wanted` or a few more, none within a fold. They count anew after each fold. */
export const ticksOf = ({ stretches, at }: TimeScale, wanted: number): readonly Tick[] => {
  const begin = stretches[0]?.from ?? 0;
  const even = stretches.filter(({ folded }) => !folded);
  const evenMs = even.reduce((sum, { from, to }) => sum + to - from, 0);
  const stepMs = steps.find((step) => evenMs / step <= wanted) ?? 365 * day;
  return even.flatMap(({ from, to }) =>
    Array.from({ length: Math.floor((to - from) / stepMs) + 1 }, (_, index): Tick => {
      const timeMs = from + index * stepMs;
      const afterFoldMs = index === 0 || from === begin ? undefined : timeMs - from;
      return { timeMs, at: at(timeMs), offsetMs: timeMs - begin, afterFoldMs };
    }),
  );
};

/** Those of `ticks` that leave room for the text of the one before: at least `room` hundredths. */
export const spaced = (ticks: readonly Tick[], room: number): readonly Tick[] => {
  const kept: Tick[] = [];
  for (const tick of ticks) if (tick.at - (kept.at(-1)?.at ?? -room) >= room) kept.push(tick);
  return kept;
};
