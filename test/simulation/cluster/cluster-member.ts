/** A node of a simulated world as a member of its cluster. */
import type { ClusterSettings, MemberInfo } from '../../../src/cluster/cluster-map.ts';
import { ClusterNode, type PartitionControl } from '../../../src/cluster/cluster-node.ts';
import type { ClusterTimes } from '../../../src/cluster/cluster-times.ts';
import type { Log } from '../../../src/engine/engine.ts';
import type { TuttiError } from '../../../src/errors/tutti-error.ts';
import type { NodeContext } from '../node.ts';
import { clusterTimes } from './cluster-times.ts';

export const clusterName = 'simulated';

/** What a node needs to be a member. */
export type Membership = {
  readonly cluster: string;
  readonly info: MemberInfo;
  readonly functions: readonly string[];
  readonly settings: ClusterSettings;
  readonly times: ClusterTimes;
  readonly mapLog: Log;
  /** It takes part no more; `control` has its partitions. */
  readonly stopped: (error: TuttiError | undefined, control: Pick<PartitionControl, 'state'>) => void;
};

/** Undefined: there is no cluster, and it is told what to claim. */
export const membershipOf = ({ member, place, world }: NodeContext): Membership | undefined => {
  if (member === undefined || world.cluster === undefined) return undefined;
  const { plan } = world.cluster;
  const { mapLog, location, weight } = member;
  const node = world.nodes.find(({ name }) => name === place.end);
  return {
    cluster: clusterName,
    info: { id: place.end, token: place.life.name, location, weight, app: '1', featureLevel: 1 },
    functions: [],
    settings: { partitions: world.plan.partitions, standbys: plan.standbys, movesMax: plan.movesMax },
    times: clusterTimes,
    mapLog,
    stopped: (error, control) => {
      // Who called would take what is thrown for a failure of its own.
      if (error !== undefined) world.violated('no error', `${place.life.name} stepped aside: ${error.message}`);
      else if (node !== undefined) world.cluster?.left(node, place.life, heldBy(world.plan.partitions, control));
    },
  };
};

/** Joins with partitions of the workload's own. Undefined: it is told what to claim. */
export const joinCluster = (context: NodeContext, control: PartitionControl): ClusterNode | undefined => {
  const { env, bus } = context;
  const membership = membershipOf(context);
  if (membership === undefined) return undefined;
  const { mapLog, stopped, ...more } = membership;
  return new ClusterNode({ ...more, log: mapLog, bus, env, control, onStopped: (error) => stopped(error, control) });
};

/** What a node still has, in words; '': nothing. */
const heldBy = (partitions: number, control: Pick<PartitionControl, 'state'>): string =>
  Array.from({ length: partitions }, (_, partition) => ({ partition, role: control.state(partition).role }))
    .filter(({ role }) => role !== 'none')
    .map(({ partition, role }) => `is ${role} partition ${partition}`)
    .join(' and ');
