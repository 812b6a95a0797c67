/** Runs in simulated worlds, one after the other, of a workflow that sleeps for thirty days. */
import { simulate } from 'tutti/testing';
import { loopsOf, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const module = import.meta.resolve('../month.ts');
const scenario = { module, name: 'month', input: 'Ada' };
const monthMs = 30 * 86_400_000;

export const simulatedMonth: Scenario = {
  name: 'simulated-month',
  cases: [undefined],
  async run(options) {
    const n = scaled(500, options);
    const runOne = async (seed: number): Promise<void> => {
      const { result, virtualMs } = await simulate({ module }, scenario, { seed });
      check(result === 3 && virtualMs >= monthMs, `seed ${seed} gave ${String(result)} after ${virtualMs} ms`);
    };
    const first = await span(() => runOne(n));
    const { value: latencies, seconds, cpuSeconds } = await span(() => loopsOf(n, 1, runOne));
    const extra = { first_ms: first.seconds * 1_000 };
    return { n, seconds, cpuSeconds, latencies, extra, settings: { executors: 2, partitions: 1 } };
  },
};
