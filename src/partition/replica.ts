/**
 * The state of one partition at a position of its log, wherever it is held: its rows, the chain of records up to there, and the
 * checkpoint that is being flushed. A leader writes to it, everybody else applies records to it.
 *
 * Invariants
 * - C2: while rows of a checkpoint are written to the store, what was there before is no state of any position, nor is it
 *   after a crash in the middle, until that position is reached again. So where others lead meanwhile, and a replica meets
 *   checkpoints that it had not flushed before, the store says up to where it may have been written (`flushTable`). That never
 *   goes back: the next flush may be one of an earlier checkpoint, and overwrites or removes no row that is younger.
 */
import type { LogRecord } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { StoreReader, StoreWrite } from '../store/store.ts';
import { Chain, type Counted } from './chain.ts';
import { digestsTable } from './digests.ts';
import { type EncodedWrite, type HighestKeys, Layers } from './layers.ts';
import { decodeRow, encodeRow } from './record.ts';
import type { TableSet } from './table.ts';

/** In the store alone, and no table of the partition: the highest position of a checkpoint that was begun to be flushed. */
const flushTable = 0;

/** In the store alone: the position at which its rows were found to be others than the leader's. */
const damagedKey = 'damaged';

export const damagedFrom = (position: number): StoreWrite => [flushTable, damagedKey, encodeRow([position])];

/** Undefined: nothing was found. */
export const knownDamage = (store: StoreReader, partition: number): number | undefined => {
  const row = store.get(partition, flushTable, damagedKey);
  return row === undefined ? undefined : (decodeRow(row)[0] as number);
};

/** Where a store went bad at the latest, if that is what an error tells. */
export const damageToldBy = (error: unknown, store: StoreReader, partition: number): number | undefined => {
  const { code, details } = error as Partial<TuttiError>;
  if (code === 'REPLICA_DIFFERS') return (details as { readonly position: number }).position;
  if (code !== 'STORE_FAILED') return undefined;
  try {
    return store.marker(partition).position;
  } catch {
    // Nothing of it can be read, and nothing could be noted in it.
    return undefined;
  }
};

export class Replica {
  readonly chain: Chain;
  readonly layers: Layers;
  readonly #shared: boolean;
  #flushing = false;
  #logBytesSinceCheckpoint = 0;
  #logBytes: number;
  /** From this position on the store holds nothing of later ones (C2). */
  readonly #exactFrom: number;

  constructor(options: {
    readonly partition: number;
    readonly shared: boolean;
    readonly store: StoreReader;
    readonly tables: TableSet;
  }) {
    const { partition, shared, store } = options;
    const tables = shared ? options.tables.with(digestsTable) : options.tables;
    this.#shared = shared;
    this.chain = new Chain(partition, store.marker(partition), shared);
    const [highest, logBytes] = (this.chain.more ?? [[], 0]) as [HighestKeys, number];
    this.layers = new Layers(partition, store, tables, highest);
    this.#logBytes = logBytes;
    const begun = shared ? store.get(partition, flushTable, '') : undefined;
    this.#exactFrom = shared ? (begun === undefined ? 0 : (decodeRow(begun)[0] as number)) : Number.POSITIVE_INFINITY;
    this.#seeWhetherExact();
  }

  get position(): number {
    return this.chain.position;
  }

  /** A checkpoint is being written to the store, or its record is under way. */
  get flushing(): boolean {
    return this.#flushing;
  }

  get logBytesSinceCheckpoint(): number {
    return this.#logBytesSinceCheckpoint;
  }

  get logBytes(): number {
    return this.#logBytes;
  }

  /** Takes the next record of the log; undefined: it does not count. */
  apply(record: LogRecord): Counted | undefined {
    const counted = this.chain.read(record);
    this.logged(record.bytes.length);
    if (counted !== undefined) {
      const { writes } = counted;
      for (let at = 0; at < writes.length; at += 3) {
        const table = writes[at] as number;
        if (!this.layers.knows(table)) throw unknownTable(record.position, table);
        this.layers.apply(table, writes[at + 1] as string, writes[at + 2] as readonly unknown[] | null);
      }
    }
    this.#seeWhetherExact();
    return counted;
  }

  /** A record of so many bytes was read or made. */
  logged(bytes: number, checkpoint = false): void {
    // A checkpoint's own record does not ask for the next one.
    if (!checkpoint) this.#logBytesSinceCheckpoint += bytes;
    this.#logBytes += bytes;
  }

  /** What is here now is what the next flush writes. */
  freeze(): void {
    this.#flushing = true;
    this.#logBytesSinceCheckpoint = 0;
    this.layers.freeze();
  }

  /** What is stored beside the marker once the flush is through; `checksum`: of the checkpoint's record. */
  note(checksum: number): Uint8Array {
    return this.chain.note(checksum, [this.layers.highestKeys(), this.#logBytes]);
  }

  /** What is written before the first row of a checkpoint at `position` (C2); undefined where nobody else ever leads. */
  flushBegins(position: number): StoreWrite | undefined {
    return this.#shared ? [flushTable, '', encodeRow([Math.max(position, this.#exactFrom)])] : undefined;
  }

  /** What a flush must write. May be taken again from its beginning. */
  frozenWrites(): Iterable<EncodedWrite> {
    return this.layers.frozenWrites();
  }

  /** The flush is in the store and the reader renewed. */
  flushed(): void {
    this.layers.flushed();
    this.#flushing = false;
  }

  /** Once that is flushed, the store holds the rows of this position, and of no later one (C2). */
  exactAt(position: number): boolean {
    return position >= this.#exactFrom;
  }

  #seeWhetherExact(): void {
    if (this.exactAt(this.chain.position)) this.layers.storeKnown();
  }
}

const unknownTable = (position: number, table: number): TuttiError =>
  new TuttiError(
    'DATA_FORMAT',
    `The record at position ${position} writes table ${table}, which this version of Tutti does not know. Use the version that wrote it, or a newer one.`,
    { details: { position, table } },
  );
