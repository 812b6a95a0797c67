/** One task at a time: from `run` to its result. Two syncs lie on the way, one of the submission and one of the result. */
import { noop, noopInput } from '../app.ts';
import { openBenchNode } from '../bench-node.ts';
import { loopsOf, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const warmUp = 1_000;

export const taskLatency: Scenario = {
  name: 'task-latency',
  cases: [undefined],
  async run(options) {
    const n = scaled(5_000, options);
    await using node = await openBenchNode(options);
    const runOne = async (index: number): Promise<void> => {
      const result = await node.run(noop, noopInput(index));
      if (result !== index) check(false, `task ${index} gave ${result}`);
    };
    await loopsOf(scaled(warmUp, options), 1, runOne);
    const { value: latencies, seconds, cpuSeconds } = await span(() => loopsOf(n, 1, runOne));
    return { n, seconds, cpuSeconds, latencies, extra: {}, settings: { outstanding: 1, argumentBytes: 100 } };
  },
};
