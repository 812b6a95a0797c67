/**
 * Reads the segments of a physical log when it is opened: what is there, where it stands, and where to go on.
 *
 * Frames have consecutive numbers, one is written at a time, and each names the checksum of the one before. So:
 *
 * R1. Where the next frame should stand and does not, either the log ends there, or something is damaged. It is damaged if
 *     any later frame is found whose `durable` is at or above the number that is missing. Otherwise what stands there is
 *     a torn tail: it was never acknowledged, and is overwritten.
 * R2. A frame whose write failed stands again at the beginning of a later segment, same number, same entries. The later
 *     one replaces the earlier one, whether or not that became whole.
 * R3. Nothing vouches for the last frame, be it an empty one: it may have been acknowledged or not, and may lie in the
 *     kernel's memory alone. It counts, but the opener writes it again, same bytes, same place, before anything is read
 *     and before another frame stands behind it.
 *     So with names: what is seen is made durable first, or a segment that was removed could come back beside what is written
 *     from now on.
 * R4. Every logical log is whole from its `start` mark (1 if it has none) to its last record, and the first frame is the
 *     one that the last `firstFrame` mark names (1 if there is none), or an older one not yet removed.
 */
import path from 'node:path';
import { TuttiError } from '../../errors/tutti-error.ts';
import type { Files } from './files.ts';
import { decodeFrame, EntryKind, type Frame, frameAlignBytes, paddedLength } from './frame.ts';
import { RecordMap } from './record-map.ts';
import { parseSegmentName, Segment, segmentName } from './segment.ts';

export type Recovered = {
  readonly records: RecordMap;
  /** Those that hold frames, ascending; frames go on in the last one, at its `writeOffset`. Empty: a new log. */
  readonly segments: readonly Segment[];
  /** Paths of files to be used again. */
  readonly spares: readonly string[];
  readonly lastFrame: { readonly number: number; readonly crc: number };
  /** The last frame and its padded bytes, to be written again (R3). */
  readonly unvouched: { readonly frame: Frame; readonly bytes: Buffer } | undefined;
};

/** The error for bytes that are not what was written. */
export const damaged = (file: string, offset: number, what: string): TuttiError =>
  new TuttiError('LOG_DAMAGED', `The log is damaged: ${what} (${file}, byte ${offset}).`, {
    details: { file, offset },
  });

/** Throws `LOG_DAMAGED`, and what the file system throws; then nothing is left open. */
export const recover = async (files: Files, folder: string, segmentBytes: number): Promise<Recovered> => {
  const spares: string[] = [];
  const found: Segment[] = [];
  try {
    await files.syncFolder(folder);
    for (const name of await files.list(folder)) {
      const parsed = parseSegmentName(name);
      if (parsed?.kind === 'free') spares.push(path.join(folder, name));
      else if (parsed) found.push(await Segment.open(files, folder, parsed, segmentBytes, 'existing'));
    }
    const chain = new FrameChain(folder);
    const scratch = Buffer.allocUnsafeSlow(found.length > 0 ? segmentBytes : 0);
    for (const segment of found) chain.read(segment, await segment.readAll(scratch));
    chain.finish();
    for (const segment of found) {
      if (segment.firstFrame !== undefined) continue;
      // Made ready ahead, or failed at its first frame: its name is of no use.
      const free = path.join(folder, segmentName(segment, 'free'));
      await segment.close();
      await files.rename(segment.path, free);
      await files.syncFolder(folder);
      spares.push(free);
    }
    const segments = found.filter((segment) => segment.firstFrame !== undefined);
    return {
      records: chain.records,
      segments,
      spares,
      lastFrame: { number: chain.last?.number ?? 0, crc: chain.last?.crc ?? 0 },
      unvouched: chain.last && { frame: chain.last, bytes: chain.lastBytes },
    };
  } catch (error) {
    for (const segment of found) await segment.close();
    throw error;
  }
};

