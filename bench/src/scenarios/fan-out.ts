/** A map of 10,000 pieces of 1 ms CPU each, against bare threads that do the same before and after. */
import { fanOut } from '../app.ts';
import { runBareThreads } from '../bare-threads.ts';
import { openBenchNode } from '../bench-node.ts';
import { span } from '../measure.ts';
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
    const { value: results, seconds, cpuSeconds } = await span(() => node.run(fanOut, n));
    await node.close();
    const after = await runBareThreads(n, executors, bytesPerMs);
    check(results.length === n, `${results.length} results of ${n} pieces`);
    check(
      results.every((result, at) => result === before.results[at] && result === after.results[at]),
      'a piece gave another hash than in the bare threads, or stands in another place',
    );
    const bareSeconds = (before.seconds + after.seconds) / 2;
    return {
      n,
      seconds,
      cpuSeconds,
      latencies: undefined,
      extra: { ratio: seconds / bareSeconds, seconds, bare_s: bareSeconds },
      settings: { pieceMs: 1, pieceBytes: bytesPerMs },
    };
  },
};
