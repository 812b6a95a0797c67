/**
 * Gives up the oldest segments of a physical log when nothing in them is needed any more, and carries old records of quiet
 * logs over into the current segment when they alone hold back too much.
 *
 * C1. Segments are given up oldest first, after a durable frame says where each logical log begins and which frame is the
 *     first. Recovery can therefore tell "given up" from "missing".
 * C2. A carried record keeps its bytes and its position.
 * C3. Carrying is worth it when what is dead in closed segments outweighs what is live there by `deadSegmentsMax` segments:
 *     then the log is at most about twice as large as what it must keep.
 * C4. What is carried at once goes to as few frames as it can, whatever logs it is of: a frame takes at least one block, and
 *     scattered records that went to a frame each would take up as much room as before, so that carrying would never end.
 */

import { isTuttiError } from '../../errors/tutti-error.ts';
import type { Env } from '../../platform/env.ts';
import type { LogRecord } from '../engine.ts';
import { EntryKind } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { LogReader } from './log-reader.ts';
import type { RecordMap } from './record-map.ts';
import type { SegmentSet } from './segment-set.ts';

const deadSegmentsMax = 2;
/** Carried at once, so that appends get their turn. */
const carryBytes = 256 * 1024;
const noBytes = new Uint8Array(0);

type CarriedRecord = { readonly log: number; readonly record: LogRecord };

export class LogCleaner {
  readonly #env: Env;
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #segments: SegmentSet;
  readonly #records: RecordMap;
  readonly #reader: LogReader;
  readonly #writer: FrameWriter;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(
    env: Env,
    folder: string,
    segmentBytes: number,
    segments: SegmentSet,
    records: RecordMap,
    reader: LogReader,
    writer: FrameWriter,
  ) {
    this.#env = env;
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#segments = segments;
    this.#records = records;
    this.#reader = reader;
    this.#writer = writer;
  }

  /** Looks whether segments can be given up; call it when something was trimmed or a segment is full. */
  check(): void {
    if (this.#running) this.#again = true;
    else if (!this.#stopped && this.#segments.older().length > 0) {
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.check();
      });
    }
  }

  /** Begins nothing more and waits for what is under way, which goes on only as long as the writer writes. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped && (await this.#step()));
    } catch (error) {
      // The log goes on without being cleaned: it grows, and loses nothing.
      const code = isTuttiError(error) ? error.code : String(error);
      this.#env.events.emit('log.clean_failed', { folder: this.#folder, code });
    }
  }

  /** Gives up segments or makes the oldest one ready for that. False: nothing to do now. */
  async #step(): Promise<boolean> {
    const older = this.#segments.older();
    const dead = older.findIndex((number) => this.#records.liveBytes(number) > 0);
    const deadCount = dead < 0 ? older.length : dead;
    if (deadCount > 0) return await this.#giveUp(older.slice(0, deadCount), older[deadCount]);
    let liveBytes = 0;
    for (const number of older) liveBytes += this.#records.liveBytes(number);
    if (older.length * this.#segmentBytes - liveBytes <= liveBytes + deadSegmentsMax * this.#segmentBytes) return false;
    return await this.#carry(older[0]!);
  }

  async #giveUp(dead: readonly number[], firstKept: number | undefined): Promise<boolean> {
    const kept = firstKept === undefined ? this.#segments.current! : this.#segments.get(firstKept)!;
    const firstFrame = kept.firstFrame ?? this.#writer.nextFrame;
    const marks = this.#records.logs().map((log) => this.#add(log, EntryKind.start, this.#records.start(log), noBytes));
    marks.push(this.#add(0, EntryKind.firstFrame, firstFrame, noBytes));
    if ((await Promise.all(marks)).includes(false)) return false;
    for (const number of dead) this.#records.forget(number);
    await this.#segments.release(kept.number);
    this.#env.events.emit('log.segments_released', { folder: this.#folder, count: dead.length });
    return true;
  }

  async #carry(segment: number): Promise<boolean> {
    let carriedBytes = 0;
    for (;;) {
      const some = await this.#readSome(segment);
      if (some.length === 0) break;
      const carried = some.map(({ log, record }) => this.#add(log, EntryKind.carried, record.position, record.bytes));
      if ((await Promise.all(carried)).includes(false) || this.#stopped) return false;
      for (const { record } of some) carriedBytes += record.bytes.length;
    }
    this.#env.events.emit('log.carried', { folder: this.#folder, segment, bytes: carriedBytes });
    return this.#records.liveBytes(segment) === 0;
  }

  /** Live records of a segment, as many as are carried together; none: it has none. What is carried moves away (C4). */
  async #readSome(segment: number): Promise<readonly CarriedRecord[]> {
    const some: CarriedRecord[] = [];
    let bytes = 0;
    let last = { log: -1, position: 0 };
    for (const { log, position } of this.#records.liveRecords(segment)) {
      if (bytes >= carryBytes || this.#stopped) break;
      if (log === last.log && position <= last.position) continue;
      for (const record of await this.#read(log, position, this.#runBytes(segment, log, position))) {
        if (this.#records.get(log, record.position)?.segment !== segment) continue;
        some.push({ log, record });
        last = { log, position: record.position };
        bytes += record.bytes.length;
      }
    }
    return some;
  }

  /** How much to read for the records from `position` on that stand in the segment without a gap; others stay where they are. */
  #runBytes(segment: number, log: number, position: number): number {
    let bytes = 0;
    for (let next = position; bytes < carryBytes; next++) {
      const at = this.#records.get(log, next);
      if (at?.segment !== segment) break;
      bytes += at.length;
    }
    // An empty record is read as well.
    return Math.max(1, bytes);
  }

  /** Records from `position` on; none if that was trimmed meanwhile. */
  async #read(log: number, position: number, maxBytes: number): Promise<readonly LogRecord[]> {
    try {
      return await this.#reader.read(log, position, maxBytes);
    } catch (error) {
      if (isTuttiError(error) && error.code === 'LOG_TRIMMED') return [];
      throw error;
    }
  }

  #add(log: number, kind: EntryKind, position: number, bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      this.#writer.add({ log, kind, position, bytes, settle: ({ kind: outcome }) => resolve(outcome === 'appended') });
    });
  }
}
