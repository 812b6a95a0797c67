/** A million tasks queued on three nodes while all slots are taken by tasks that wait, and then drained. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'tutti/client';
import { holds, noop, noopInput } from '../app.ts';
import { batchesOf, span } from '../measure.ts';
import { lastCount, QueuedTasks, queuedSettings, queueFigures } from '../queued-tasks.ts';
import { check, type Scenario, scaled } from '../scenario.ts';
import { Rig } from './rig.ts';

const nodes = 3;
const slots = 4;
const outstanding = 5_000;
const batch = 500;
const warmUpTasks = 50_000;
const lookMs = 50;

export const clusterQueuedMillion: Scenario = {
  name: 'cluster-queued-million',
  cases: [undefined],
  async run(options) {
    const { folder, partitions, executors } = options;
    const n = scaled(1_000_000, options);
    const warmUp = scaled(warmUpTasks, options);
    const gate = join(folder, 'drain-may-begin');
    await using rig = await Rig.start({
      folder,
      nodes,
      partitions,
      executors,
      slots,
      retentionTasks: n + warmUp + lastCount,
    });
    const client = rig.client([rig.nodes.urls[0] as string]);
    await batchesOf(warmUp, outstanding, batch, async (index) => void (await client.run(noop, noopInput(index))));
    // More than there are slots: an executor may fetch one ahead.
    const held = Array.from({ length: 2 * nodes * executors * slots }, () => client.run(holds, gate));
    await allSlotsTaken(rig);
    const doneBefore = await noopsDone(rig);

    const tasks = new QueuedTasks(client, n);
    const begin = rig.cost();
    const queueing = await tasks.queue(outstanding);
    const queued = rig.cost();
    const early = (await noopsDone(rig)) - doneBefore;
    check(early === 0, `${early} tasks ran while all slots were taken`);

    const draining = await span(async () => {
      writeFileSync(gate, '');
      await Promise.all(held);
      await tasks.lastEnded();
    });
    const drained = rig.cost();
    await tasks.check();
    return {
      n,
      seconds: queueing.seconds + draining.seconds,
      cpuSeconds: queueing.cpuSeconds + draining.cpuSeconds,
      latencies: undefined,
      extra: {
        ...queueFigures(n, queueing, draining),
        node_rss_mb: Math.max(...rig.nodesMemoryMb()),
        nodes_cpu_s: drained.nodesCpu - begin.nodesCpu,
        servers_cpu_s: drained.serversCpu - begin.serversCpu,
        queueing_nodes_cpu_s: queued.nodesCpu - begin.nodesCpu,
      },
      settings: { nodes, slots, ...queuedSettings(outstanding) },
    };
  },
};

const overviews = (rig: Rig) =>
  Promise.all(
    rig.nodes.urls.map(async (url) => {
      const client = connect(url);
      try {
        return await client.overview();
      } finally {
        await client.close();
      }
    }),
  );

const allSlotsTaken = async (rig: Rig): Promise<void> => {
  for (;;) {
    const executors = (await overviews(rig)).flatMap((seen) => seen.executors);
    if (executors.every(({ busy }) => busy >= slots)) return;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
};

const noopsDone = async (rig: Rig): Promise<number> =>
  (await overviews(rig))
    .flatMap(({ functions }) => functions)
    .reduce((sum, { name, completed }) => sum + (name === 'noop' ? completed : 0), 0);
