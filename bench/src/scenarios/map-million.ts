/**
 * A map of 1,000,000 items of 10 µs each. Overhead is in core time: what it took longer than bare threads that do the same
 * before and after, times the executors, per item.
 */
import { digestOf, mapMany } from '../app.ts';
import { runBareThreads } from '../bare-threads.ts';
import { openBenchNode } from '../bench-node.ts';
import { tinyBytesOf } from '../hash-work.ts';
import { span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const warmUpItems = 20_000;

export const mapMillion: Scenario = {
  name: 'map-million',
  cases: [undefined],
  async run(options) {
    const n = scaled(1_000_000, options);
    const { executors, bytesPerMs } = options;
    const bytes = tinyBytesOf(bytesPerMs);
    const before = await runBareThreads(n, executors, bytes);
    const node = await openBenchNode(options);
    await node.run(mapMany, scaled(warmUpItems, options));
    const { value: made, seconds, cpuSeconds } = await span(() => node.run(mapMany, n));
    await node.close();
    const after = await runBareThreads(n, executors, bytes);
    check(made.count === n, `${made.count} results of ${n} items`);
    check(made.digest === digestOf(before.results), 'an item gave another hash, or stands in another place');
    const bareSeconds = (before.seconds + after.seconds) / 2;
    return {
      n,
      seconds,
      cpuSeconds,
      latencies: undefined,
      extra: {
        us_per_item: (((seconds - bareSeconds) * executors) / n) * 1e6,
        ratio: seconds / bareSeconds,
        bare_us_per_item: ((bareSeconds * executors) / n) * 1e6,
        parent_mb: made.grewMb,
      },
      settings: { itemUs: 10, itemBytes: bytes },
    };
  },
};
