/**
 * Ordered key-value store: the checkpoint target of the partitions' logs (DESIGN section 3, "Store and checkpoints").
 * What is in it is always some prefix of a log plus, after a crash, slices beyond the marker that replay overwrites.
 *
 * Keys are *key strings*: JavaScript strings whose code units are all below 256, compared as such (so their order is the
 * order of their latin1 bytes); at most `limits.storeKeyBytesMax` long. Values are bytes, opaque to the store.
 * One writer (the node thread), many readers (state threads), in one process.
 */

/** One change: `[table, key, value]`; value undefined deletes. */
export type StoreWrite = readonly [table: number, key: string, value: Uint8Array | undefined];

/** A reader sees one consistent state: the one at its last `renew()`. Not shared between threads. */
export interface StoreReader {
  /** The value or undefined. The bytes are the caller's own. */
  get(partition: number, table: number, key: string): Uint8Array | undefined;
  /** Entries with `from <= key < to` in ascending order (`to` undefined: to the table's end). The store must not be renewed while iterating. */
  scan(partition: number, table: number, from: string, to: string | undefined): Iterable<readonly [key: string, value: Uint8Array]>;
  /** The position of the last checkpoint whose slices are all there, 0 if none, and what was stored with it. */
  marker(partition: number): StoreMarker;
  /** From now on reads see what was written up to now. Invalidates scans under way. */
  renew(): void;
  close(): Promise<void>;
}

/** Where a partition's log was last flushed completely. `note` is the writer's own (a small encoded row). */
export type StoreMarker = { readonly position: number; readonly note: Uint8Array | undefined };

/** The one writer. All calls may be under way at once; they take effect in the order of the calls. */
export interface StoreWriter {
  /** Writes one slice in one transaction. Settles when it is committed (durable at the latest with the next `mark`). */
  write(partition: number, slice: readonly StoreWrite[]): Promise<void>;
  /** Moves the marker after all slices written before it, and syncs. Rejects with `STORE_FULL` or `STORE_FAILED`; then the marker stands where it stood. */
  mark(partition: number, marker: StoreMarker): Promise<void>;
  /** Removes everything of a partition (a damaged store is refilled from snapshot and log). */
  clear(partition: number): Promise<void>;
  close(): Promise<void>;
}
