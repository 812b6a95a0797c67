/**
 * The attempts that an executor holds, by what names them: partition, epoch, n.
 */

import type { Attempt } from './attempt.ts';

export class AttemptTable {
  private readonly byEpoch = new Map<string, Map<number, Attempt>>();
  /** The newest epoch of each partition whose leader asked what runs. */
  private readonly newestCall = new Map<number, number>();
  private lastPartition = -1;
  private lastEpoch = -1;
  private last = new Map<number, Attempt>();

  add(attempt: Attempt): void {
    this.of(attempt.partition, attempt.epoch).set(attempt.n, attempt);
  }

  /** A leader of this epoch asks what runs; false if a newer one has. */
  called(partition: number, epoch: number): boolean {
    if (this.outdated(partition, epoch)) return false;
    this.newestCall.set(partition, epoch);
    return true;
  }

  /** Whether a newer leader than that of `epoch` has asked what runs of the partition. */
  outdated(partition: number, epoch: number): boolean {
    return epoch < (this.newestCall.get(partition) ?? 0);
  }

  delete(attempt: Attempt): void {
    this.of(attempt.partition, attempt.epoch).delete(attempt.n);
  }

  find(partition: number, epoch: number, n: number): Attempt | undefined {
    return this.of(partition, epoch).get(n);
  }

  *[Symbol.iterator](): Generator<Attempt> {
    for (const attempts of this.byEpoch.values()) yield* attempts.values();
  }

  private of(partition: number, epoch: number): Map<number, Attempt> {
    if (partition === this.lastPartition && epoch === this.lastEpoch) return this.last;
    const key = `${partition} ${epoch}`;
    let attempts = this.byEpoch.get(key);
    if (attempts === undefined) {
      // A new epoch of a partition is rare; then those that are empty go.
      for (const [other, held] of this.byEpoch) if (held.size === 0) this.byEpoch.delete(other);
      attempts = new Map();
      this.byEpoch.set(key, attempts);
    }
    this.lastPartition = partition;
    this.lastEpoch = epoch;
    this.last = attempts;
    return attempts;
  }
}
