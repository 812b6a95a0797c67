/** A million tasks queued while the executors are kept from running any: memory, time to queue, time to drain. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { block, noop, noopInput } from '../app.ts';
import { openBenchNode } from '../bench-node.ts';
import { residentMemory } from '../machine.ts';
import { batchesOf, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const outstanding = 10_000;
const batch = 500;
/** The last ones queued: they run last, so the queue is empty when their results are there. */
const lastCount = 10_000;
/** Of the others every hundredth result is asked for. */
const sampleEvery = 100;

export const queuedMillion: Scenario = {
  name: 'queued-million',
  cases: [undefined],
  async run(options) {
    const n = scaled(1_000_000, options);
    await using node = await openBenchNode(options, { retentionTasks: n + lastCount });
    await node.run(noop, noopInput(0));
    const gate = join(options.folder, 'drain-may-begin');
    const blocked = Array.from({ length: options.executors }, () => node.run(block, gate));
    while ((await node.stats()).busyExecutors < options.executors)
      await new Promise((resolve) => setTimeout(resolve, 5));

    const kept = new Map<number, string>();
    const queueing = await span(() =>
      batchesOf(n, outstanding, batch, async (index) => {
        const { id } = await node.start(noop, noopInput(index));
        if (index >= n - lastCount || index % sampleEvery === 0) kept.set(index, id);
      }),
    );
    const queued = residentMemory();

    const wrong: number[] = [];
    const checkOne = async ([index, id]: [number, string]): Promise<void> => {
      if ((await node.result(id)) !== index) wrong.push(index);
    };
    const [sample, last] = [
      [...kept].filter(([at]) => at < n - lastCount),
      [...kept].filter(([at]) => at >= n - lastCount),
    ];
    const draining = await span(async () => {
      writeFileSync(gate, '');
      await Promise.all(blocked);
      await Promise.all(last.map(checkOne));
    });
    const drained = residentMemory();
    await Promise.all(sample.map(checkOne));
    check(wrong.length === 0, `task ${wrong[0]} gave another result`);
    for (const state of ['queued', 'running'] as const)
      check((await node.list({ state, limit: 1 })).length === 0, `tasks are still ${state} at the end`);
    return {
      n,
      seconds: queueing.seconds + draining.seconds,
      cpuSeconds: queueing.cpuSeconds + draining.cpuSeconds,
      latencies: undefined,
      extra: {
        queue_s: queueing.seconds,
        queued_per_s: n / queueing.seconds,
        drain_s: draining.seconds,
        drained_per_s: n / draining.seconds,
        queued_anon_mb: queued.anonMb,
        queued_file_mb: queued.fileMb,
        drained_anon_mb: drained.anonMb,
        drained_file_mb: drained.fileMb,
      },
      settings: { outstanding, batch, argumentBytes: 100 },
    };
  },
};
