/** Whether a node of a cluster can do its work, by what it says of itself. What others have to suffer is no fault of its own. */
import { TuttiError } from '../errors/tutti-error.ts';
import type { ClusterFaultKind, ClusterOverview } from '../protocol/cluster-overview.ts';

/** Faults of a node's own for which it can do no work. */
const grave: Partial<Readonly<Record<ClusterFaultKind, string>>> = {
  cutOff: 'is cut off from its cluster',
  memberUnhealthy: 'is ailing',
};

/** Throws `NOT_READY` if the node is cut off from its cluster, or ails: its executors, its partitions or its store do not get on. */
export const checkWell = ({ faults, self }: ClusterOverview): void => {
  const own = faults.find(({ kind, member }) => member === self && grave[kind] !== undefined);
  if (own === undefined) return;
  throw new TuttiError('NOT_READY', `${own.what} It ${grave[own.kind]} since ${own.since.toISOString()}.`, {
    details: { fault: own.kind, member: self },
  });
};

/** Throws `NOT_READY` if the node should be sent no requests: it is not well, leaves, or is not in yet. */
export const checkTakesRequests = (cluster: ClusterOverview): void => {
  checkWell(cluster);
  const { members, self } = cluster;
  const state = members.find(({ id }) => id === self)?.state;
  if (state === 'up' || state === 'joining') return;
  throw new TuttiError(
    'NOT_READY',
    state === undefined
      ? `${self} has not joined its cluster yet.`
      : `${self} is ${state}: it takes no requests. Ask another node.`,
    { details: { member: self, ...(state === undefined ? {} : { state }) } },
  );
};
