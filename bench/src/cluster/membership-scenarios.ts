/** What belonging to a cluster costs: joining it, and being in it while there is nothing to do. */
import { span, timesOf } from '../measure.ts';
import type { Scenario } from '../scenario.ts';
import { Rig } from './rig.ts';

/** Until the work of opening is done with: a first checkpoint, links, the ever rarer looks at idle logs, code that V8 compiles. */
const settleMs = 60_000;
const idleMs = 20_000;
/** Of three servers' partitions a fourth node would get none. */
const partitionsToShare = 8;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** n counts seconds: of a cluster of three that becomes one of four, until the fourth leads and follows its share. */
export const clusterJoin: Scenario = {
  name: 'cluster-join',
  cases: [undefined],
  async run({ folder, executors }) {
    await using rig = await Rig.start({ folder, nodes: 3, partitions: partitionsToShare, executors });
    const began = performance.now();
    const joining = await span(async () => {
      await rig.nodes.add();
      const served = performance.now() - began;
      await rig.atRest(4);
      return served;
    });
    return {
      n: 1,
      ...timesOf(joining),
      latencies: undefined,
      extra: { serves_ms: joining.value, even_ms: joining.seconds * 1_000 },
      settings: { nodes: 4, partitionsToShare },
    };
  },
};

/** n counts nodes. Figures are of a node and second. */
export const clusterIdle: Scenario = {
  name: 'cluster-idle',
  cases: [3, 8],
  caseUnit: 'nodes',
  async run({ folder, partitions, executors, callers: nodes = 3 }) {
    await using rig = await Rig.start({ folder, nodes, partitions, executors });
    await sleep(settleMs);
    const [trafficBefore, before] = [await rig.traffic(), rig.cost()];
    const idle = await span(() => sleep(idleMs));
    const [traffic, after] = [await rig.traffic(), rig.cost()];
    const share = 1 / (nodes * idle.seconds);
    return {
      n: nodes,
      ...timesOf(idle),
      latencies: undefined,
      extra: {
        sent_messages: (traffic.inMessages - trafficBefore.inMessages) * share,
        received_messages: (traffic.outMessages - trafficBefore.outMessages) * share,
        sent_bytes: (traffic.inBytes - trafficBefore.inBytes) * share,
        received_bytes: (traffic.outBytes - trafficBefore.outBytes) * share,
        node_cores: (after.nodesCpu - before.nodesCpu) * share,
        servers_cores: (after.serversCpu - before.serversCpu) / idle.seconds,
      },
      settings: { nodes },
    };
  },
};
