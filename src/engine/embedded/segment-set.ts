/**
 * The segment files of one physical log: the oldest ones in use, the current one that frames go to, the next one made
 * ready ahead, and spare files waiting to be used again.
 *
 * N1. Segments in use have different numbers, in the order of their frames.
 * N2. Before a frame is written to a segment, the segment's name is durable.
 * N3. Segments are given up oldest first, each durably before the next.
 * N4. A file on which a write failed is never used again.
 */
import path from 'node:path';
import type { Env } from '../../platform/env.ts';
import { type Files, fileErrorCode } from './files.ts';
import { Segment, segmentName } from './segment.ts';

export type SegmentSettings = {
  readonly segmentBytes: number;
  /** How much of a segment is filled with zeros ahead of the next frame. */
  readonly zeroAheadBytes: number;
};

const sparesMax = 2;
/** Of a new log only so much is filled before it is opened, so that opening is quick. */
const firstFillBytes = 256 * 1024;

export class SegmentSet {
  readonly #files: Files;
  readonly #folder: string;
  readonly #env: Env;
  readonly #settings: SegmentSettings;
  readonly #byNumber = new Map<number, Segment>();
  /** Paths of files to be used again. */
  readonly #spares: string[];
  #current: Segment | undefined;
  #next: Segment | undefined;
  #preparing: Promise<void> | undefined;
  #lastNumber: number;
  /** A segment was given up, and the sync that makes that durable failed. */
  #releasedUnsynced = false;
  #closed = false;

  /** `inUse`: what recovery found, ascending, the last one to be written on; `spares`: paths of free files. */
  constructor(
    files: Files,
    folder: string,
    env: Env,
    settings: SegmentSettings,
    inUse: readonly Segment[],
    spares: readonly string[],
  ) {
    this.#files = files;
    this.#folder = folder;
    this.#env = env;
    this.#settings = settings;
    this.#spares = [...spares];
    for (const segment of inUse) this.#byNumber.set(segment.number, segment);
    this.#current = inUse.at(-1);
    this.#lastNumber = this.#current?.number ?? 0;
  }

  /** The segment that frames go to; undefined before the first `advance` of a new log. */
  get current(): Segment | undefined {
    return this.#current;
  }

  /** Numbers of the segments older than the current one, ascending. */
  older(): readonly number[] {
    return [...this.#byNumber.keys()].filter((number) => number < (this.#current?.number ?? 0));
  }

  get(number: number): Segment | undefined {
    return this.#byNumber.get(number);
  }

  /** Goes on to the next segment, because the current one is full or has failed. Rejects if there can be none now. */
  async advance(): Promise<Segment> {
    await this.#preparing;
    const left = this.#current;
    if (left) await this.#dropIfEmpty(left);
    const next = this.#next ?? (await this.#make());
    this.#next = undefined;
    this.#byNumber.set(next.number, next);
    this.#current = next;
    if (!left && next.needsFilling(firstFillBytes)) await next.fillAhead(firstFillBytes);
    this.prepare();
    return next;
  }

  /** Makes room ahead in the current segment, and the next segment when the current one nears its end. */
  prepare(): void {
    const { zeroAheadBytes, segmentBytes } = this.#settings;
    const current = this.#current;
    if (!current || this.#closed || this.#preparing) return;
    if (current.needsFilling(zeroAheadBytes / 2)) void current.fillAhead(zeroAheadBytes);
    else if (!this.#next && !current.failed && current.room < segmentBytes / 4) {
      this.#preparing = this.#prepareNext().finally(() => {
        this.#preparing = undefined;
      });
    } else if (this.#next?.needsFilling(zeroAheadBytes)) void this.#next.fillAhead(zeroAheadBytes);
  }

  /** Gives up the segments below `number`, keeping some of their files to be used again. */
  async release(number: number): Promise<void> {
    for (const old of this.older()) {
      if (old >= number) return;
      const segment = this.#byNumber.get(old)!;
      // Readers of carried records may still be at it; closing waits for them.
      await segment.close();
      if (this.#releasedUnsynced) await this.#files.syncFolder(this.#folder);
      const free = path.join(this.#folder, segmentName(segment, 'free'));
      if (segment.failed || this.#spares.length >= sparesMax) await this.#files.remove(segment.path);
      else {
        await this.#files.rename(segment.path, free);
        this.#spares.push(free);
      }
      // Not before: one whose name could not be taken away comes first again the next time (N3).
      this.#byNumber.delete(old);
      this.#releasedUnsynced = true;
      await this.#files.syncFolder(this.#folder);
      this.#releasedUnsynced = false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#preparing;
    await this.#next?.close();
    for (const segment of this.#byNumber.values()) await segment.close();
  }

  /** A segment that never held a frame has failed at its first: a full disk must not fill a folder with those. */
  async #dropIfEmpty(segment: Segment): Promise<void> {
    if (segment.firstFrame !== undefined) return;
    await segment.close();
    await this.#files.remove(segment.path);
    this.#byNumber.delete(segment.number);
  }

  async #prepareNext(): Promise<void> {
    try {
      this.#next = await this.#make();
      if (this.#next.needsFilling(this.#settings.zeroAheadBytes))
        void this.#next.fillAhead(this.#settings.zeroAheadBytes);
    } catch (error) {
      // Nothing is lost: the next segment is made when it is needed, and that failure is dealt with there.
      this.#env.events.emit('log.prepare_failed', { folder: this.#folder, code: fileErrorCode(error) });
    }
  }

  async #make(): Promise<Segment> {
    const identity = { number: ++this.#lastNumber, salt: Buffer.from(this.#env.random.bytes(4)).readUInt32LE(0) };
    const name = path.join(this.#folder, segmentName(identity, 'seg'));
    // Taken off the list first: others may be added meanwhile.
    const spare = this.#spares.pop();
    if (spare !== undefined) await this.#reuse(spare, name);
    let segment: Segment | undefined;
    try {
      const how = spare === undefined ? 'new' : 'existing';
      segment = await Segment.open(this.#files, this.#folder, identity, this.#settings.segmentBytes, how);
      await this.#files.syncFolder(this.#folder);
      return segment;
    } catch (error) {
      await segment?.close().catch(() => {});
      await this.#files.remove(name).catch(() => {});
      throw error;
    }
  }

  async #reuse(spare: string, name: string): Promise<void> {
    try {
      await this.#files.rename(spare, name);
    } catch (error) {
      if (fileErrorCode(error) !== 'ENOENT') this.#spares.push(spare);
      throw error;
    }
  }
}
