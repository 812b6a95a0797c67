/** Who has what of a partition, as one node hears it. */
import type { Holding } from './holdings.ts';

export type PartitionScan = {
  /** Who leads in the newest epoch heard of. */
  readonly leader: Holding | undefined;
  /** Who led last and hands over. */
  readonly closing: Holding | undefined;
  readonly claiming: Holding | undefined;
  readonly following: readonly Holding[];
};

type Scanned = { -readonly [Key in keyof PartitionScan]: PartitionScan[Key] } & { following: Holding[] };

/** `holdings`: of members that are there, oneself among them; `newestEpoch`: that was ever heard of. */
export const scanPartition = (holdings: Iterable<Holding>, newestEpoch: number): PartitionScan => {
  const scan: Scanned = { leader: undefined, closing: undefined, claiming: undefined, following: [] };
  for (const holding of holdings) {
    const { role, epoch } = holding.report;
    switch (role) {
      case 'leading':
        // One that was deposed may not know it yet.
        if (epoch >= newestEpoch) scan.leader = holding;
        break;
      case 'closing':
        if (epoch > 0 && epoch >= newestEpoch) scan.closing = holding;
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
        role satisfies never;
    }
  }
  return scan;
};
