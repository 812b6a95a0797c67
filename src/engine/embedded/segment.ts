/**
 * One segment file: frames one after the other, then what was there before (zeros, or frames of an earlier life, which
 * carry another salt). Its name holds its identity: `000000000007-1c0ffee1.seg`.
 *
 * Node has no fallocate, so room is made ahead by writing zeros, through a descriptor of its own: the kernel reports a
 * failed write-back once per descriptor, and a filler's sync must not swallow what a frame's sync ought to hear.
 *
 * G1. Zeros are never written over a frame: a frame that reaches into what is being filled waits (`ready`), and one
 *     that reaches beyond moves `#filledTo` before it is written.
 * G2. After a failed frame write nothing is written to the file again (`failed`).
 * G3. Filling that fails is no failure of the segment: it only stops; frames then let the file grow.
 */
import path from 'node:path';
import type { Files, OpenFile } from './files.ts';
import type { SegmentIdentity } from './frame.ts';

const fillStepBytes = 1024 * 1024;
const zeros = Buffer.alloc(fillStepBytes);

const namePattern = /^(\d{12})-([0-9a-f]{8})\.(seg|free)$/;

/** `seg`: in use. `free`: given up, to be used again. */
export const segmentName = ({ number, salt }: SegmentIdentity, kind: 'seg' | 'free'): string =>
  `${String(number).padStart(12, '0')}-${salt.toString(16).padStart(8, '0')}.${kind}`;

/** What a segment's name says; undefined for other files. */
export const parseSegmentName = (name: string): (SegmentIdentity & { readonly kind: 'seg' | 'free' }) | undefined => {
  const [, number, salt, kind] = namePattern.exec(name) ?? [];
  if (number === undefined || salt === undefined) return undefined;
  return { number: Number(number), salt: Number.parseInt(salt, 16), kind: kind === 'seg' ? 'seg' : 'free' };
};

export class Segment implements SegmentIdentity {
  readonly number: number;
  readonly salt: number;
  readonly path: string;
  readonly sizeBytes: number;
  /** Where the next frame goes; what lies before is durable frames. */
  writeOffset = 0;
  /** The number of its first durable frame. */
  firstFrame: number | undefined;
  failed = false;
  readonly #files: Files;
  readonly #file: OpenFile;
  #filledTo: number;
  #filling: Promise<void> | undefined;
  #fillFailed = false;
  #frameWaits = false;
  #closed = false;

  private constructor(
    files: Files,
    file: OpenFile,
    filePath: string,
    identity: SegmentIdentity,
    sizeBytes: number,
    filled: number,
  ) {
    this.#files = files;
    this.#file = file;
    this.path = filePath;
    this.number = identity.number;
    this.salt = identity.salt;
    this.sizeBytes = sizeBytes;
    this.#filledTo = filled;
  }

  /** Opens the file of that identity, which is there already unless `how` is `new`. */
  static async open(
    files: Files,
    folder: string,
    identity: SegmentIdentity,
    sizeBytes: number,
    how: 'new' | 'existing',
  ): Promise<Segment> {
    const filePath = path.join(folder, segmentName(identity, 'seg'));
    const file = await files.open(filePath, how);
    return new Segment(files, file, filePath, identity, sizeBytes, await file.size());
  }

  get room(): number {
    return this.sizeBytes - this.writeOffset;
  }

  /** Undefined if the next `length` bytes can be written now, else what to wait for (G1). */
  ready(length: number): Promise<void> | undefined {
    if (!this.#filling || this.writeOffset + length <= this.#filledTo) return undefined;
    this.#frameWaits = true;
    return this.#filling;
  }

  /** Writes a padded frame at `writeOffset`, and moves that. On failure the segment has failed. */
  writeSync(frame: Uint8Array): void {
    this.#filledTo = Math.max(this.#filledTo, this.writeOffset + frame.length);
    try {
      this.#file.writeSync(frame, this.writeOffset);
    } catch (error) {
      this.failed = true;
      throw error;
    }
    this.writeOffset += frame.length;
  }

  /** Like `writeSync`, without blocking; one at a time. */
  async write(frame: Uint8Array): Promise<void> {
    this.#filledTo = Math.max(this.#filledTo, this.writeOffset + frame.length);
    try {
      await this.#file.write(frame, this.writeOffset);
    } catch (error) {
      this.failed = true;
      throw error;
    }
    this.writeOffset += frame.length;
  }

  /** Bytes as they are in the file; fewer than `length` at its end. */
  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    return bytes.subarray(0, await this.#file.read(bytes, offset));
  }

  /** The whole file, into `scratch` if that is large enough. */
  async readAll(scratch: Buffer): Promise<Buffer> {
    const size = await this.#file.size();
    const bytes = size <= scratch.length ? scratch.subarray(0, size) : Buffer.allocUnsafeSlow(size);
    return bytes.subarray(0, await this.#file.read(bytes, 0));
  }

  /** Sees to it that about `aheadBytes` beyond the next frame exist on disk. Settles when that is done or cannot be. */
  fillAhead(aheadBytes: number): Promise<void> {
    this.#filling ??= this.#fill(aheadBytes).finally(() => {
      this.#filling = undefined;
      this.#frameWaits = false;
    });
    return this.#filling;
  }

  /** True if `fillAhead` has something to do. */
  needsFilling(aheadBytes: number): boolean {
    if (!this.#files.fillAheadPays || this.#filling || this.#fillFailed || this.failed || this.#closed) return false;
    return this.#filledTo < Math.min(this.sizeBytes, this.writeOffset + aheadBytes);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#filling;
    await this.#file.close();
  }

  async #fill(aheadBytes: number): Promise<void> {
    let filler: OpenFile | undefined;
    try {
      filler = await this.#files.open(this.path, 'existing');
      for (;;) {
        const from = this.#filledTo;
        const to = Math.min(this.sizeBytes, this.writeOffset + aheadBytes, from + fillStepBytes);
        if (to <= from || this.#closed || this.failed || this.#frameWaits) return;
        await filler.write(zeros.subarray(0, to - from), from);
        this.#filledTo = Math.max(this.#filledTo, to);
      }
    } catch {
      this.#fillFailed = true;
    } finally {
      await filler?.close().catch(() => {});
    }
  }
}
