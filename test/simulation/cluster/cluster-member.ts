/** A node of a simulated world as a member of its cluster. */
import { ClusterNode, type PartitionControl } from '../../../src/cluster/cluster-node.ts';
import type { NodeContext } from '../node.ts';
import { clusterTimes } from './cluster-times.ts';

export const clusterName = 'simulated';

/** Undefined: it is told what to claim. */
export const joinCluster = (context: NodeContext, control: PartitionControl): ClusterNode | undefined => {
  const { member, place, env, bus, world } = context;
  if (member === undefined || world.cluster === undefined) return undefined;
  const { plan } = world.cluster;
  const node = world.nodes.find(({ name }) => name === place.end);
  return new ClusterNode({
    info: {
      id: place.end,
      token: place.life.name,
      location: member.location,
      weight: member.weight,
      app: '1',
      featureLevel: 1,
    },
    functions: [],
    settings: { partitions: world.plan.partitions, standbys: plan.standbys, movesMax: plan.movesMax },
    cluster: clusterName,
    log: member.mapLog,
    bus,
    env,
    control: {
      follow: (partition) => control.follow(partition),
      drop: (partition) => control.drop(partition),
      confirm: (partition) => control.confirm(partition),
      state: (partition) => control.state(partition),
      claim: (partition) => {
        world.cluster?.laws.claims(place.life.name, partition);
        control.claim(partition);
      },
      handOver: (partition, to) => {
        world.cluster?.laws.handsOver(place.life.name, partition, to);
        control.handOver(partition, to);
      },
    },
    times: clusterTimes,
    onStopped: (error) => {
      // Who called would take what is thrown for a failure of its own.
      if (error !== undefined) world.violated('no error', `${place.life.name} stepped aside: ${error.message}`);
      else if (node !== undefined) world.cluster?.left(node, place.life, heldBy(world.plan.partitions, control));
    },
  });
};

/** What a node still has, in words; '': nothing. */
const heldBy = (partitions: number, control: PartitionControl): string =>
  Array.from({ length: partitions }, (_, partition) => ({ partition, role: control.state(partition).role }))
    .filter(({ role }) => role !== 'none')
    .map(({ partition, role }) => `is ${role} partition ${partition}`)
    .join(' and ');
