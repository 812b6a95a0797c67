/**
 * Copies of a shared log's records in a folder of their own (the contract is `partition/record-copies.ts`). A file holds records of
 * positions that follow each other, and is named after the first; what is trimmed goes file by file.
 *
 * One record: `length u32, position f64, CRC-32 u32 of the bytes, bytes`. Written and not synced: after a power failure the end of
 * the last file may be missing or torn, and is cut when it is opened.
 */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from '../platform/crc32.ts';

const headBytes = 16;
const positionDigits = 16;
/** What a message carries. */
const readBytesMax = 256 * 1024;

type Kept = { readonly offset: number; readonly length: number; readonly checksum: number };
type CopyFile = { readonly path: string; readonly first: number; readonly records: Kept[]; sizeBytes: number };

export class FileCopies {
  readonly #folder: string;
  readonly #fileBytes: number;
  readonly #onRefused: (error: unknown) => void;
  /** In order of positions; the last one is written to. */
  readonly #files: CopyFile[] = [];
  #descriptor: number | undefined;

  /** `fileBytes`: how large a file grows. `onRefused` is told what the disk says where a record could not be kept. */
  constructor(folder: string, fileBytes: number, onRefused: (error: unknown) => void) {
    this.#folder = folder;
    this.#fileBytes = fileBytes;
    this.#onRefused = onRefused;
    mkdirSync(folder, { recursive: true });
    const firsts = readdirSync(folder, 'utf8').map(Number);
    for (const first of firsts.sort((a, b) => a - b)) this.#load(first);
  }

  get start(): number {
    return this.#files[0]?.first ?? 0;
  }

  get end(): number {
    const last = this.#files.at(-1);
    return last === undefined ? 0 : last.first + last.records.length - 1;
  }

  keep(position: number, bytes: Uint8Array): 'kept' | 'differs' {
    const kept = this.#find(position)?.kept;
    if (kept !== undefined) return kept.length === bytes.length && kept.checksum === crc32(bytes) ? 'kept' : 'differs';
    if (this.#files.length > 0 && position < this.start) return 'kept';
    try {
      this.#append(position, bytes);
    } catch (error) {
      // What part of it was written is cut off by the next opening; until then nothing may follow it.
      this.#closeFile();
      this.#onRefused(error);
    }
    return 'kept';
  }

  /** Records from a position on, as many as make a message; none where what is on the disk is not what was written. */
  async read(from: number): Promise<readonly { readonly position: number; readonly bytes: Uint8Array }[]> {
    const records: { readonly position: number; readonly bytes: Uint8Array }[] = [];
    let sizeBytes = 0;
    for (let position = from; sizeBytes < readBytesMax; position++) {
      const found = this.#find(position);
      if (found === undefined) break;
      const { file, kept } = found;
      const bytes = Buffer.alloc(kept.length);
      const descriptor = openSync(file.path, 'r');
      try {
        readSync(descriptor, bytes, 0, kept.length, kept.offset);
      } finally {
        closeSync(descriptor);
      }
      if (crc32(bytes) !== kept.checksum) break;
      records.push({ position, bytes });
      sizeBytes += bytes.length;
    }
    return records;
  }

  trim(upTo: number): void {
    for (let second = this.#files[1]; second !== undefined && second.first <= upTo; second = this.#files[1]) {
      const [first] = this.#files.splice(0, 1);
      if (first !== undefined) rmSync(first.path, { force: true });
    }
  }

  close(): void {
    this.#closeFile();
  }

  #find(position: number): { readonly file: CopyFile; readonly kept: Kept } | undefined {
    const file = this.#files.findLast(({ first }) => first <= position);
    const kept = file?.records[position - file.first];
    return file === undefined || kept === undefined ? undefined : { file, kept };
  }

  #append(position: number, bytes: Uint8Array): void {
    let file = this.#files.at(-1);
    if (file !== undefined && position !== this.end + 1) {
      for (const { path } of this.#files.splice(0)) rmSync(path, { force: true });
      this.#closeFile();
      file = undefined;
    }
    if (file === undefined || this.#descriptor === undefined || file.sizeBytes >= this.#fileBytes)
      file = this.#beginFile(position);
    const frame = Buffer.alloc(headBytes + bytes.length);
    const checksum = crc32(bytes);
    frame.writeUInt32LE(bytes.length, 0);
    frame.writeDoubleLE(position, 4);
    frame.writeUInt32LE(checksum, 12);
    frame.set(bytes, headBytes);
    const written = writeSync(this.#descriptor as number, frame);
    if (written !== frame.length) throw new Error(`only ${written} of ${frame.length} bytes could be written`);
    file.records.push({ offset: file.sizeBytes + headBytes, length: bytes.length, checksum });
    file.sizeBytes += frame.length;
  }

  #beginFile(first: number): CopyFile {
    this.#closeFile();
    // An empty file of this name is one in which nothing could be written.
    if (this.#files.at(-1)?.first === first) this.#files.pop();
    const path = join(this.#folder, String(first).padStart(positionDigits, '0'));
    this.#descriptor = openSync(path, 'w');
    const file: CopyFile = { path, first, records: [], sizeBytes: 0 };
    this.#files.push(file);
    return file;
  }

  #closeFile(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** Takes what is whole in a file; what follows that is cut off, in it and after it. */
  #load(first: number): void {
    const path = join(this.#folder, String(first).padStart(positionDigits, '0'));
    const content = readFileSync(path);
    const file: CopyFile = { path, first, records: [], sizeBytes: 0 };
    while (file.sizeBytes + headBytes <= content.length) {
      const at = file.sizeBytes;
      const [length, checksum] = [content.readUInt32LE(at), content.readUInt32LE(at + 12)];
      const bytes = content.subarray(at + headBytes, at + headBytes + length);
      if (content.readDoubleLE(at + 4) !== first + file.records.length || crc32(bytes) !== checksum) break;
      if (bytes.length < length) break;
      file.records.push({ offset: at + headBytes, length, checksum });
      file.sizeBytes += headBytes + length;
    }
    if (file.sizeBytes < content.length) {
      const descriptor = openSync(path, 'r+');
      ftruncateSync(descriptor, file.sizeBytes);
      closeSync(descriptor);
    }
    const follows = this.#files.length === 0 || first === this.end + 1;
    if (follows && file.records.length > 0) this.#files.push(file);
    else rmSync(path, { force: true });
  }
}
