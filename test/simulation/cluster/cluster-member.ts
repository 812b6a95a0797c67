/** A node of a simulated world as a member of its cluster. */

import type { PartitionState } from '../../../src/cluster/claims.ts';
import { ClusterNode, type PartitionControl } from '../../../src/cluster/cluster-node.ts';
import type { Partition } from '../../../src/partition/partition.ts';
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
      ...control,
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

/** What a node has of a partition, as its cluster sees it; `busy`: what is being opened, and for what, or closed. */
export const partitionState = (
  core: Pick<Partition<never>, 'role' | 'epoch' | 'position'> | undefined,
  leads: boolean,
  busy: 'lead' | 'claim' | 'follow' | 'closing' | undefined,
): PartitionState => {
  if (core === undefined) {
    const opened = busy === 'follow' ? 'following' : 'claiming';
    return { role: busy === undefined ? 'none' : busy === 'closing' ? busy : opened, epoch: 0, position: 0 };
  }
  const { role, epoch, position } = core;
  switch (role) {
    case 'following':
      // Nothing can be done with it until it is closed, and nobody is to take it for a leader that hands over.
      if (busy === 'closing') return { role: busy, epoch: 0, position: 0 };
      // It may have to wait for something before it claims.
      return { role: busy === 'claim' ? 'claiming' : role, epoch, position };
    case 'reading':
    case 'claiming':
      return { role: 'claiming', epoch, position };
    case 'leading':
      return { role: leads ? role : 'claiming', epoch, position };
    case 'handingOver':
    case 'handedOver':
    case 'fenced':
      return { role: 'closing', epoch, position };
    default:
      return role satisfies never;
  }
};
