import { expect, test } from 'vitest';
import { newClusterMap } from './cluster-map.ts';
import type { PartitionReport, Role } from './heartbeat.ts';
import { scanPartitions } from './partition-scan.ts';

const map = newClusterMap('c', 1, { partitions: 2, standbys: 1, movesMax: 1 });
const report = (role: Role, epoch: number, partition = 0): PartitionReport => ({ partition, role, epoch, position: 9 });

test('who was deposed and does not know it is no leader, whatever order reports come in', () => {
  const reports = [
    ['a', [report('leading', 4)]],
    ['b', [report('leading', 7)]],
    ['c', [report('following', 7), report('closing', 3, 1)]],
    ['d', [report('claiming', 0, 1), report('leading', 9, 5)]],
  ] as const;
  for (const order of [reports, reports.toReversed()]) {
    const scans = scanPartitions(map, { reports: order, newestEpoch: (partition) => (partition === 0 ? 7 : 4) });
    expect(scans.map(({ leader }) => leader?.member)).toEqual(['b', undefined]);
    expect(scans[0]?.following.map(({ member }) => member)).toEqual(['c']);
    expect(scans[1]).toMatchObject({ closing: undefined, claiming: { member: 'd' } });
  }
});
