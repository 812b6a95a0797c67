/**
 * Blobs as files in one folder. `/` stands as `+` in a file's name, so names that look like folders stay apart; a blob
 * appears under its name whole and durable, or not at all.
 *
 * ```
 * file: magic "TTB1" (u32), CRC of the bytes (u32), their length (u64), the bytes; little-endian
 * ```
 *
 * B1. Written under a name no blob can have, then renamed; what an earlier process left half-made is removed.
 * B2. Calls that concern one name take turns, so that of two `put`s with different content one is refused.
 */
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { TuttiError } from '../../errors/tutti-error.ts';
import type { Blobs } from '../engine.ts';
import { type Files, fileErrorCode } from './files.ts';

const magic = 0x31425454;
const headerBytes = 16;
const suffix = '.blob';
const unfinished = '~';
const namePattern = /^[A-Za-z0-9_.\-/]{1,200}$/;

const fileName = (name: string): string => `${name.replaceAll('/', '+')}${suffix}`;

/** Opens the blobs in `folder`, which is made if there is none. One opener at a time. */
export const openFileBlobs = async (files: Files, folder: string): Promise<Blobs> => {
  await files.makeFolder(folder);
  for (const name of await files.list(folder)) {
    if (name.startsWith(unfinished)) await files.remove(path.join(folder, name));
  }
  return new FileBlobs(files, folder);
};

class FileBlobs implements Blobs {
  readonly #files: Files;
  readonly #folder: string;
  /** The last call under way for each name (B2). */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    return this.#inTurn(name, async (file) => {
      const there = await this.#read(name, file);
      if (there && Buffer.compare(there, bytes) === 0) return;
      if (there) {
        throw new TuttiError('BLOB_EXISTS', `The blob ${name} in ${this.#folder} exists with other content.`, {
          details: { name },
        });
      }
      const contents = Buffer.allocUnsafe(headerBytes + bytes.length);
      contents.writeUInt32LE(magic, 0);
      contents.writeUInt32LE(crc32(bytes), 4);
      contents.writeBigUInt64LE(BigInt(bytes.length), 8);
      contents.set(bytes, headerBytes);
      const temporary = path.join(this.#folder, unfinished + path.basename(file));
      try {
        const made = await this.#files.open(temporary, 'new');
        await made.write(contents, 0).finally(() => made.close());
        await this.#files.rename(temporary, file);
      } catch (error) {
        await this.#files.remove(temporary).catch(() => {});
        throw error;
      }
      await this.#files.syncFolder(this.#folder);
    });
  }

  get(name: string): Promise<Uint8Array | undefined> {
    return this.#inTurn(name, (file) => this.#read(name, file));
  }

  async list(prefix: string): Promise<readonly string[]> {
    const names = (await this.#files.list(this.#folder))
      .filter((file) => file.endsWith(suffix) && !file.startsWith(unfinished))
      .map((file) => file.slice(0, -suffix.length).replaceAll('+', '/'));
    return names.filter((name) => name.startsWith(prefix)).sort();
  }

  delete(name: string): Promise<void> {
    return this.#inTurn(name, async (file) => {
      await this.#files.remove(file);
      await this.#files.syncFolder(this.#folder);
    });
  }

  async #read(name: string, path: string): Promise<Buffer | undefined> {
    let contents: Buffer;
    try {
      const file = await this.#files.open(path, 'existing');
      try {
        contents = Buffer.allocUnsafeSlow(await file.size());
        contents = contents.subarray(0, await file.read(contents, 0));
      } finally {
        await file.close();
      }
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    const bytes = contents.subarray(headerBytes);
    const whole =
      contents.length >= headerBytes &&
      contents.readUInt32LE(0) === magic &&
      contents.readBigUInt64LE(8) === BigInt(bytes.length) &&
      contents.readUInt32LE(4) === crc32(bytes);
    if (whole) return bytes;
    throw new TuttiError('BLOB_DAMAGED', `The blob ${name} is not what was written (${path}).`, {
      details: { name, file: path },
    });
  }

  #inTurn<T>(name: string, work: (file: string) => Promise<T>): Promise<T> {
    if (!namePattern.test(name)) {
      return Promise.reject(new TuttiError('INVARIANT', `No blob can have the name ${JSON.stringify(name)}.`));
    }
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(() => work(path.join(this.#folder, fileName(name))));
    const settled = turn
      .catch(() => {})
      .finally(() => {
        if (this.#turns.get(name) === settled) this.#turns.delete(name);
      });
    this.#turns.set(name, settled);
    return turn;
  }
}
