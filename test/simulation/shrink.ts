/** Makes the fault schedule of a failing run smaller: the fewest faults with which it breaks the same law. */
import type { Plan } from './plan.ts';
import type { Verdict } from './run-seed.ts';

const triesMax = 200;

/** The numbers of the faults that are needed, and the verdict with these alone. (Zeller's ddmin, IEEE TSE 28, 2002.) */
export const shrink = async (
  plan: Plan,
  failing: Verdict,
  run: (plan: Plan) => Promise<Verdict>,
): Promise<{ readonly keep: readonly number[]; readonly verdict: Verdict }> => {
  let keep = plan.faults.map((_, number) => number);
  let verdict = failing;
  let tries = 0;
  for (let pieces = 2; keep.length > 0 && pieces <= 2 * keep.length && tries < triesMax; ) {
    const size = Math.max(1, Math.ceil(keep.length / pieces));
    let smaller: number[] | undefined;
    for (let from = 0; from < keep.length && smaller === undefined && tries < triesMax; from += size) {
      const without = [...keep.slice(0, from), ...keep.slice(from + size)];
      tries++;
      const again = await run(keeping(plan, without));
      if (again.violation?.law !== failing.violation?.law) continue;
      smaller = without;
      verdict = again;
    }
    if (smaller !== undefined) {
      keep = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (size === 1) break;
    else pieces *= 2;
  }
  return { keep, verdict };
};

/** The plan with some of its faults alone. */
export const keeping = (plan: Plan, keep: readonly number[]): Plan => ({
  ...plan,
  faults: plan.faults.filter((_, number) => keep.includes(number)),
});
