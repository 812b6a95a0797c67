/** Where the points of a chart stand. Pure. */
import type { HistoryColumn } from '../../../src/protocol/overview.ts';

/** Charts show as much time as there is, in one of these many minutes. */
const windowsMin = [5, 15, 30, 60] as const;

export const windowSteps = (points: number, stepMs: number): number => {
  const steps = windowsMin.map((minutes) => (minutes * 60_000) / stepMs);
  return steps.find((count) => count >= points) ?? (steps.at(-1) as number);
};

/** The smallest of 1, 2, 5, 10, 20, 50 … that is not below `value`. */
export const roundUp = (value: number): number => {
  if (value <= 0) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * magnitude >= value * 0.999) ?? 10) * magnitude;
};

export type ValueScale = {
  readonly least: number;
  readonly most: number;
  /** 0 at the ground, 1 at the top. */
  readonly heightOf: (value: number) => number;
};

const known = (columns: readonly HistoryColumn[], steps: number): readonly number[] =>
  columns.flatMap((column) => column.slice(-steps).filter((value) => value !== null));

/** From 0 up to a round number. */
export const evenScale = (columns: readonly HistoryColumn[], steps: number): ValueScale => {
  const most = roundUp(Math.max(0, ...known(columns, steps)));
  return { least: 0, most, heightOf: (value) => Math.min(1, value / most) };
};

/** Each power of ten as high as the next: for what differs by more than its size. */
export const powerScale = (columns: readonly HistoryColumn[], steps: number): ValueScale => {
  const values = known(columns, steps).filter((value) => value > 0);
  if (values.length === 0) return evenScale([], steps);
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  const heightOf = (value: number): number =>
    value <= 0 ? 0 : Math.max(0, Math.min(1, (Math.log10(value) - low) / (high - low)));
  return { least: 10 ** low, most: 10 ** high, heightOf };
};

type HeightOf = ValueScale['heightOf'];

/** The path of a line in a box of `steps` by 100, the newest point at its right edge; broken where nothing is known. */
export const linePath = (values: HistoryColumn, steps: number, heightOf: HeightOf): string =>
  runs(values, steps)
    .map(
      (run) => `M${run.map(({ x, value }) => `${x} ${y(heightOf(value))}`).join('L')}${run.length === 1 ? 'h0' : ''}`,
    )
    .join('');

/** As `linePath`, closed down to the ground. */
export const areaPath = (values: HistoryColumn, steps: number, heightOf: HeightOf): string =>
  runs(values, steps)
    .map((run) => {
      const first = run[0]?.x ?? 0;
      const last = run.at(-1)?.x ?? 0;
      return `M${first} 100L${run.map(({ x, value }) => `${x} ${y(heightOf(value))}`).join('L')}L${last} 100Z`;
    })
    .join('');

const y = (height: number): number => Math.round((1 - height) * 10_000) / 100;

type Point = { readonly x: number; readonly value: number };

const runs = (values: HistoryColumn, steps: number): readonly (readonly Point[])[] => {
  const found: Point[][] = [];
  let open: Point[] | undefined;
  for (const [index, value] of values.slice(-steps).entries()) {
    if (value === null) open = undefined;
    else {
      if (open === undefined) {
        open = [];
        found.push(open);
      }
      open.push({ x: steps - Math.min(values.length, steps) + index + 1, value });
    }
  }
  return found;
};
