/**
 * Whether all replicas of a partition hold the same state at the same position (law 6). The leader marks some checkpoints; every
 * replica that flushes at one scans its store there in the background and makes a digest of it. The leader's stands in the log as a
 * row; whoever read it compares. What differs is reported by the replica that is not the leader, and its store is filled again.
 *
 * Nothing tells which of the two is wrong. A store is filled again from a snapshot before the position in question and the log, so
 * what is wrong with the leader's shows by the report coming again.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { keyOfUint } from '../values/ordered-key.ts';
import { defineTable, type Table } from './table.ts';

/** `scan`: what the digest was made with; others cannot be compared. */
export type Digest = { readonly scan: string; readonly hash: string };

/** By position. On shared logs only. */
export const digestsTable: Table<Digest> = defineTable<Digest>({
  id: 3,
  name: 'digests',
  toFields: (row) => [row.scan, row.hash],
  fromFields: (fields) => ({ scan: fields[0] as string, hash: fields[1] as string }),
});

/** Rows, and own digests whose row was not read yet, that are kept. */
const keptMax = 4;

type DigestRows = {
  put(table: Table<Digest>, key: string, row: Digest): void;
  delete(table: Table<Digest>, key: string): void;
  scan(table: Table<Digest>): Iterable<readonly [key: string, row: Digest]>;
};

const keyOf = (position: number): string => keyOfUint(position, 6);

export class Digests {
  readonly #partition: number;
  readonly #own = new Map<number, Digest>();

  constructor(partition: number) {
    this.#partition = partition;
  }

  /** The digest of this replica at a position at which it did not lead. */
  made(position: number, digest: Digest): void {
    this.#own.set(position, digest);
    const [oldest] = this.#own.keys();
    if (this.#own.size > keptMax && oldest !== undefined) this.#own.delete(oldest);
  }

  /** Of a leader: writes one that it made as leader. What it made before was to be compared with another's, which may never come. */
  write(tx: DigestRows, position: number, digest: Digest): void {
    tx.put(digestsTable, keyOf(position), digest);
    this.#own.clear();
    const keys = [...tx.scan(digestsTable)].map(([key]) => key);
    for (const key of keys.slice(0, -keptMax)) tx.delete(digestsTable, key);
  }

  /** Of a standby: compares what was read by now; returns the positions at which both were the same. Throws `REPLICA_DIFFERS`. */
  compare(rows: { get(table: Table<Digest>, key: string): Digest | undefined }): readonly number[] {
    const same: number[] = [];
    for (const [position, own] of this.#own) {
      const leader = rows.get(digestsTable, keyOf(position));
      if (leader === undefined) continue;
      this.#own.delete(position);
      if (leader.scan !== own.scan) continue;
      if (leader.hash !== own.hash) throw this.#differs(position, own, leader);
      same.push(position);
    }
    return same;
  }

  #differs(position: number, own: Digest, leader: Digest): TuttiError {
    const partition = this.#partition;
    return new TuttiError(
      'REPLICA_DIFFERS',
      `Partition ${partition}: at position ${position} this replica's state has the digest ${own.hash}, and its leader's ${leader.hash}. The store here is filled again from a snapshot and the log when the partition is opened; if this is reported again, the leader's is wrong.`,
      { details: { partition, position, own: own.hash, leader: leader.hash } },
    );
  }
}