/** Follows the frames through the segments, in order. */
class FrameChain {
  readonly records = new RecordMap();
  firstFrame = 1;
  last: Frame | undefined;
  lastBytes: Buffer = Buffer.alloc(0);
  /** The checksum of the frame before the last one. */
  #crcBeforeLast = 0;
  #firstNumber: number | undefined;
  readonly #starts = new Map<number, number>();
  /** Where the next frame should stand unless a new segment begins. */
  #expected: { readonly file: string; readonly offset: number };

  constructor(folder: string) {
    this.#expected = { file: folder, offset: 0 };
  }

  read(segment: Segment, bytes: Buffer): void {
    let offset = 0;
    for (let frame = decodeFrame(bytes, 0, segment); frame; frame = decodeFrame(bytes, offset, segment)) {
      this.#accept(segment, frame);
      offset += paddedLength(frame.length);
      this.#expected = { file: segment.path, offset };
    }
    segment.writeOffset = offset;
    const last = this.last?.number ?? 0;
    // At the beginning of a segment the last frame may have stood again (R2), with others behind it that vouch for no more.
    const missing = offset === 0 ? Math.max(1, last) : last + 1;
    if (vouchedLater(bytes, offset, segment, missing)) {
      throw damaged(segment.path, offset, `a frame that was acknowledged is not what was written`);
    }
    if (this.last && offset > 0) {
      // The zeros behind it may not have come into being.
      this.lastBytes = Buffer.alloc(paddedLength(this.last.length));
      bytes.copy(this.lastBytes, 0, this.last.offset, this.last.offset + this.last.length);
    }
  }

  finish(): void {
    const { file, offset } = this.#expected;
    if (this.#firstNumber !== undefined && this.#firstNumber > this.firstFrame) {
      throw damaged(file, offset, `frames from ${this.firstFrame} to ${this.#firstNumber - 1} are missing`);
    }
    for (const log of new Set([...this.records.logs(), ...this.#starts.keys()])) {
      const start = this.#starts.get(log) ?? 1;
      const first = this.records.start(log);
      this.records.trim(log, start);
      const hole = first > start || this.records.end(log) < start ? start : this.records.firstHole(log);
      if (hole !== undefined) throw damaged(file, offset, `position ${hole} of log ${log} is missing`);
    }
  }

  #accept(segment: Segment, frame: Frame): void {
    const last = this.last;
    if (!last) {
      this.#firstNumber = frame.number;
      // It may stand twice as well.
      this.#crcBeforeLast = frame.previousCrc;
    } else if (frame.offset === 0 && frame.number === last.number && frame.previousCrc === this.#crcBeforeLast) {
      // R2: it takes the place of the last one.
    } else if (frame.number !== last.number + 1 || frame.previousCrc !== last.crc) {
      const { file, offset } = this.#expected;
      throw damaged(
        file,
        offset,
        `frame ${last.number + 1} is missing before frame ${frame.number} of ${segment.path}`,
      );
    } else this.#crcBeforeLast = last.crc;
    this.last = frame;
    segment.firstFrame ??= frame.number;
    for (const entry of frame.entries) {
      switch (entry.kind) {
        case EntryKind.record:
        case EntryKind.carried:
          this.records.place(entry.log, entry.position, { ...entry, segment: segment.number });
          break;
        case EntryKind.start:
          this.#starts.set(entry.log, entry.position);
          break;
        case EntryKind.firstFrame:
          this.firstFrame = entry.position;
          break;
        default:
          entry.kind satisfies never;
          throw damaged(segment.path, frame.offset, `an entry of the unknown kind ${String(entry.kind)}`);
      }
    }
  }
}

/** True if a frame stands at `offset` or behind whose writer knew the frame numbered `missing` to be durable (R1). */
const vouchedLater = (bytes: Buffer, offset: number, segment: Segment, missing: number): boolean => {
  for (let at = offset; at < bytes.length; at += frameAlignBytes) {
    const frame = decodeFrame(bytes, at, segment);
    if (frame && frame.durable >= missing) return true;
  }
  return false;
};
