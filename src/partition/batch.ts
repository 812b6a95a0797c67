/**
 * What steps have written and not yet sent: an open batch that the next step joins, and closed ones that wait for room in the
 * window. Each becomes one record.
 *
 * Invariants
 * - B1: a step's writes are in one batch, and its outputs in the same or a later one.
 * - B2: a batch is closed when it has grown to `batchCharsMax`, so that a record is never larger than that and one step.
 * - B3: sequence numbers grow with every call and are never given twice, over all epochs (scenario P7): they are made of the
 *   position that the record would take, and an index in it.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import type { RowWrites } from './record.ts';

/** Room for years of records below the integers that a number holds exactly (2^53). */
const sequencePerRecord = 2 ** 14;
const sequencesMax = sequencePerRecord / 2;
const batchCharsMax = 1024 * 1024;

export type Batch<Output> = {
  readonly writes: RowWrites;
  readonly outputs: Output[];
  /** Characters of keys and texts, roughly. */
  chars: number;
  sequences: number;
  readonly checkpoint: boolean;
  /** Of a checkpoint: every replica makes a digest there. */
  readonly digest: boolean;
};

export class Batches<Output> {
  #closed: Batch<Output>[] = [];
  #open: Batch<Output> = emptyBatch();

  get open(): Batch<Output> {
    return this.#open;
  }

  get closedCount(): number {
    return this.#closed.length;
  }

  /** Nothing was written or is to leave. */
  get empty(): boolean {
    return this.#closed.length === 0 && this.#open.writes.length === 0 && this.#open.outputs.length === 0;
  }

  get outputCount(): number {
    let count = this.#open.outputs.length;
    for (const batch of this.#closed) count += batch.outputs.length;
    return count;
  }

  /** A new number for the open batch, whose record will stand at `position` (with the epoch's base) or later. */
  sequence(position: number): number {
    const index = this.#open.sequences++;
    if (index >= sequencePerRecord)
      throw new TuttiError(
        'INVARIANT',
        `A step at position ${position} took more than ${sequencesMax} sequence numbers.`,
      );
    return position * sequencePerRecord + index;
  }

  /** `chars`: characters of the texts in the row, about. */
  write(table: number, key: string, fields: readonly unknown[] | null, chars: number): void {
    const batch = this.#open;
    batch.writes.push(table, key, fields);
    batch.chars += key.length + 16 + chars;
  }

  /** A step has ended: closes the batch if it has grown large (B2). */
  stepEnded(): void {
    if (this.#open.chars >= batchCharsMax || this.#open.sequences >= sequencesMax) this.#rotate();
  }

  /** Closes the open batch, full or not, as the one after which the store is flushed. */
  closeForCheckpoint(digest: boolean): void {
    this.#open = { ...this.#open, checkpoint: true, digest };
    this.#rotate();
  }

  #rotate(): void {
    this.#closed.push(this.#open);
    this.#open = emptyBatch();
  }

  /** Takes out the oldest closed batch. */
  takeClosed(): Batch<Output> | undefined {
    return this.#closed.shift();
  }

  /** Takes out what the open batch has to tell, which has written nothing and becomes no record. Its numbers stay given (B3). */
  takeOutputs(): Output[] {
    return this.#open.outputs.splice(0);
  }

  /** Takes out the open batch. */
  takeOpen(): Batch<Output> {
    const batch = this.#open;
    this.#open = emptyBatch();
    return batch;
  }

  /** Takes out all outputs; nothing will be sent any more. */
  takeAllOutputs(): Output[] {
    const outputs = [...this.#closed, this.#open].flatMap((batch) => batch.outputs);
    this.#closed = [];
    this.#open = emptyBatch();
    return outputs;
  }
}

const emptyBatch = <Output>(): Batch<Output> => ({
  writes: [],
  outputs: [],
  chars: 0,
  sequences: 0,
  checkpoint: false,
  digest: false,
});

/** Numbers take a few bytes; a list (the body of a message) holds texts. */
export const charsOf = (fields: readonly unknown[]): number => {
  let chars = 0;
  for (const field of fields)
    chars += typeof field === 'string' ? field.length : Array.isArray(field) ? charsOf(field) : 8;
  return chars;
};
