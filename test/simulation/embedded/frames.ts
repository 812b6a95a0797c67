/**
 * Which frames stand where in the files of a log, as one sees it who watches the disk: from the headers of what was written with
 * success, and from nothing that the log itself says.
 */

import type { FinishedWrite } from '../../../src/engine/embedded/faulty-files.fixture.ts';

export type WrittenFrame = {
  readonly file: string;
  readonly at: number;
  /** Without the zeros behind it. */
  readonly length: number;
  readonly number: number;
};

const magic = 0x31465454;
const entriesAt = 48;
const entryBytes = 20;
const firstFrameKind = 4;

export class FrameWitness {
  /** Where frames stand in each file, those included that were given up. */
  readonly #places = new Map<string, WrittenFrame[]>();
  /** The last place of each frame: one that failed stands again elsewhere. */
  readonly #frames = new Map<number, WrittenFrame>();
  /** The last frame that carried anything. */
  lastFull = 0;
  /** The highest frame that any frame vouches for. */
  vouched = 0;
  /** Frames with lower numbers are given up. */
  first = 1;

  /** A write to a segment file has succeeded. */
  wrote({ file, at, bytes }: FinishedWrite): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < entriesAt || view.getUint32(0, true) !== magic) return;
    const number = Number(view.getBigUint64(16, true));
    const frame: WrittenFrame = { file, at, length: view.getUint32(32, true), number };
    this.#frames.set(number, frame);
    const places = this.#places.get(file);
    if (places === undefined) this.#places.set(file, [frame]);
    else places.push(frame);
    this.vouched = Math.max(this.vouched, Number(view.getBigUint64(24, true)));
    if (view.getUint32(36, true) > 0) this.lastFull = Math.max(this.lastFull, number);
    for (let entry = 0; entry < view.getUint32(36, true); entry++) {
      const entryAt = entriesAt + entry * entryBytes;
      if (view.getUint16(entryAt + 2, true) === firstFrameKind)
        this.first = Math.max(this.first, Number(view.getBigUint64(entryAt + 8, true)));
    }
  }

  /** Frames that must be there and that others vouch for, of the files named. */
  mustBe(files: readonly string[]): readonly WrittenFrame[] {
    for (const number of this.#frames.keys()) if (number < this.first) this.#frames.delete(number);
    const there = new Set(files);
    return [...this.#frames.values()].filter(({ file, number }) => there.has(file) && number <= this.vouched);
  }

  /** Whether a byte of a file belongs to a frame that counts or once did: what was given up may come back. */
  covers(file: string, at: number): boolean {
    return this.#places.get(file)?.some((frame) => frame.at <= at && at < frame.at + frame.length) ?? false;
  }
}
