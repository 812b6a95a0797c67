/** Who has what of each partition, as one node hears it: all heartbeats gone through once. */
import type { ClusterMap } from './cluster-map.ts';
import type { PartitionReport } from './heartbeat.ts';

/** A member's part of a partition. */
export type Holding = { readonly member: string; readonly report: PartitionReport };

export type PartitionScan = {
  /** Who leads in the newest epoch heard of. */
  readonly leader: Holding | undefined;
  /** Who led last and hands over. */
  readonly closing: Holding | undefined;
  readonly claiming: Holding | undefined;
  readonly following: readonly Holding[];
};

type Scanned = { -readonly [Key in keyof PartitionScan]: PartitionScan[Key] } & { following: Holding[] };

/** What one node knows of the others, and of its own partitions. */
export type Heard = {
  /** Members that are there, with what they report; oneself among them. */
  readonly reports: Iterable<readonly [member: string, reports: readonly PartitionReport[]]>;
  /** The newest epoch of a partition that was ever heard of. */
  readonly newestEpoch: (partition: number) => number;
};

export const scanPartitions = (map: ClusterMap, { reports, newestEpoch }: Heard): readonly PartitionScan[] => {
  const scans = map.partitions.map(
    (): Scanned => ({ leader: undefined, closing: undefined, claiming: undefined, following: [] }),
  );
  for (const [member, own] of reports)
    for (const report of own) {
      const scan = scans[report.partition];
      if (scan === undefined) continue;
      const holding = { member, report };
      switch (report.role) {
        case 'leading':
          // One that was deposed may not know it yet.
          if (report.epoch >= newestEpoch(report.partition)) scan.leader = holding;
          break;
        case 'closing':
          if (report.epoch > 0 && report.epoch >= newestEpoch(report.partition)) scan.closing = holding;
          break;
        case 'claiming':
          scan.claiming ??= holding;
          break;
        case 'following':
          scan.following.push(holding);
          break;
        case 'none':
          break;
        default:
          report.role satisfies never;
      }
    }
  return scans;
};
