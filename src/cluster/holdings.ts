/**
 * Who has what of each partition, as the newest heartbeat of each member says: kept by partition, so that nobody goes through all
 * heartbeats to learn it.
 *
 * - I1: a partition's holdings are the reports about it in the heartbeats told last, in the order of their members' ranks.
 * - I2: they are the same array for as long as nothing else is said about the partition.
 */
import type { PartitionReport } from './heartbeat.ts';

/** A member's part of a partition. */
export type Holding = { readonly member: string; readonly report: PartitionReport };

type Ranked = Holding & { readonly rank: number };

const none: readonly Ranked[] = [];

export class Holdings {
  readonly #of = new Map<number, readonly Ranked[]>();

  of(partition: number): readonly Holding[] {
    return this.#of.get(partition) ?? none;
  }

  /** In place of what a member said before it says this now. It keeps its rank, which no other one has, for as long as it says anything. */
  told(
    { member, rank }: { readonly member: string; readonly rank: number },
    before: readonly PartitionReport[],
    now: readonly PartitionReport[],
  ): void {
    const named = new Set(now.map(({ partition }) => partition));
    for (const { partition } of before) if (!named.has(partition)) this.#remove(partition, member);
    for (const report of now) this.#put({ member, rank, report });
  }

  #put(holding: Ranked): void {
    const { partition } = holding.report;
    const all = this.#of.get(partition) ?? none;
    const at = all.findIndex(({ rank }) => rank >= holding.rank);
    const there = all[at];
    if (there === undefined) this.#of.set(partition, [...all, holding]);
    else if (there.member !== holding.member) this.#of.set(partition, all.toSpliced(at, 0, holding));
    else if (!sameReport(there.report, holding.report)) this.#of.set(partition, all.with(at, holding));
  }

  #remove(partition: number, member: string): void {
    const left = (this.#of.get(partition) ?? none).filter((holding) => holding.member !== member);
    if (left.length === 0) this.#of.delete(partition);
    else this.#of.set(partition, left);
  }
}

const sameReport = (one: PartitionReport, other: PartitionReport): boolean =>
  one.role === other.role && one.epoch === other.epoch && one.position === other.position;
