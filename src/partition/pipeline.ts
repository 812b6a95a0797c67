/**
 * What a leader has appended and not yet had acknowledged: at most `window` records, resolved strictly oldest first.
 *
 * Invariants
 * - W1: results are taken oldest first; a younger record counts only after every older one.
 * - W2: bytes once sent for a position are the only bytes ever sent for it, until the position was read and found taken.
 * - W3: up to `carefulUntil` (epoch position + window − 1) one record is under way at a time, because an older leader's
 *   leftovers may still land there (scenario P1).
 * - W4: `occupied` and `unknown` prove nothing; only what is read at the position does (scenario P3).
 * - W5: while records that were refused are sent again, nothing new is sent: it would be refused as well, and so on for ever.
 *
 * It does no I/O: it says what to append and what to read, and is told what came of it.
 */

import type { AppendResult, LogRecord } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { decodeHeader, type LogId, type RecordKind, sameLog } from './record.ts';

/** A record under way, and what may leave the partition once it and all before it are durable. */
export type Entry<Output> = {
  readonly bytes: Uint8Array;
  readonly checksum: number;
  readonly kind: RecordKind;
  readonly digest: boolean;
  readonly outputs: Output[];
  /** The position after which it was or will be sent. */
  after: number;
  result: AppendResult | undefined;
};

/** What the pipeline wants done. */
export type PipelineStep<Output> =
  | { readonly kind: 'append'; readonly entry: Entry<Output>; readonly again: boolean }
  | { readonly kind: 'read'; readonly from: number }
  | { readonly kind: 'release'; readonly outputs: readonly Output[] }
  /** What an older leader had under way stands at the position that was meant for ours. */
  | { readonly kind: 'leftover'; readonly record: LogRecord }
  | { readonly kind: 'acknowledged'; readonly entry: Entry<Output>; readonly position: number }
  | { readonly kind: 'fenced'; readonly certain: boolean; readonly unresolved: readonly Entry<Output>[] };

export class Pipeline<Output> {
  #window: number;
  readonly #logId: LogId;
  readonly #epoch: number;
  readonly #carefulWindow: number;
  readonly #carefulUntil: number;
  readonly #entries: Entry<Output>[] = [];
  #acknowledged: number;
  #reading = false;
  #resending = false;

  /** `epoch` is the position of this leader's epoch record, which is in the log. `carefulWindow` is the window of every leader there may have been. */
  constructor(options: {
    readonly window: number;
    readonly carefulWindow: number;
    readonly logId: LogId;
    readonly epoch: number;
  }) {
    this.#window = options.window;
    this.#logId = options.logId;
    this.#epoch = options.epoch;
    this.#carefulWindow = options.carefulWindow;
    this.#carefulUntil = options.epoch + options.carefulWindow - 1;
    this.#acknowledged = options.epoch;
  }

