/**
 * Where every record of one physical log stands, and how much of each segment is still needed.
 *
 * A record is *live* from the first position its logical log keeps; a segment without live records can be given up.
 */
import { entryHeaderBytes } from './frame.ts';
import { type Location, PositionIndex } from './position-index.ts';

type Held = { liveBytes: number; readonly ranges: Map<number, { first: number; last: number }> };

export class RecordMap {
  readonly #indexes = new Map<number, PositionIndex>();
  readonly #held = new Map<number, Held>();

  /** Numbers of the logical logs that hold records, ascending. */
  logs(): readonly number[] {
    return [...this.#indexes.keys()].sort((a, b) => a - b);
  }

  /** The first position kept of a logical log, 1 if it has no records. */
  start(log: number): number {
    return this.#indexes.get(log)?.start ?? 1;
  }

  /** The last position of a logical log, 0 if it has no records. */
  end(log: number): number {
    return this.#indexes.get(log)?.end ?? 0;
  }

  get(log: number, position: number): Location | undefined {
    return this.#indexes.get(log)?.get(position);
  }

  /** Notes where a record stands, instead of where it stood. */
  place(log: number, position: number, at: Location): void {
    let index = this.#indexes.get(log);
    if (!index) {
      index = new PositionIndex(position);
      this.#indexes.set(log, index);
    }
    const before = index.get(position);
    if (before) this.#live(before.segment).liveBytes -= before.length + entryHeaderBytes;
    index.set(position, at.segment, at.offset, at.length, at.crc);
    const held = this.#live(at.segment);
    held.liveBytes += at.length + entryHeaderBytes;
    const range = held.ranges.get(log);
    if (!range) held.ranges.set(log, { first: position, last: position });
    else {
      range.first = Math.min(range.first, position);
      range.last = Math.max(range.last, position);
    }
  }

  /** Forgets positions below `upTo`, but never the last one. */
  trim(log: number, upTo: number): void {
    const index = this.#indexes.get(log);
    if (!index) return;
    const start = Math.min(upTo, index.end);
    for (let position = index.start; position < start; position++) {
      const at = index.get(position);
      if (at) this.#live(at.segment).liveBytes -= at.length + entryHeaderBytes;
    }
    index.trim(start);
  }

  /** The first position from `start(log)` on of which nothing is known. */
  firstHole(log: number): number | undefined {
    return this.#indexes.get(log)?.firstHole();
  }

  /** How many bytes of a segment are live, headers of entries included. */
  liveBytes(segment: number): number {
    return this.#held.get(segment)?.liveBytes ?? 0;
  }

  /** The live records of a segment, in order of position in each logical log. */
  *liveRecords(segment: number): Generator<{ readonly log: number; readonly position: number; readonly at: Location }> {
    for (const [log, { first, last }] of this.#held.get(segment)?.ranges ?? []) {
      for (let position = Math.max(first, this.start(log)); position <= last; position++) {
        const at = this.get(log, position);
        if (at?.segment === segment) yield { log, position, at };
      }
    }
  }

  /** A segment is given up; nothing in it is live. */
  forget(segment: number): void {
    this.#held.delete(segment);
  }

  #live(segment: number): Held {
    let held = this.#held.get(segment);
    if (!held) {
      held = { liveBytes: 0, ranges: new Map() };
      this.#held.set(segment, held);
    }
    return held;
  }
}
