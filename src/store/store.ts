/**
 * Ordered key-value store: the checkpoint target of the partitions' logs (DESIGN section 3, "Store and checkpoints").
 * What is in it is always some prefix of a log plus, after a crash, slices beyond the marker that replay overwrites.
 *
 * Keys are *key strings*: JavaScript strings whose code units are all below 256, compared as such (so their order is the
 * order of their latin1 bytes); at most `limits.storeKeyBytesMax` long, possibly empty. Values are bytes, opaque to the store.
 * Partitions are numbered 0 to 65,535 and tables 0 to 65,534.
 * One writer (the node thread), many readers (state threads), in one process.
 */

/** One change: `[table, key, value]`; value undefined deletes. */
export type StoreWrite = readonly [table: number, key: string, value: Uint8Array | undefined];

/** A row as a scan gives it. */
export type StoreEntry = readonly [key: string, value: Uint8Array];

/**
 * A reader sees one consistent state: the one at its last `renew()`, at first the one it was opened on. Not shared between
 * threads. The bytes it returns stay as they are; the caller only reads them, and knows nothing of the `buffer` behind them.
 * A store that cannot be read throws `STORE_FAILED`.
 */
export interface StoreReader {
  get(partition: number, table: number, key: string): Uint8Array | undefined;
  /**
   * Entries with `from <= key < to` in ascending order (`to` undefined: to the table's end). A `renew()` or `close()` ends
   * it: the next step then throws `INVARIANT`.
   */
  scan(partition: number, table: number, from: string, to: string | undefined): Iterable<StoreEntry>;
  /** The same entries in descending order of keys. */
  scanDown(partition: number, table: number, from: string, to: string | undefined): Iterable<StoreEntry>;
  /** The position of the last checkpoint whose slices are all there, 0 if none, and what was stored with it. */
  marker(partition: number): StoreMarker;
  /**
   * From now on reads see all writes that had settled when it was called. To be called now and then also where nothing is
   * new: the store keeps every state that a reader may still see, and its file grows meanwhile.
   */
  renew(): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Where a partition's log was last flushed completely. `note` is the writer's own (a small encoded row). */
export type StoreMarker = { readonly position: number; readonly note: Uint8Array | undefined };

/**
 * The one writer. All calls may be under way at once; they take effect in the order of the calls. The caller leaves a slice
 * and its bytes unchanged until the promise settles. Rejections: `STORE_FULL` (nothing of this call was written; try again
 * when there is space), `STORE_FAILED` (the same, and likely to go on), `CLOSED` (called after `close`).
 */
export interface StoreWriter {
  /**
   * Writes one slice, all of it or nothing. Settles when readers that renew see it; durable at the latest with the next
   * `mark`. Slices that are under way together may share a transaction, so not awaiting each one before the next is faster.
   */
  write(partition: number, slice: readonly StoreWrite[]): Promise<void>;
  /**
   * Moves the marker after all slices written before it, and syncs. Rejects without moving it also if one of those slices,
   * back to the partition's mark before, was rejected: then all of them are to be written again.
   */
  mark(partition: number, marker: StoreMarker): Promise<void>;
  /**
   * Removes everything of a partition, its marker first (a damaged store is refilled from snapshot and log). Not atomic: a
   * reader may see a part of the rows, and no marker, until it settles.
   */
  clear(partition: number): Promise<void>;
  /** Waits for what is under way. Idempotent. */
  close(): Promise<void>;
}
