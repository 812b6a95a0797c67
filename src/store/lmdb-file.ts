/**
 * Guards an LMDB file against being cut off. LMDB refuses a wrong header by itself, but a page that lies beyond the end of the
 * file kills the process (SIGBUS) when it is read.
 *
 * F1 `assertWhole`: a file shorter than its last page is refused before LMDB maps it.
 * F2 `keepWhole`: an intact file is never that short. LMDB alone does not promise it: pages at the end that were taken and
 *    freed in one transaction are counted and not written. So the file is kept longer than needed by a hole.
 *
 * What it does not do: notice changed bytes. LMDB has no checksums; digests at checkpoints are there for that.
 *
 * Layout (two meta pages; little-endian): page header (24 bytes), magic (u32), data version (u32), address (u64), map size
 * (u64), free list (48 bytes, the page size first), main tree (48), last page (u64), transaction (u64).
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
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

/** Throws `STORE_FAILED` if the file is there and ends before its last page. An empty one is a store not yet begun. */
export const assertWhole = (path: string): void => {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const sizeBytes = fstatSync(file).size;
    if (sizeBytes === 0) return;
    const neededBytes = usedBytes(file);
    if (neededBytes !== undefined && sizeBytes < neededBytes) {
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

/** Where the last page ends; undefined if LMDB will refuse the header, whose message is then the better one. */
const usedBytes = (file: number): number | undefined => {
  const first = readMeta(file, 0);
  if (first === undefined) return undefined;
  const second = readMeta(file, first.pageBytes);
  const newest = second !== undefined && second.transaction > first.transaction ? second : first;
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
