/**
 * A map of 1,000,000 items of 10 µs each. Overhead is in core time: what it took longer than bare threads that do the same
 * before and after, times the executors, per item.
 */
import { digestOf, mapMany } from '../app.ts';
import { againstBare, bareMean, runBareThreads } from '../bare-threads.ts';
import { openBenchNode } from '../bench-node.ts';
import { tinyBytesOf } from '../hash-work.ts';
import { span, timesOf } from '../measure.ts';
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
    const run = await span(() => node.run(mapMany, n));
    await node.close();
    const after = await runBareThreads(n, executors, bytes);
    check(run.value.count === n, `${run.value.count} results of ${n} items`);
    check(run.value.digest === digestOf(before.results), 'an item gave another hash, or stands in another place');
    const bare = bareMean(before, after);
    return {
      n,
      ...timesOf(run),
      latencies: undefined,
      extra: {
        us_per_item: (((run.seconds - bare.seconds) * executors) / n) * 1e6,
        cpu_us_per_item: ((run.cpuSeconds - bare.cpuSeconds) / n) * 1e6,
        ...againstBare(run, before, after),
        parent_mb: run.value.grewMb,
      },
      settings: { itemUs: 10, itemBytes: bytes },
    };
  },
};
