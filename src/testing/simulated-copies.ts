/** Copies of records on the disk of a simulated node: they outlive kills, and lose what was kept last when the power fails. */
import type { LogRecord } from '../engine/engine.ts';
import type { RecordCopies } from '../partition/record-copies.ts';

/** What a message carries. */
const readBytesMax = 5_000;

export class SimulatedCopies implements RecordCopies {
  readonly #full: () => boolean;
  #start = 1;
  #records: Uint8Array[] = [];

  /** `full`: nothing more can be written now. */
  constructor(full: () => boolean) {
    this.#full = full;
  }

  get start(): number {
    return this.#records.length === 0 ? 0 : this.#start;
  }

  get end(): number {
    return this.#records.length === 0 ? 0 : this.#start + this.#records.length - 1;
  }

  keep(position: number, bytes: Uint8Array): 'kept' | 'differs' {
    const kept = this.#records[position - this.#start];
    if (kept !== undefined) return Buffer.compare(kept, bytes) === 0 ? 'kept' : 'differs';
    if (this.#full() || position < this.#start) return 'kept';
    if (position !== this.end + 1) this.#records = [];
    if (this.#records.length === 0) this.#start = position;
    this.#records.push(bytes);
    return 'kept';
  }

  async read(from: number): Promise<readonly LogRecord[]> {
    const records: LogRecord[] = [];
    let sizeBytes = 0;
    for (let position = from; sizeBytes < readBytesMax; position++) {
      const bytes = this.#records[position - this.#start];
      if (bytes === undefined) break;
      records.push({ position, bytes });
      sizeBytes += bytes.length;
    }
    return records;
  }

  trim(upTo: number): void {
    if (upTo <= this.#start) return;
    this.#records = this.#records.slice(upTo - this.#start);
    this.#start = upTo;
  }

  /** The last `count` records are gone. */
  loseTail(count: number): void {
    this.#records.length = Math.max(0, this.#records.length - count);
  }
}
