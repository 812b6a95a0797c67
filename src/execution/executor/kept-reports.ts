/**
 * Reports that no leader has acknowledged: with a leader that hands its partition over, or dies, they may be lost. They are told again
 * to whoever leads next (`takeover.ts`).
 *
 * - A1: a leader acknowledges in the order in which it is told, and all or nothing from some point on: it says how many more.
 */
import type { Flat } from '../../tasks/messages.ts';
import type { Attempt } from './attempt.ts';

type Report = { readonly epoch: number; readonly n: number; readonly flat: Flat };

export class KeptReports {
  /** By peer and partition. */
  private readonly kept = new Map<number, Map<number, Report[]>>();

  /** A report that goes to the attempt's leader now, or cannot. */
  keep({ peer, partition, epoch, n }: Attempt, flat: Flat): void {
    // A canary past all partitions.
    if (partition < 0) return;
    let byPartition = this.kept.get(peer);
    if (byPartition === undefined) {
      byPartition = new Map();
      this.kept.set(peer, byPartition);
    }
    const report = { epoch, n, flat };
    const reports = byPartition.get(partition);
    if (reports === undefined) byPartition.set(partition, [report]);
    else reports.push(report);
  }

  /** A leader has acknowledged so many more. */
  taken(peer: number, partition: number, count: number): void {
    this.kept.get(peer)?.get(partition)?.splice(0, count);
  }

  /**
   * The reports of attempts of earlier epochs, in order; from now on they are told to `peer`. Those of the epoch's own attempts stay:
   * a leader that is met again asks too, and the next one may take over what it has lost.
   */
  moveTo(peer: number, partition: number, epoch: number): readonly Report[] {
    const moved: Report[] = [];
    for (const byPartition of this.kept.values()) {
      const stay: Report[] = [];
      for (const report of byPartition.get(partition) ?? []) (report.epoch < epoch ? moved : stay).push(report);
      if (stay.length > 0) byPartition.set(partition, stay);
      else byPartition.delete(partition);
    }
    if (moved.length > 0) {
      const byPartition = this.kept.get(peer) ?? new Map<number, Report[]>();
      this.kept.set(peer, byPartition.set(partition, [...(byPartition.get(partition) ?? []), ...moved]));
    }
    return moved;
  }

  /** Nobody will ask for what was told to it. */
  forget(peer: number): void {
    this.kept.delete(peer);
  }
}
