/**
 * The small file system that the embedded engine stands on: real files (`node-files.ts`), files in memory
 * (`memory-files.ts`), and files that fail on purpose (`faulty-files.ts`).
 *
 * F1. A write that has settled is durable, and so is the length it gave the file. A write that has not settled may leave
 *     any part of its blocks behind.
 * F2. A name made, renamed or removed is durable after `syncFolder` of its folder, and not certainly before.
 * F3. Errors are Node's: `code` is `ENOSPC`, `EIO` and the like.
 */
export interface Files {
  /** Whether overwriting blocks that exist is cheaper than growing a file, so that filling with zeros ahead pays. */
  readonly fillAheadPays: boolean;
  /** Opens a file for reading and writing. `new`: makes it, and fails with `EEXIST` if there is one. */
  open(path: string, how: 'new' | 'existing'): Promise<OpenFile>;
  /** Names in a folder, ascending; empty if there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Makes a folder and those above it, durably; one that is there is no error. */
  makeFolder(folder: string): Promise<void>;
  /** Replaces what has the name `to`. A file that is open stays open under its new name. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; none there is no error. */
  remove(path: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
}

/** An open file. Reads and writes may overlap in time; writes of overlapping ranges are the caller's to avoid. */
export interface OpenFile {
  /** Length in bytes. */
  size(): Promise<number>;
  /** Writes all of `bytes` at offset `at`, durably (F1), or throws. Blocks the thread: for small writes. */
  writeSync(bytes: Uint8Array, at: number): void;
  /** Writes all of `bytes` at offset `at`, durably (F1), or rejects. The caller leaves `bytes` unchanged meanwhile. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Fills `into` from offset `at`; gives the count of bytes read, fewer only at the end of the file. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Closes after what is under way. Closing twice is no error. */
  close(): Promise<void>;
}

/** The code of a file system's error (`ENOSPC`), or `UNKNOWN`. */
export const fileErrorCode = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : 'UNKNOWN';
};
