/**
 * Who has what of each partition, as the newest heartbeat of each member says: kept by partition, so that nobody goes through all
 * heartbeats to learn it.
 *
 * - I1: a partition's holdings are the reports about it in the heartbeats told last, in the order of their members' ranks.
 * - I2: they are another array whenever anything about them was told anew.
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
    for (const { partition } of before) this.#remove(partition, member);
    for (const report of now) this.#add({ member, rank, report });
  }

  #add(holding: Ranked): void {
    const { partition } = holding.report;
    const all = this.#of.get(partition) ?? none;
    const at = all.findIndex(({ rank }) => rank > holding.rank);
    this.#of.set(partition, at < 0 ? [...all, holding] : all.toSpliced(at, 0, holding));
  }

  #remove(partition: number, member: string): void {
    const left = (this.#of.get(partition) ?? none).filter((holding) => holding.member !== member);
    if (left.length === 0) this.#of.delete(partition);
    else this.#of.set(partition, left);
  }
}
