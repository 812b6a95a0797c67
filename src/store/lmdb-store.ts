/**
 * The store in an LMDB file. A process has one writer for a file and any number of readers, in any threads.
 *
 * L1 The writer is opened before the first reader, and closed after the last. (Opened first by a reader, LMDB keeps the file
 *    read-only for the whole process.)
 * L2 Only asynchronous transactions: an async transaction is written by a thread of libuv's pool, and this thread can be
 *    ended at any moment. (Opening the file is the one exception; LMDB has no other way.)
 * L3 One transaction at a time is with LMDB, of at most `groupSlicesMax` slices. So the time that ending the process takes is
 *    bounded; and after a transaction has failed, none is begun that LMDB would refuse to begin (it then keeps its lock).
 */
import { asBinary, type RangeOptions } from 'lmdb';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { copyBytes } from './byte-copy.ts';
import { assertRow, markerKey, prefixChars, tableEnd, tablePrefix } from './keys.ts';
import {
  type Environment,
  type EnvironmentSettings,
  openForReading,
  openForWriting,
  type ReadOptions,
  storeError,
  writeError,
} from './lmdb-environment.ts';
import { WholeFile } from './lmdb-file.ts';
import { decodeMarker, encodeMarker, noMarker } from './marker.ts';
import type { StoreEntry, StoreMarker, StoreReader, StoreWrite, StoreWriter } from './store.ts';
import { WriteQueue } from './write-queue.ts';

/** Measured with random keys in a million rows: 32 µs a row with 1 slice of 2,000 a transaction, 23 µs with 5, 6 µs with 50. */
const groupSlicesMax = 8;

/** Opens a reader of the file at `path`, which a writer in this process has open. Throws `STORE_FAILED`. */
export const openLmdbReader = (path: string): StoreReader => new LmdbReader(path, openForReading(path));

/**
 * Opens the writer of the file at `path` (its lock lies beside it as `<path>-lock`), and makes it and its folder if need be.
 * Throws `STORE_FAILED` if it is damaged: remove both files, then, and refill the store.
 */
export const openLmdbWriter = (path: string, settings: EnvironmentSettings = {}): StoreWriter =>
  new LmdbWriter(path, openForWriting(path, settings));

type Cursor = Iterator<{ key: string; value: Uint8Array }>;

class LmdbReader implements StoreReader {
  readonly #path: string;
  readonly #database: Environment;
  #options: ReadOptions;
  /** Of the scans under way. A cursor is closed before its transaction ends: it points into it. */
  readonly #cursors = new Set<Cursor>();
  #closed = false;

  constructor(path: string, database: Environment) {
    this.#path = path;
    this.#database = database;
    this.#options = this.#begin();
  }

  get(partition: number, table: number, key: string): Uint8Array | undefined {
    return this.#get(tablePrefix(partition, table) + key);
  }

  scan(partition: number, table: number, from: string, to: string | undefined): Generator<StoreEntry> {
    const prefix = tablePrefix(partition, table);
    const end = to === undefined ? tableEnd(partition, table) : prefix + to;
    return this.#scan({ start: prefix + from, end });
  }

  scanDown(partition: number, table: number, from: string, to: string | undefined): Generator<StoreEntry> {
    const prefix = tablePrefix(partition, table);
    const start = to === undefined ? tableEnd(partition, table) : prefix + to;
    return this.#scan({ start, exclusiveStart: true, end: prefix + from, inclusiveEnd: true, reverse: true });
  }

  *#scan(range: RangeOptions): Generator<StoreEntry> {
    const cursor = this.#open(range);
    this.#cursors.add(cursor);
    try {
      for (;;) {
        if (!this.#cursors.has(cursor)) throw new TuttiError('INVARIANT', 'The reader was renewed during a scan.');
        const step = this.#next(cursor);
        if (step.done === true) return;
        yield [step.value.key.slice(prefixChars), step.value.value];
      }
    } finally {
      if (this.#cursors.delete(cursor)) cursor.return?.();
    }
  }

  marker(partition: number): StoreMarker {
    const bytes = this.#get(markerKey(partition));
    return bytes === undefined ? noMarker : decodeMarker(bytes);
  }

  renew(): void {
    this.#endTransaction();
    this.#options = this.#begin();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#endTransaction();
    await this.#database.close();
  }

  #get(key: string): Uint8Array | undefined {
    try {
      const bytes = this.#database.getBinaryFast(key, this.#options);
      return bytes === undefined ? undefined : copyBytes(bytes, bytes.length);
    } catch (error) {
      throw this.#readError(error);
    }
  }

