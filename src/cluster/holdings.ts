/**
 * Who has what of each partition, as the newest heartbeat of each member says: kept by partition, so that nobody goes through all
 * heartbeats to learn it.
 *
 * - I1: a partition's holdings are the reports about it in the heartbeats told last, in the order of their members' ranks.
 */
import type { PartitionReport } from './heartbeat.ts';

/** A member's part of a partition. */
export type Holding = { readonly member: string; readonly report: PartitionReport };

type Ranked = Holding & { readonly rank: number };

const none: readonly Holding[] = [];

export class Holdings {
  readonly #of = new Map<number, Ranked[]>();

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
    const all = this.#of.get(partition);
    if (all === undefined) {
      this.#of.set(partition, [holding]);
      return;
    }
    let at = all.length;
    while (at > 0 && all[at - 1]!.rank > holding.rank) at--;
    all.splice(at, 0, holding);
  }

  #remove(partition: number, member: string): void {
    const all = this.#of.get(partition) ?? [];
    const at = all.findIndex((holding) => holding.member === member);
    if (at >= 0) all.splice(at, 1);
    if (all.length === 0) this.#of.delete(partition);
  }
}
