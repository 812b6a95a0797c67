/** No-op tasks at full load: a 100-byte argument, 10,000 outstanding, every result stored and awaited. */
import type { Tutti } from 'tutti';
import { noop, noopInput } from '../app.ts';
import { openBenchNode } from '../bench-node.ts';
import { batchesOf, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const outstanding = 10_000;
const batch = 500;

export const runNoops = (node: Tutti, n: number): Promise<Float64Array> =>
  batchesOf(n, outstanding, batch, async (index) => {
    const result = await node.run(noop, noopInput(index));
    if (result !== index) check(false, `task ${index} gave ${result}`);
  });

export const tasksNoop: Scenario = {
  name: 'tasks-noop',
  cases: [undefined],
  async run(options) {
    const n = scaled(400_000, options);
    await using node = await openBenchNode(options);
    await runNoops(node, Math.ceil(n / 10));
    const { value: latencies, seconds, cpuSeconds } = await span(() => runNoops(node, n));
    return { n, seconds, cpuSeconds, latencies, extra: {}, settings: { outstanding, batch, argumentBytes: 100 } };
  },
};
