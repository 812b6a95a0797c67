/**
 * One physical log: the segment files of one folder, which carry the records of many logical logs, so that one sync
 * serves all that wait (DESIGN section 3, "Frames" and "Disk rules"). Opened by one thread of one process at a time; the
 * lock on the data folder sees to the processes.
 *
 * L1. A record settles as appended only when it is durable, and is read only from then on.
 * L2. Positions of a logical log are given in the order of appends, 1, 2, 3 …; an append that does not name the last
 *     position given is `occupied`.
 * L3. What was acknowledged is there after any crash; what is damaged is reported with file and offset, never skipped.
 * L4. A disk that is full or fails delays appends (`stalled`); it does not lose or refuse them.
 */
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import type { Env } from '../../platform/env.ts';
import type { AppendResult, Log, LogRecord } from '../engine.ts';
import type { Files } from './files.ts';
import { EntryKind, frameAlignBytes, frameLength, paddedLength } from './frame.ts';
import { FrameWriter, type Stall, type WriterSettings } from './frame-writer.ts';
import { LogCleaner } from './log-cleaner.ts';
import type { LogCounters } from './log-counters.ts';
import { LogReader } from './log-reader.ts';
import type { RecordMap } from './record-map.ts';
import { recover } from './recovery.ts';
import { SegmentSet, type SegmentSettings } from './segment-set.ts';

/** What may be set otherwise than the limits say; for tests and other disks. */
export type PhysicalLogSettings = SegmentSettings & WriterSettings & { readonly recordBytesMax: number };
export type PhysicalLogOptions = { readonly env: Env } & Partial<PhysicalLogSettings>;

export interface PhysicalLog {
  /** The logical log with this number (0 to 65535), which is empty until something is appended. The same one each time. */
  log(number: number): Log;
  /** Numbers of the logical logs that hold records, ascending. */
  logs(): readonly number[];
  /** Set while the disk refuses writes; appends wait meanwhile. `ENOSPC`: it is full. Also told as `log.stalled`, `log.resumed`. */
  readonly stalled: Stall | undefined;
  readonly counters: LogCounters;
  /** Writes what waits; what cannot be written settles as `unknown`, as do appends from now on. */
  close(): Promise<void>;
}

const defaults: PhysicalLogSettings = {
  segmentBytes: limits.segmentBytes,
  zeroAheadBytes: limits.segmentZeroAheadBytes,
  syncWriteBytesMax: limits.syncWriteBytesMax,
  recordBytesMax: limits.recordBytesMax,
  frameBytesTarget: 1024 * 1024,
  vouchAfterMs: 50,
  stallRetryMs: 500,
};

const readBytesDefault = 1024 * 1024;
const logNumberMax = 0xffff;

/**
 * Opens the physical log in `folder`, making it if there is none, and recovers it: every acknowledged record is there,
 * a torn tail is cut. Throws `LOG_DAMAGED` (`details.file`, `details.offset`) for anything else that is not as it was written.
 */
export const openPhysicalLog = async (
  files: Files,
  folder: string,
  options: PhysicalLogOptions,
): Promise<PhysicalLog> => {
  const { env, ...rest } = options;
  const asked: PhysicalLogSettings = { ...defaults, ...rest };
  const settings = { ...asked, frameBytesTarget: Math.min(asked.frameBytesTarget, asked.segmentBytes) };
  const largestFrame = paddedLength(frameLength(1, settings.recordBytesMax));
  if (
    largestFrame > Math.min(settings.segmentBytes, limits.frameBytesMax) ||
    settings.segmentBytes % frameAlignBytes > 0
  ) {
    throw new TuttiError('INVARIANT', 'Segments must hold whole blocks, and a record of the largest size.');
  }
  await files.makeFolder(folder);
  const recovered = await recover(files, folder, settings.segmentBytes);
  const { records } = recovered;
  const segments = new SegmentSet(files, folder, env, settings, recovered.segments, recovered.spares);
  const reader = new LogReader(folder, segments, records);
  const writer = new FrameWriter(env, folder, segments, recovered, settings, () => cleaner.check());
  const cleaner = new LogCleaner(env, folder, settings.segmentBytes, segments, records, reader, writer);
  if (recovered.unvouched) await writer.rewrite(recovered.unvouched);
  if (!segments.current) await segments.advance();
  segments.prepare();
  // A crash may have come between the frame that gives segments up and their removal.
  cleaner.check();
  return new SegmentedLog({ segments, records, reader, writer, cleaner, recordBytesMax: settings.recordBytesMax });
};

type Parts = {
  readonly segments: SegmentSet;
  readonly records: RecordMap;
  readonly reader: LogReader;
  readonly writer: FrameWriter;
  readonly cleaner: LogCleaner;
  readonly recordBytesMax: number;
};

class SegmentedLog implements PhysicalLog {
  readonly #parts: Parts;
  readonly #logs = new Map<number, LogicalLog>();
  #closed: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get stalled(): Stall | undefined {
    return this.#parts.writer.stalled;
  }

  get counters(): LogCounters {
    return this.#parts.writer.counters;
  }

  log(number: number): Log {
    if (!Number.isInteger(number) || number < 0 || number > logNumberMax) {
      throw new TuttiError('INVARIANT', `No logical log can have the number ${number}.`);
    }
    let log = this.#logs.get(number);
    if (!log) {
      log = new LogicalLog(number, this.#parts);
      this.#logs.set(number, log);
    }
    return log;
  }

  logs(): readonly number[] {
    return this.#parts.records.logs();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { writer, cleaner, segments } = this.#parts;
    const stopped = cleaner.stop();
    await writer.close();
    await stopped;
    await segments.close();
  }
}

class LogicalLog implements Log {
  readonly shared = false;
  readonly #number: number;
  readonly #parts: Parts;
  /** The last position given to an append, durable or not (L2). */
  #lastGiven: number;

  constructor(number: number, parts: Parts) {
    this.#number = number;
    this.#parts = parts;
    this.#lastGiven = parts.records.end(number);
  }

  append(bytes: Uint8Array, after: number): Promise<AppendResult> {
    const { writer, recordBytesMax } = this.#parts;
    if (bytes.length > recordBytesMax) {
      const message = `A record of ${bytes.length} bytes is beyond the limit of ${recordBytesMax}.`;
      return Promise.reject(new TuttiError('INVARIANT', message));
    }
    if (after !== this.#lastGiven) return Promise.resolve({ kind: 'occupied' });
    const position = ++this.#lastGiven;
    return new Promise((settle) => {
      writer.add({ log: this.#number, kind: EntryKind.record, position, bytes, settle });
    });
  }

  read(from: number, maxBytes: number = readBytesDefault): Promise<readonly LogRecord[]> {
    return this.#parts.reader.read(this.#number, from, maxBytes);
  }

  async end(): Promise<number> {
    return this.#parts.records.end(this.#number);
  }

  async start(): Promise<number> {
    return this.#parts.records.start(this.#number);
  }

  async trim(upTo: number): Promise<void> {
    this.#parts.records.trim(this.#number, upTo);
    this.#parts.cleaner.check();
  }
}
