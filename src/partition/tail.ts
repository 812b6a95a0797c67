/**
 * What a replica does that does not lead: it takes the records of the log in their order and applies them.
 *
 * A standby flushes at each checkpoint's record, and applies no further than to the next one while it flushes (C1). Who wants
 * to lead does not wait for its disk: it leaves a checkpoint out that comes while one is flushed.
 */
import type { LogRecord } from '../engine/engine.ts';
import { recordKind } from './record.ts';
import type { Replica } from './replica.ts';

export type TailStep =
  | { readonly kind: 'stands'; readonly position: number; readonly bytes: Uint8Array }
  | ({ readonly kind: 'flush' } & Checkpoint);

type Steps = { push(step: TailStep): unknown };

type Checkpoint = { readonly position: number; readonly note: Uint8Array; readonly digest: boolean };

export class Tail {
  readonly #replica: Replica;
  readonly #shared: boolean;
  readonly #flushes: boolean;
  #records: readonly LogRecord[] = [];
  #next = 0;
  /** A checkpoint that waits for the one before it. */
  #waiting: Checkpoint | undefined;
  #handedTo: string | undefined;

  /** `flushes`: at the checkpoints of whoever leads. */
  constructor(replica: Replica, options: { readonly shared: boolean; readonly flushes: boolean }) {
    this.#replica = replica;
    this.#shared = options.shared;
    this.#flushes = options.flushes;
  }

  /** A checkpoint waits for the one before it, and what was read after it waits too. */
  get blocked(): boolean {
    return this.#waiting !== undefined;
  }

  /** The newest record that counts gives the partition away, and that was not told yet. */
  get handedOver(): boolean {
    return this.#handedTo !== undefined;
  }

  /** Whom the leader gave the partition to, if no record that counts came after that. Told once. */
  takeHandedTo(): string | undefined {
    const to = this.#handedTo;
    this.#handedTo = undefined;
    return to;
  }

  /** What was read next. All that came before was applied. */
  take(records: readonly LogRecord[]): void {
    this.#records = records;
    this.#next = 0;
  }

  /** Applies what was taken, if `patient` no further than the disk comes along. What is to be done then goes to `steps`. */
  goOn(patient: boolean, steps: Steps): void {
    if (this.#waiting !== undefined) {
      if (patient && this.#replica.flushing) return;
      if (patient) this.#flush(this.#waiting, steps);
      this.#waiting = undefined;
    }
    while (this.#next < this.#records.length && this.#waiting === undefined) {
      const record = this.#records[this.#next++] as LogRecord;
      const counted = this.#replica.apply(record);
      if (this.#shared) steps.push({ kind: 'stands', position: record.position, bytes: record.bytes });
      if (counted === undefined) continue;
      this.#handedTo = counted.to;
      if (counted.kind !== recordKind.checkpoint || !this.#flushes) continue;
      const { digest, checksum } = counted;
      const checkpoint = { position: record.position, note: this.#replica.note(checksum), digest };
      if (!this.#replica.flushing) this.#flush(checkpoint, steps);
      else if (patient) this.#waiting = checkpoint;
    }
  }

  #flush(checkpoint: Checkpoint, steps: Steps): void {
    this.#replica.freeze();
    steps.push({ kind: 'flush', ...checkpoint });
  }
}
