/** Messages of a cluster in words: maps and heartbeats. */
import type { ClusterMap } from '../../../src/cluster/cluster-map.ts';
import { decodeHeartbeat } from '../../../src/cluster/heartbeat.ts';
import { decodeMap } from '../../../src/cluster/map-record.ts';
import type { SentMessage } from '../../../src/engine/simulated/watcher.ts';
import type { Description } from '../trace/trace.ts';
import { clusterName } from './cluster-member.ts';
import { mapLogEnd } from './cluster-world.ts';

/** Undefined: it is another one. */
export const describeClusterMessage = ({ kind, to, about, bytes }: SentMessage): Description | undefined => {
  if (kind === 'append' && to === mapLogEnd)
    return { text: `after ${about}: ${mapText(decodeMap(bytes, Number(about) + 1))}`, partitions: [] };
  if (kind !== 'bus' || about !== `cluster/${clusterName}/heartbeat`) return undefined;
  const heartbeat = decodeHeartbeat(bytes);
  if (heartbeat === undefined) return undefined;
  const { member, incarnation, mapVersion, suspects, partitions } = heartbeat;
  const has = partitions.map(({ partition, role, epoch, position }) => `${role} ${partition} (${epoch}, ${position})`);
  const hears = suspects.length === 0 ? '' : `, does not hear ${suspects.join(' ')}`;
  return {
    text: `${member}#${incarnation} has map ${mapVersion}: ${has.join(', ') || 'nothing'}${hears}`,
    partitions: partitions.map(({ partition }) => partition),
  };
};

const mapText = ({ version, members, partitions }: ClusterMap): string =>
  `map ${version}, ${members.map(({ id, state }) => `${id} ${state}`).join(', ')}; ${partitions
    .map(({ leader, standbys }) => [leader, ...standbys].join(' '))
    .join(', ')}`;
