/**
 * Reads records of a physical log from its segments, checks each against its checksum, and joins neighbours into one
 * read of the file.
 */
import { crc32 } from 'node:zlib';
import { TuttiError } from '../../errors/tutti-error.ts';
import type { LogRecord } from '../engine.ts';
import { fileErrorCode } from './files.ts';
import type { Location } from './position-index.ts';
import type { RecordMap } from './record-map.ts';
import { damaged } from './recovery.ts';
import type { SegmentSet } from './segment-set.ts';

/** Bytes between two records that are read along rather than skipped. */
const gapBytesMax = 16 * 1024;

export class LogReader {
  readonly #folder: string;
  readonly #segments: SegmentSet;
  readonly #records: RecordMap;

  constructor(folder: string, segments: SegmentSet, records: RecordMap) {
    this.#folder = folder;
    this.#segments = segments;
    this.#records = records;
  }

  /** As `Log.read` of the contract. */
  async read(log: number, from: number, maxBytes: number): Promise<readonly LogRecord[]> {
    const found: LogRecord[] = [];
    for (let left = maxBytes; left > 0; ) {
      const position = from + found.length;
      const start = this.#records.start(log);
      if (position < start) {
        const message = `Position ${from} of log ${log} in ${this.#folder} was trimmed: the log begins at ${start}.`;
        throw new TuttiError('LOG_TRIMMED', message, { details: { log, from, start } });
      }
      const run = this.#run(log, position, left);
      if (run.length === 0) break;
      // None: they were moved or trimmed meanwhile, and are looked up again.
      for (const record of await this.#readRun(log, position, run)) {
        left -= record.bytes.length;
        found.push(record);
      }
    }
    return found;
  }

  /** Where records from `position` on stand, as far as they are near each other in one segment. */
  #run(log: number, position: number, maxBytes: number): Location[] {
    const run: Location[] = [];
    let bytes = 0;
    for (let next = position; bytes < maxBytes; next++) {
      const at = this.#records.get(log, next);
      const before = run.at(-1);
      if (!at) break;
      if (before) {
        const gap = at.offset - (before.offset + before.length);
        if (at.segment !== before.segment || gap < 0 || gap > gapBytesMax || bytes + at.length > maxBytes) break;
      }
      run.push(at);
      bytes += at.length;
    }
    return run;
  }

  async #readRun(log: number, position: number, run: readonly Location[]): Promise<readonly LogRecord[]> {
    const first = run[0]!;
    const last = run.at(-1)!;
    const segment = this.#segments.get(first.segment);
    const moved = (): boolean => this.#records.get(log, position)?.segment !== first.segment;
    if (!segment) return [];
    let bytes: Buffer;
    try {
      bytes = await segment.read(first.offset, last.offset + last.length - first.offset);
    } catch (error) {
      if (moved()) return [];
      throw damaged(segment.path, first.offset, `it cannot be read, ${fileErrorCode(error)}`);
    }
    const records: LogRecord[] = [];
    for (const [index, at] of run.entries()) {
      const record = bytes.subarray(at.offset - first.offset, at.offset - first.offset + at.length);
      if (record.length !== at.length || crc32(record) !== at.crc) {
        if (moved()) return [];
        throw damaged(segment.path, at.offset, `position ${position + index} of log ${log} is not what was written`);
      }
      records.push({ position: position + index, bytes: record });
    }
    return records;
  }
}