  /** The end of the unbroken acknowledged prefix. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The position the next record will take, if nothing slips in. */
  get next(): number {
    const last = this.#entries[this.#entries.length - 1];
    return (last === undefined ? this.#acknowledged : last.after + 1) + 1;
  }

  /** The newest entry under way. */
  get newest(): Entry<Output> | undefined {
    return this.#entries[this.#entries.length - 1];
  }

  get hasRoom(): boolean {
    const oldest = this.#entries[0];
    if (oldest === undefined) return true;
    if (this.#resending) return false;
    return oldest.after + 1 > this.#carefulUntil && this.#entries.length < this.#window;
  }

  /** In the largest window that any leader may have: who is about to end does not wait. */
  hurry(): void {
    this.#window = this.#carefulWindow;
  }

  /** Outputs that wait for what is under way. */
  get outputCount(): number {
    let count = 0;
    for (const entry of this.#entries) count += entry.outputs.length;
    return count;
  }

  /** Outputs that depend on what is under way; where nothing is, they may leave. */
  attach(outputs: readonly Output[]): PipelineStep<Output>[] {
    const { newest } = this;
    if (newest === undefined) return [{ kind: 'release', outputs }];
    for (const output of outputs) newest.outputs.push(output);
    return [];
  }

  /** Adds a record; the caller has seen `hasRoom`. */
  push(record: Pick<Entry<Output>, 'bytes' | 'checksum' | 'kind' | 'digest' | 'outputs'>): PipelineStep<Output> {
    const entry: Entry<Output> = { ...record, after: this.next - 1, result: undefined };
    this.#entries.push(entry);
    return { kind: 'append', entry, again: false };
  }

  /** Takes what the log said of `entry`. */
  appendResult(entry: Entry<Output>, result: AppendResult): PipelineStep<Output>[] {
    entry.result = result.kind === 'appended' && result.position !== entry.after + 1 ? { kind: 'unknown' } : result;
    return this.#resolve();
  }

  /** Takes what was read at the position of the oldest entry (asked for by a `read`). */
  readResult(records: readonly LogRecord[] | 'trimmed'): PipelineStep<Output>[] {
    this.#reading = false;
    const oldest = this.#entries[0];
    if (oldest === undefined) return [];
    if (records === 'trimmed') return [this.#fence(false)];
    const found = records.find((record) => record.position === oldest.after + 1);
    if (found === undefined) return this.#sendAgain();
    if (sameBytes(found.bytes, oldest.bytes)) {
      oldest.result = { kind: 'appended', position: found.position };
      return this.#resolve();
    }
    const header = decodeHeader(found.bytes, found.position);
    const foreign = !sameLog(header.logId, this.#logId);
    if (!foreign && header.epoch > this.#epoch) return [this.#fence(true)];
    // Where others may have been sent after it, going one further would break the chain (scenario P1).
    if (this.#entries.length > 1 || (!foreign && header.epoch === this.#epoch))
      throw new TuttiError(
        foreign ? 'LOG_DAMAGED' : 'INVARIANT',
        foreign
          ? `Position ${found.position} holds a record of another log: somebody who led a log that was under this name before is still writing.`
          : `Position ${found.position} holds a record that this leader (epoch ${this.#epoch}) never sent there.`,
        { details: { position: found.position } },
      );
    // A leftover: step over it. Nothing else is under way (W3), so the same bytes may go one further.
    oldest.after = found.position;
    oldest.result = undefined;
    this.#acknowledged = found.position;
    return [
      { kind: 'leftover', record: found },
      { kind: 'append', entry: oldest, again: false },
    ];
  }

  /**
   * The oldest is not there, so whatever was refused after it was refused for that: all of it is sent again, in order, and
   * nothing new before it is through (W5). One at a time, each would find the next one refused.
   */
  #sendAgain(): PipelineStep<Output>[] {
    this.#resending = true;
    const steps: PipelineStep<Output>[] = [];
    for (const entry of this.#entries) {
      if (entry.result === undefined || entry.result.kind === 'appended') continue;
      entry.result = undefined;
      steps.push({ kind: 'append', entry, again: true });
    }
    return steps;
  }

  #resolve(): PipelineStep<Output>[] {
    const steps: PipelineStep<Output>[] = [];
    for (let oldest = this.#entries[0]; oldest?.result !== undefined; oldest = this.#entries[0]) {
      if (oldest.result.kind !== 'appended') {
        if (!this.#reading) {
          this.#reading = true;
          steps.push({ kind: 'read', from: oldest.after + 1 });
        }
        break;
      }
      this.#entries.shift();
      if (this.#entries.length === 0) this.#resending = false;
      this.#acknowledged = oldest.result.position;
      steps.push({ kind: 'acknowledged', entry: oldest, position: this.#acknowledged });
    }
    return steps;
  }

  #fence(certain: boolean): PipelineStep<Output> {
    return { kind: 'fenced', certain, unresolved: this.#entries.splice(0) };
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0;
