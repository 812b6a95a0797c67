/** Tasks of ten journaled steps, 200 at once. n counts steps; latencies are those of whole tasks. */
import { tenSteps } from '../app.ts';
import { openBenchNode } from '../bench-node.ts';
import { loopsOf, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const outstanding = 200;
const stepsPerTask = 10;
const sumOfSteps = 45;

export const steps: Scenario = {
  name: 'steps',
  cases: [undefined],
  async run(options) {
    const tasks = scaled(30_000, options);
    await using node = await openBenchNode(options);
    const runOne = async (index: number): Promise<void> => {
      const result = await node.run(tenSteps, index);
      if (result !== index + sumOfSteps) check(false, `the steps of task ${index} gave ${result}`);
    };
    await loopsOf(Math.ceil(tasks / 10), outstanding, runOne);
    const { value: latencies, seconds, cpuSeconds } = await span(() => loopsOf(tasks, outstanding, runOne));
    return {
      n: tasks * stepsPerTask,
      seconds,
      cpuSeconds,
      latencies,
      extra: { tasks_per_s: tasks / seconds },
      settings: { outstanding, stepsPerTask },
    };
  },
};
