/** What a node of a cluster tells of it in its metrics: as it sees it, so that nodes that see different things are told apart. */
import type { ClusterOverview, MemberStateName } from '../protocol/cluster-overview.ts';
import type { Exposition, Sample } from './exposition.ts';

const states: readonly MemberStateName[] = ['joining', 'up', 'draining', 'left', 'dead'];

export const addClusterMetrics = (out: Exposition, cluster: ClusterOverview): void => {
  const { self, members, partitions, faults, engine } = cluster;
  const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000);
  out.gauge(
    'tutti_cluster_members',
    'Members of the cluster, by their state in its map.',
    states.map((state): Sample => [{ state }, members.filter((member) => member.state === state).length]),
  );
  out.gauge('tutti_cluster_members_heard', 'Members that this node hears, itself among them.', [
    [{}, members.filter(({ heard }) => heard).length],
  ]);
  out.gauge(
    'tutti_cluster_member_load',
    'Changes of tasks a second that the partitions make that a member leads, as it measures: by this work is placed.',
    members.map(({ id, load }): Sample => [{ member: id }, load]),
  );
  out.gauge('tutti_cluster_map_version', 'Version of the newest map that this node has read.', [
    [{}, cluster.mapVersion],
  ]);
  out.gauge('tutti_cluster_map_age_seconds', 'Since this node last read the map.', [[{}, seconds(cluster.mapReadMs)]]);
  out.gauge('tutti_cluster_partitions', 'Partitions of the cluster.', [[{}, partitions.length]]);
  out.gauge('tutti_cluster_partitions_led', 'Partitions that this node leads.', [
    [{}, partitions.filter(({ leader }) => leader?.member === self).length],
  ]);
  out.gauge('tutti_cluster_partitions_unled', 'Partitions of which this node hears no leader.', [
    [{}, partitions.filter(({ leader }) => leader === undefined).length],
  ]);
  out.gauge(
    'tutti_partition_lag_records',
    'How far the copy of this node is behind the leader.',
    partitions.flatMap(({ partition, standbys }) =>
      standbys.filter(({ member }) => member === self).map(({ lag }): Sample => [{ partition }, lag]),
    ),
  );
  const kinds = [...new Set(faults.map(({ kind }) => kind))].sort();
  out.gauge('tutti_cluster_faults', 'What is not as it should be, as this node sees it, by kind.', [
    ...kinds.map((kind): Sample => [{ kind }, faults.filter((fault) => fault.kind === kind).length]),
    ...(kinds.length === 0 ? [[{ kind: '' }, 0] as const] : []),
  ]);
  if (engine === undefined) return;
  out.gauge('tutti_engine_connected', '1: this node has a connection to the engine.', [[{}, Number(engine.connected)]]);
  out.gauge(
    'tutti_engine_server_online',
    '1: the server of the engine is there.',
    engine.servers.map(({ name, online }): Sample => [{ server: name }, Number(online)]),
  );
};
