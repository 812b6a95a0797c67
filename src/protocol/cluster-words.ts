/** What is seen of a cluster, in words: the same on the command line and on the page. Pure. */
import { formatDuration } from '../values/duration.ts';
import type { ClusterFault, ClusterMemberOverview, ClusterMove, ClusterPartitionOverview } from './cluster-overview.ts';

/** How long ago, in whole seconds. */
export const agoText = (at: Date, now: Date): string =>
  formatDuration(Math.max(0, Math.round((now.getTime() - at.getTime()) / 1_000) * 1_000));

/** With how long it has been so. */
export const faultText = ({ what, since }: ClusterFault, now: Date): string => {
  const sentence = what.endsWith('.') ? what.slice(0, -1) : what;
  return now.getTime() - since.getTime() < 1_000 ? sentence : `${sentence} (for ${agoText(since, now)})`;
};

export const memberStateText = ({ state, heard, healthy }: ClusterMemberOverview): string => {
  if (state === 'left' || state === 'dead') return state;
  if (!heard) return `${state}, silent`;
  return healthy === false ? `${state}, unhealthy` : state;
};

/** What goes on with a partition, and what is set for it; '': nothing. */
export const partitionNowText = (
  { underWay, pinned, throttled, named }: ClusterPartitionOverview,
  now: Date,
): string => {
  const marks = [...(pinned === '' ? [] : [`pinned to ${pinned}`]), ...(throttled ? ['throttled'] : [])];
  return [...(underWay === undefined ? [] : [underWayText(underWay, named, now)]), ...marks].join(', ');
};

const underWayText = (
  { what, member, since }: NonNullable<ClusterPartitionOverview['underWay']>,
  named: string,
  now: Date,
): string => {
  const age = `for ${agoText(since, now)}`;
  switch (what) {
    case 'claiming':
      return `${member} claims it, ${age}`;
    case 'handingOver':
      return `${member} hands it over`;
    case 'moving':
      return `moves to ${member}, ${age}`;
    case 'unled':
      return named === '' ? `nobody leads it, ${age}` : `waits for ${named}, ${age}`;
    default:
      return what satisfies never;
  }
};

export const moveText = ({ what, partition, from, to, tookMs }: ClusterMove): string => {
  const took = tookMs === undefined ? '' : `, in ${formatDuration(tookMs)}`;
  switch (what) {
    case 'led':
      return `${to} leads partition ${partition}${took}`;
    case 'handedOver':
      return `${from} handed partition ${partition} to ${to}${took}`;
    case 'tookOver':
      return `${to} took partition ${partition} over from ${from}${took}`;
    case 'joined':
      return `${to} joins`;
    case 'up':
      return `${to} is up`;
    case 'draining':
      return `${to} drains`;
    case 'left':
      return `${to} has left`;
    case 'dead':
      return `${to} is gone`;
    case 'putBack':
      return 'the cluster map was put back';
    case 'madeAnew':
      return 'the cluster map was made anew';
    default:
      return what satisfies never;
  }
};

/** Of tasks and chunks of maps whose function no app that runs has. */
export const lackingText = (count: number): string => (count === 1 ? '1 task waits' : `${count} tasks wait`);
