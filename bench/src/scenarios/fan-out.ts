/** A map of 10,000 pieces of 1 ms CPU each, against bare threads that do the same before and after. */
import { fanOut } from '../app.ts';
import { againstBare, runBareThreads } from '../bare-threads.ts';
import { openBenchNode } from '../bench-node.ts';
import { span, timesOf } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const warmUpPieces = 200;

export const fanOutScenario: Scenario = {
  name: 'fan-out',
  cases: [undefined],
  async run(options) {
    const n = scaled(10_000, options);
    const { executors, bytesPerMs } = options;
    const before = await runBareThreads(n, executors, bytesPerMs);
    const node = await openBenchNode(options);
    await node.run(fanOut, warmUpPieces);
    const run = await span(() => node.run(fanOut, n));
    await node.close();
    const after = await runBareThreads(n, executors, bytesPerMs);
    check(run.value.length === n, `${run.value.length} results of ${n} pieces`);
    check(
      run.value.every((result, at) => result === before.results[at] && result === after.results[at]),
      'a piece gave another hash than in the bare threads, or stands in another place',
    );
    return {
      n,
      ...timesOf(run),
      latencies: undefined,
      extra: againstBare(run, before, after),
      settings: { pieceMs: 1, pieceBytes: bytesPerMs },
    };
  },
};
