/** From when to when the page looks, and how that changes. */
import type { PageRun } from '../page-data.ts';
import type { Thing } from './model.ts';
import type { View } from './scene.ts';

const leastUs = 50;
/** As much of what came before a violation as can be read at once. */
const thingsAtOpening = 60;

export const wholeRun = ({ endUs }: PageRun): View => ({ fromUs: -endUs / 100, toUs: endUs + endUs / 100 + 1 });

/** Within the run, and not too near to see anything. */
export const clamped = (run: PageRun, { fromUs, toUs }: View): View => {
  const whole = wholeRun(run);
  const longUs = Math.min(Math.max(toUs - fromUs, leastUs), whole.toUs - whole.fromUs);
  const middle = (fromUs + toUs) / 2;
  const from = Math.min(Math.max(middle - longUs / 2, whole.fromUs), whole.toUs - longUs);
  return { fromUs: from, toUs: from + longUs };
};

/** `by`: 2 shows twice as much; what stands at `aroundUs` stays where it is. */
export const zoomed = (run: PageRun, { fromUs, toUs }: View, by: number, aroundUs: number): View =>
  clamped(run, { fromUs: aroundUs - (aroundUs - fromUs) * by, toUs: aroundUs + (toUs - aroundUs) * by });

/** `by`: of what is in view. */
export const moved = (run: PageRun, { fromUs, toUs }: View, by: number): View =>
  clamped(run, { fromUs: fromUs + (toUs - fromUs) * by, toUs: toUs + (toUs - fromUs) * by });

/** What led to the violation, or the whole run if there is none. */
export const opening = (run: PageRun, things: readonly Thing[]): View => {
  if (run.broken === undefined) return wholeRun(run);
  const { atUs } = run.broken;
  const before = things.filter((thing) => thing.atUs <= atUs);
  const first = before[Math.max(0, before.length - thingsAtOpening)];
  const longUs = Math.max(1_000, atUs - (first?.atUs ?? 0));
  return clamped(run, { fromUs: atUs - longUs, toUs: atUs + longUs / 8 });
};
