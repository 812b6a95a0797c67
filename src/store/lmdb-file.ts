/**
 * Guards against files that LMDB cannot take. A page that lies beyond the end of the file kills the process (SIGBUS) when it
 * is read, and lmdb-js kills it (SIGSEGV) after an open that failed. So what can be wrong is looked for before.
 *
 * F1 `assertUsable`: a file with a wrong header, a file shorter than its last page, and one that may not be read or written is
 *    refused before LMDB sees it.
 * F2 `WholeFile`: an intact file is never that short. LMDB alone does not promise it: pages at the end that were taken and
 *    freed in one transaction are counted and not written. So the file is kept longer than needed by a hole.
 *
 * What it does not do: notice changed bytes. LMDB has no checksums; digests at checkpoints are there for that.
 *
 * Layout (two meta pages; little-endian): page header (24 bytes), magic (u32), data version (u32), address (u64), map size
 * (u64), free list (48 bytes, the page size first), main tree (48), last page (u64), transaction (u64).
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TuttiError } from '../errors/tutti-error.ts';

const magic = 0xbeefc0de;
const dataVersion = 2;
const metaBytes = 160;
const pageBytesMin = 256;
const pageBytesMax = 64 * 1024;
/** The file is made this much longer than needed, when less than `holeBytesMin` are left of it. */
const holeBytes = 16 * 1024 * 1024;
const holeBytesMin = 4 * 1024 * 1024;

type Meta = { readonly pageBytes: number; readonly lastPage: bigint; readonly transaction: bigint };

/** Throws if LMDB could not open the file for writing. One that is missing or empty is a store not yet begun. */
export const assertUsable = (path: string): void => {
  accessSync(dirname(path), constants.W_OK | constants.X_OK);
  for (const file of [path, lockPath(path)]) if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
  if (existsSync(path) && statSync(path).size > 0) assertWhole(path);
};

/** Throws if LMDB could not open the file for reading, as a writer of this process has it open already. */
export const assertOpen = (path: string): void => {
  accessSync(lockPath(path), constants.R_OK | constants.W_OK);
  assertWhole(path);
};

const lockPath = (path: string): string => `${path}-lock`;

const assertWhole = (path: string): void => {
  const file = openSync(path, 'r');
  try {
    const sizeBytes = fstatSync(file).size;
    const neededBytes = usedBytes(file);
    if (neededBytes === undefined) throw new TuttiError('STORE_FAILED', `${path} is not a store, or damaged.`);
    if (sizeBytes < neededBytes) {
      throw new TuttiError('STORE_FAILED', `The store ${path} is cut off: ${sizeBytes} bytes of ${neededBytes}.`, {
        details: { path, sizeBytes, neededBytes },
      });
    }
  } finally {
    closeSync(file);
  }
};

/** Keeps one file longer than its last page; call `check` after opening and after commits. */
export class WholeFile {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'r+');
  }

  check(): void {
    const needed = usedBytes(this.#file);
    if (needed === undefined || fstatSync(this.#file).size >= needed + holeBytesMin) return;
    try {
      ftruncateSync(this.#file, needed + holeBytes);
    } catch {
      // A limit on file sizes. The file is no worse for it than it was.
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

/**
 * Whether a file beside `path` could not be written for lack of space. For the errors that do not say it: LMDB calls a write
 * that stopped half-way, as on a full disk, an I/O error.
 */
export const isDiskFull = async (path: string): Promise<boolean> => {
  const probe = `${path}-probe`;
  try {
    await writeFile(probe, new Uint8Array(holeBytes));
    return false;
  } catch (error) {
    return fullCodes.has((error as NodeJS.ErrnoException).code);
  } finally {
    await rm(probe, { force: true });
  }
};

const fullCodes: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Where the last page ends; undefined if the header is not one that LMDB takes. */
const usedBytes = (file: number): number | undefined => {
  const first = readMeta(file, 0);
  if (first === undefined) return undefined;
  const second = readMeta(file, first.pageBytes);
  if (second === undefined) return undefined;
  const newest = second.transaction > first.transaction ? second : first;
  return (Number(newest.lastPage) + 1) * newest.pageBytes;
};

const readMeta = (file: number, offset: number): Meta | undefined => {
  const bytes = Buffer.alloc(metaBytes);
  if (readSync(file, bytes, 0, metaBytes, offset) < metaBytes) return undefined;
  const pageBytes = bytes.readUInt32LE(48);
  if (bytes.readUInt32LE(24) !== magic || bytes.readUInt32LE(28) !== dataVersion) return undefined;
  if (pageBytes < pageBytesMin || pageBytes > pageBytesMax) return undefined;
  return { pageBytes, lastPage: bytes.readBigUInt64LE(144), transaction: bytes.readBigUInt64LE(152) };
};
