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

/** The path of a line in a box of `steps` by 100, the newest point at its right edge; broken where nothing is known. */
export const linePath = (values: HistoryColumn, steps: number, most: number): string =>
  runs(values, steps)
    .map((run) => `M${run.map(({ x, value }) => `${x} ${y(value, most)}`).join('L')}${run.length === 1 ? 'h0' : ''}`)
    .join('');

/** As `linePath`, closed down to the ground. */
export const areaPath = (values: HistoryColumn, steps: number, most: number): string =>
  runs(values, steps)
    .map((run) => {
      const first = run[0]?.x ?? 0;
      const last = run.at(-1)?.x ?? 0;
      return `M${first} 100L${run.map(({ x, value }) => `${x} ${y(value, most)}`).join('L')}L${last} 100Z`;
    })
    .join('');

const y = (value: number, most: number): number => Math.round((1 - Math.min(value, most) / most) * 10_000) / 100;

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
