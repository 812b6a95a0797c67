/**
 * Opens the LMDB file of a store, for the writer and for readers, and tells its errors in our words.
 *
 * One database holds everything: opening a named one writes a transaction synchronously and, in a read-only environment, is
 * not safe between threads.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { open, type RootDatabase, type RootDatabaseOptions, type Transaction } from 'lmdb';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { copyBytes } from './byte-copy.ts';
import { assertOpen, assertUsable, isDiskFull } from './lmdb-file.ts';

export type ReadOptions = { readonly transaction: Transaction };

export type Environment = RootDatabase<Uint8Array, string> & {
  /** lmdb-js takes the options here too; its types leave them out. */
  getBinaryFast(key: string, options: ReadOptions): LentBuffer | undefined;
};

/** lmdb-js's one buffer for values: its `length` is that of the value, its content is valid until the next read. */
export type LentBuffer = Buffer<ArrayBuffer>;

/**
 * Keys go from strings to bytes without a Buffer between. `write` cuts off what does not fit; from the end returned lmdb-js
 * sees that, and asks again with a fresh buffer.
 */
const keyEncoder = {
  writeKey(key: string, target: Buffer, start: number): number {
    target.write(key, start, 'latin1');
    return start + key.length;
  },
  readKey: (source: Buffer, start: number, end: number): string => source.toString('latin1', start, end),
};

/** lmdb-js reads every value into one buffer; a decoder may look at it there, which is how a copy of ours is the only one. */
const valueDecoder = {
  encode: (value: Uint8Array): Uint8Array => value,
  decode: (bytes: LentBuffer, sizeBytes: number): Uint8Array => copyBytes(bytes, sizeBytes),
};

const sharedOptions: RootDatabaseOptions = {
  noSubdir: true,
  keyEncoder,
  encoder: valueDecoder,
  // Address space, not memory or disk. LMDB can grow its map while readers read, but then swaps a pointer under them without
  // a lock; up to this size it need not.
  mapSize: 64 * 1024 ** 3,
  // A slot per thread, and those of threads that ended without closing until they are reclaimed.
  maxReaders: 512,
  maxDbs: 1,
  // Every commit is synced before it settles. With `overlappingSync` a failed sync leaves promises unsettled, and ending the
  // process waits for syncs; with `noSync` a power failure can leave a tree that is wrong and does not say so. Syncs are made
  // few by letting slices share transactions instead.
  overlappingSync: false,
};

const writerOptions: RootDatabaseOptions & { readonly batchStartThreshold: number } = {
  ...sharedOptions,
  // The native writer must never wait for JavaScript in the middle of a transaction: were this thread ended then, it would wait
  // for ever with the lock held, and `process.exit` with it. So a batch is handed over only when it is complete.
  eventTurnBatching: false,
  batchStartThreshold: Number.MAX_SAFE_INTEGER,
};

export type EnvironmentSettings = { readonly mapBytes?: number };

/** Opens or makes the file for the one writer. Throws `STORE_FAILED` if the file is damaged or cannot be used. */
export const openForWriting = (path: string, settings: EnvironmentSettings): Environment =>
  opening(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    assertUsable(path);
    return open<Uint8Array, string>(path, {
      ...writerOptions,
      ...(settings.mapBytes === undefined ? {} : { mapSize: settings.mapBytes }),
    });
  });

/** Opens the file that a writer in this process holds open. Throws `STORE_FAILED` if it is damaged or cannot be used. */
export const openForReading = (path: string): Environment =>
  opening(path, () => {
    assertOpen(path);
    return open<Uint8Array, string>(path, { ...sharedOptions, readOnly: true });
  });

const opening = (path: string, openIt: () => RootDatabase<Uint8Array, string>): Environment => {
  try {
    return openIt() as Environment;
  } catch (error) {
    throw storeError(error, `open the store ${path}`);
  }
};

/** What LMDB threw, as `STORE_FAILED`; a TuttiError as it is. `doing` completes "Could not …". */
export const storeError = (error: unknown, doing: string): TuttiError =>
  isTuttiError(error)
    ? error
    : new TuttiError('STORE_FAILED', `Could not ${doing}: ${reasonOf(error)}.`, { cause: error });

/** What a failed transaction rejected with, as `STORE_FULL` or `STORE_FAILED`. */
export const writeError = async (error: unknown, path: string): Promise<TuttiError> => {
  const { commitError } = error as { commitError?: Promise<never> };
  const cause: unknown = commitError === undefined ? error : await commitError.catch((reason: unknown) => reason);
  const doing = `write the store ${path}`;
  const code = (cause as { code?: unknown }).code;
  if (!fullCodes.has(code) && !(code === ioErrorCode && (await isDiskFull(path)))) return storeError(cause, doing);
  return new TuttiError('STORE_FULL', `Could not ${doing}: no space left.`, { cause });
};

/** EFBIG, ENOSPC, EDQUOT, MDB_MAP_FULL. */
const fullCodes: ReadonlySet<unknown> = new Set([27, 28, 122, -30792]);
const ioErrorCode = 5;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
