/** A million tasks queued on three nodes while all slots are taken by tasks that wait, and then drained. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'tutti/client';
import { holds, noop, noopInput } from '../app.ts';
import { batchesOf, span } from '../measure.ts';
import { check, type Scenario, scaled } from '../scenario.ts';
import { Rig } from './rig.ts';

const nodes = 3;
const slots = 4;
const outstanding = 5_000;
const batch = 500;
const warmUpTasks = 50_000;
/** The last ones queued: they run last, so the queue is empty when their results are there. */
const lastCount = 10_000;
/** Of the others every hundredth result is asked for. */
const sampleEvery = 100;
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

    const kept = new Map<number, string>();
    const begin = rig.cost();
    const queueing = await span(() =>
      batchesOf(n, outstanding, batch, async (index) => {
        const { id } = await client.start(noop, noopInput(index));
        if (index >= n - lastCount || index % sampleEvery === 0) kept.set(index, id);
      }),
    );
    const queued = rig.cost();
    const early = (await noopsDone(rig)) - doneBefore;
    check(early === 0, `${early} tasks ran while all slots were taken`);

    const wrong: number[] = [];
    const checkOne = async ([index, id]: [number, string]): Promise<void> => {
      if ((await client.result(id)) !== index) wrong.push(index);
    };
    const draining = await span(async () => {
      writeFileSync(gate, '');
      await Promise.all(held);
      await Promise.all([...kept].filter(([at]) => at >= n - lastCount).map(checkOne));
    });
    const drained = rig.cost();
    await Promise.all([...kept].filter(([at]) => at < n - lastCount).map(checkOne));
    check(wrong.length === 0, `task ${wrong[0]} gave another result`);
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
        node_rss_mb: Math.max(...rig.nodesMemoryMb()),
        nodes_cpu_s: drained.nodesCpu - begin.nodesCpu,
        servers_cpu_s: drained.serversCpu - begin.serversCpu,
        queueing_nodes_cpu_s: queued.nodesCpu - begin.nodesCpu,
      },
      settings: { nodes, slots, outstanding, batch, argumentBytes: 100 },
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
