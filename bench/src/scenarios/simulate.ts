/**
 * The simulator on its stated workload: `ratio` says how many times as fast as real time a world of five nodes goes on one
 * core. It replaces the clocks of its process, so it runs in another one, which measures by itself.
 */
import { fork } from 'node:child_process';
import type { StatedFigures, StatedTask } from '../../../test/simulation/stated-workload.ts';
import { type Scenario, scaled } from '../scenario.ts';

const entry = new URL('../../../test/simulation/stated-workload.ts', import.meta.url);

const simulate = (workload: StatedTask['workload'], seedsOf1: number): Scenario => ({
  name: `simulate-${workload}`,
  cases: [undefined],
  async run(options) {
    const seeds = scaled(seedsOf1, options);
    const { virtualMs, realMs, cpuMs, events, operations, busyMs } = await figuresOf({ workload, seeds });
    return {
      n: events,
      seconds: realMs / 1_000,
      cpuSeconds: cpuMs / 1_000,
      latencies: undefined,
      extra: {
        ratio: virtualMs / realMs,
        cpu_ratio: virtualMs / cpuMs,
        events_per_virtual_s: events / (virtualMs / 1_000),
        operations_per_virtual_s: operations / (busyMs / 1_000),
      },
      settings: { seeds, simulatedNodes: 5, simulatedPartitions: 8 },
    };
  },
});

const figuresOf = (task: StatedTask): Promise<StatedFigures> =>
  new Promise((resolve, reject) => {
    const child = fork(entry, [JSON.stringify(task)]);
    let figures: StatedFigures | undefined;
    child.on('message', (message: StatedFigures) => {
      figures = message;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (figures !== undefined) resolve(figures);
      else reject(new Error(`The simulator ended with code ${code}.`));
    });
  });

export const simulateRegisters = simulate('registers', 40);
export const simulateTasks = simulate('tasks', 10);
