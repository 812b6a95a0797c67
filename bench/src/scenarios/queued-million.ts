/** A million tasks queued while the executors are kept from running any: memory, time to queue, time to drain. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { block, noop, noopInput } from '../app.ts';
import { openBenchNode } from '../bench-node.ts';
import { residentMemory } from '../machine.ts';
import { span } from '../measure.ts';
import { lastCount, QueuedTasks, queuedSettings, queueFigures } from '../queued-tasks.ts';
import { check, type Scenario, scaled } from '../scenario.ts';

const outstanding = 10_000;

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

    const tasks = new QueuedTasks(node, n);
    const queueing = await tasks.queue(outstanding);
    const queued = residentMemory();

    const draining = await span(async () => {
      writeFileSync(gate, '');
      await Promise.all(blocked);
      await tasks.lastEnded();
    });
    const drained = residentMemory();
    await tasks.check();
    for (const state of ['queued', 'running'] as const)
      check((await node.list({ state, limit: 1 })).length === 0, `tasks are still ${state} at the end`);
    return {
      n,
      seconds: queueing.seconds + draining.seconds,
      cpuSeconds: queueing.cpuSeconds + draining.cpuSeconds,
      latencies: undefined,
      extra: {
        ...queueFigures(n, queueing, draining),
        queued_anon_mb: queued.anonMb,
        queued_file_mb: queued.fileMb,
        drained_anon_mb: drained.anonMb,
        drained_file_mb: drained.fileMb,
      },
      settings: queuedSettings(outstanding),
    };
  },
};
