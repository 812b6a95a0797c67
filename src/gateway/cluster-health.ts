/** Whether a node of a cluster can do its work, by what it sees of the cluster. What others have to suffer is no fault of its own. */
import { TuttiError } from '../errors/tutti-error.ts';
import type { ClusterOverview } from '../protocol/cluster-overview.ts';

/** Throws `NOT_READY` if the node is cut off from its cluster. */
export const checkLinks = ({ faults, self }: ClusterOverview): void => {
  const cut = faults.find(({ kind, member }) => kind === 'cutOff' && member === self);
  if (cut === undefined) return;
  throw new TuttiError('NOT_READY', `${cut.what} It is cut off from its cluster since ${cut.since.toISOString()}.`, {
    details: { fault: cut.kind, member: self },
  });
};

/** Throws `NOT_READY` if the node should be sent no requests: it is cut off, leaves, or is not in yet. */
export const checkTakesRequests = (cluster: ClusterOverview): void => {
  checkLinks(cluster);
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