  #open(range: RangeOptions): Cursor {
    try {
      return this.#database.getRange({ ...range, ...this.#options })[Symbol.iterator]();
    } catch (error) {
      throw this.#readError(error);
    }
  }

  #next(cursor: Cursor): IteratorResult<{ key: string; value: Uint8Array }> {
    try {
      return cursor.next();
    } catch (error) {
      throw this.#readError(error);
    }
  }

  #begin(): ReadOptions {
    try {
      this.#database.resetReadTxn();
      return { transaction: this.#database.useReadTransaction() };
    } catch (error) {
      throw this.#readError(error);
    }
  }

  #endTransaction(): void {
    for (const cursor of this.#cursors) cursor.return?.();
    this.#cursors.clear();
    this.#options.transaction.done();
  }

  #readError(error: unknown): TuttiError {
    return storeError(error, `read the store ${this.#path}`);
  }
}

class LmdbWriter implements StoreWriter {
  readonly #path: string;
  readonly #database: Environment;
  readonly #file: WholeFile;
  readonly #queue = new WriteQueue(groupSlicesMax);
  #closing: Promise<void> | undefined;
  /** Set when LMDB accepts no more transactions: to hand it one would block the process for ever. */
  #broken: TuttiError | undefined;

  constructor(path: string, database: Environment) {
    this.#path = path;
    this.#database = database;
    this.#file = new WholeFile(path);
    this.#file.check();
  }

  async write(partition: number, slice: readonly StoreWrite[]): Promise<void> {
    for (const [table, key] of slice) assertRow(table, key);
    await this.#queue.add(partition, 'slice', () => this.#transact(() => this.#putSlice(partition, slice)));
  }

  async mark(partition: number, marker: StoreMarker): Promise<void> {
    await this.#queue.add(partition, 'mark', () => this.#putMarker(partition, marker));
  }

  async clear(partition: number): Promise<void> {
    await this.#queue.add(partition, 'clear', () => this.#clear(partition));
  }

  async close(): Promise<void> {
    this.#closing ??= this.#queue.close().then(async () => {
      this.#file.close();
      await this.#database.close();
    });
    await this.#closing;
  }

  /** All values go into one piece of memory, of which LMDB needs the address once instead of once a row. */
  #putSlice(partition: number, slice: readonly StoreWrite[]): void {
    let sizeBytes = 0;
    for (const [, , value] of slice) sizeBytes += value?.length ?? 0;
    const slab = Object.assign(new Uint8Array(Math.max(8, sizeBytes)), { start: 0, end: 0 });
    // With `start` and `end` lmdb-js takes that part of the bytes, as it does with what its own encoder returns.
    const value = asBinary(slab) as unknown as Uint8Array;
    for (const [table, key, bytes] of slice) {
      const row = tablePrefix(partition, table) + key;
      if (bytes === undefined) void this.#database.remove(row);
      else {
        slab.set(bytes, slab.end);
        slab.start = slab.end;
        slab.end += bytes.length;
        void this.#database.put(row, value);
      }
    }
  }

  async #putMarker(partition: number, marker: StoreMarker): Promise<void> {
    const bytes = asBinary(encodeMarker(marker)) as unknown as Uint8Array;
    await this.#transact(() => void this.#database.put(markerKey(partition), bytes));
  }

  async #clear(partition: number): Promise<void> {
    await this.#transact(() => void this.#database.remove(markerKey(partition)));
    const range = { start: tablePrefix(partition, 0), end: markerKey(partition), limit: limits.checkpointSliceRows };
    for (;;) {
      this.#database.resetReadTxn();
      const keys = [...this.#database.getKeys(range)];
      if (keys.length === 0) return;
      await this.#transact(() => {
        for (const key of keys) void this.#database.remove(key);
      });
    }
  }

  /** Settles when what `fill` wrote is committed and synced. `fill` does not throw. */
  async #transact(fill: () => void): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      await this.#database.batch(fill);
      this.#file.check();
    } catch (error) {
      const failure = writeError(error, this.#path);
      if (!this.#stillReadable()) {
        const message = `The store ${this.#path} could not be written and is out of use until the process starts anew.`;
        this.#broken = new TuttiError('STORE_FAILED', message, { cause: error });
      }
      throw await failure;
    }
  }

  /** After a failed write of its root LMDB refuses every transaction, also those that read. */
  #stillReadable(): boolean {
    try {
      this.#database.resetReadTxn();
      this.#database.doesExist(markerKey(0));
      return true;
    } catch {
      return false;
    }
  }
}
