/**
 * How a log that ends before what is known to have been acknowledged gets its tail back: the same bytes at the same positions
 * (scenario P4). It does no I/O: it says what to look at, to fetch and to append, and is told what came of it.
 *
 * Invariants
 * - B1: a record is put back only right behind one that was seen to stand there, and only where nothing was seen.
 * - B2: where other bytes stand than those that were kept, all stops and is reported; no copy is discarded.
 * - B3: a position that nobody has a copy of is looked at for a while, because reads may lag; then that is reported. Nothing is
 *   ever put in its place.
 */
import type { AppendResult } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';

/** How often a position is looked at that nobody has a copy of. */
const looksMax = 20;

export type PutBackAction =
  /** Read this position of the log; tell `looked`. With `again` it was looked at before: pause a little. */
  | { readonly kind: 'look'; readonly position: number; readonly again: boolean }
  /** Get the copy of this position, from wherever there is one; tell `fetched`. */
  | { readonly kind: 'fetch'; readonly position: number }
  /** Append these bytes right at this position; tell `appended`. */
  | { readonly kind: 'append'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly count: number };

export class PutBack {
  readonly #partition: number;
  readonly #to: number;
  readonly #ownLog: (bytes: Uint8Array) => boolean;
  #position: number;
  #action: PutBackAction;
  /** What stands at the position. */
  #found: Uint8Array | undefined;
  /** Up to here all that stands there was seen to be what it should be; undefined: that is not known. */
  #seenTo: number | undefined;
  #looks = 0;
  #count = 0;

  /** `end`: where the log seems to end, which may be wrong either way. `to`: the last position that is known. `ownLog`: whether a record is of this log at all. */
  constructor(options: {
    readonly partition: number;
    readonly end: number;
    readonly to: number;
    readonly ownLog: (bytes: Uint8Array) => boolean;
  }) {
    this.#partition = options.partition;
    this.#to = options.to;
    this.#ownLog = options.ownLog;
    this.#position = Math.max(1, Math.min(options.end, options.to));
    this.#action = { kind: 'look', position: this.#position, again: false };
  }

  /** What to do next. */
  get action(): PutBackAction {
    return this.#action;
  }

  /** What stands at the position; undefined: nothing that can be seen. `trimmed`: a snapshot covers it. */
  looked(found: Uint8Array | undefined | 'trimmed'): void {
    if (found === 'trimmed') this.#go(this.#position + 1);
    else {
      this.#found = found;
      this.#action = { kind: 'fetch', position: this.#position };
    }
  }

  fetched(copy: Uint8Array | undefined): void {
    const found = this.#found;
    if (found !== undefined) {
      if (copy === undefined ? !this.#ownLog(found) : Buffer.compare(copy, found) !== 0) throw this.#differs();
      this.#go(this.#position + 1);
    } else if (this.#position > 1 && this.#seenTo !== this.#position - 1) {
      // It was told to end here, but does not: what stands before must be looked at first (B1).
      this.#position--;
      this.#action = { kind: 'look', position: this.#position, again: false };
    } else if (copy !== undefined) this.#action = { kind: 'append', position: this.#position, bytes: copy };
    else if (this.#looks++ < looksMax) this.#lookAgain();
    else throw this.#missing();
  }

  appended(result: AppendResult): void {
    if (result.kind === 'appended' && result.position === this.#position) {
      this.#count++;
      this.#go(this.#position + 1);
      return;
    }
    // The answer proves nothing (P3): it may stand there, or the log may end even earlier by now.
    this.#seenTo = undefined;
    this.#lookAgain();
  }

  #go(position: number): void {
    this.#looks = 0;
    this.#seenTo = position - 1;
    this.#position = position;
    this.#action =
      position > this.#to ? { kind: 'done', count: this.#count } : { kind: 'look', position, again: false };
  }

  #lookAgain(): void {
    this.#action = { kind: 'look', position: this.#position, again: true };
  }

  #differs(): TuttiError {
    const position = this.#position;
    return new TuttiError(
      'LOG_DAMAGED',
      `Partition ${this.#partition}: position ${position} of the log holds another record than the one that was acknowledged there. It is not led until the log is put right; all copies are kept.`,
      { details: { partition: this.#partition, position } },
    );
  }

  #missing(): TuttiError {
    const [from, to] = [this.#position, this.#to];
    return new TuttiError(
      'LOG_DAMAGED',
      `Partition ${this.#partition}: records ${from} to ${to} were acknowledged, but the log ends before them and no replica that answers has a copy. It is not led until they are back.`,
      { details: { partition: this.#partition, from, to } },
    );
  }
}
