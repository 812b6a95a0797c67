/**
 * Where the records of one logical log stand: position → segment, offset, length, checksum. 16 bytes a record, and
 * positions have no gaps, so a position is its own key.
 *
 * During recovery positions may arrive in any order (a carried copy stands behind newer records); `firstHole` then tells
 * whether something is missing.
 */
export type Location = {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
};

const fields = 4;
const countMin = 64;

export class PositionIndex {
  /** The position that the first slot of `#cells` belongs to. */
  #base: number;
  #cells = new Uint32Array(countMin * fields);
  #start: number;
  #end: number;

  constructor(start = 1) {
    this.#base = start;
    this.#start = start;
    this.#end = start - 1;
  }

  /** The first position kept. */
  get start(): number {
    return this.#start;
  }

  /** The last position known, `start - 1` if there is none. */
  get end(): number {
    return this.#end;
  }

  /** Where a record stands; undefined if it is not known here. */
  get(position: number): Location | undefined {
    if (position < this.#start || position > this.#end) return undefined;
    const at = (position - this.#base) * fields;
    const segment = this.#cells[at]!;
    if (segment === 0) return undefined;
    return { segment, offset: this.#cells[at + 1]!, length: this.#cells[at + 2]!, crc: this.#cells[at + 3]! };
  }

  /** Notes where a record stands, instead of where it stood. Segment numbers begin at 1. */
  set(position: number, segment: number, offset: number, length: number, crc: number): void {
    if (position < this.#start) {
      this.#rebuild(position, this.#end);
      this.#start = position;
    }
    if ((position - this.#base + 1) * fields > this.#cells.length) this.#rebuild(this.#start, position);
    if (position > this.#end) this.#end = position;
    const at = (position - this.#base) * fields;
    this.#cells[at] = segment;
    this.#cells[at + 1] = offset;
    this.#cells[at + 2] = length;
    this.#cells[at + 3] = crc;
  }

  /** Forgets positions below `start`, which is at most `end + 1`. */
  trim(start: number): void {
    if (start > this.#start) this.#start = start;
  }

  /** The first position from `start` to `end` of which nothing is known. */
  firstHole(): number | undefined {
    for (let position = this.#start; position <= this.#end; position++) {
      if (this.#cells[(position - this.#base) * fields] === 0) return position;
    }
    return undefined;
  }

  /** Makes room from `first` to `last` and half as much again, and drops what lies below `first`. */
  #rebuild(first: number, last: number): void {
    const count = last - first + 1;
    const cells = new Uint32Array(Math.max(countMin, count + (count >> 1)) * fields);
    const from = Math.max(first, this.#start);
    const kept = this.#cells.subarray((from - this.#base) * fields, (this.#end - this.#base + 1) * fields);
    cells.set(kept, (from - first) * fields);
    this.#cells = cells;
    this.#base = first;
  }
}
