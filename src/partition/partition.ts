/**
 * The core of a partition (DESIGN section 3): a synchronous state machine over one log and one store. Events go in, effects
 * come out; it knows no clock, no promise and no I/O. `host.ts` turns effects into I/O.
 *
 * Life: `reading` (applies the log from the store's marker to its end) → `claiming` (its epoch record is under way) →
 * `leading` → `fenced` (a newer leader's record was read; this object is then of no more use).
 *
 * Invariants
 * - G1, the one gate: an output leaves only by a `release` effect, after everything it may depend on is durable, and, where
 *   the log is shared, after an append that began later (scenario P2).
 * - R1: which records count is decided here alone: a foreign log id or an older epoch is skipped, anything else must link.
 * - C1: a checkpoint flushes exactly the state at its record's position.
 * - D1: time of records never goes back.
 */
import type { AppendResult, LogRecord } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { StoreReader } from '../store/store.ts';
import { type EncodedWrite, Layers } from './layers.ts';
import { type Entry, Pipeline, type PipelineStep } from './pipeline.ts';
import {
  decodeHeader,
  decodePayload,
  decodeRow,
  encodeRecord,
  encodeRow,
  type LogId,
  type RowWrites,
  recordKind,
} from './record.ts';
import type { Table, TableSet } from './table.ts';

export type PartitionOptions = {
  readonly partition: number;
  /** Records this leader keeps under way at most. */
  readonly window: number;
  /** The largest window any leader of this log may have used. */
  readonly carefulWindow: number;
  readonly shared: boolean;
  readonly store: StoreReader;
  readonly tables: TableSet;
  /** Used only if the log is new. */
  readonly newLogId: LogId;
};

export type Role = 'reading' | 'claiming' | 'leading' | 'fenced';

export type PartitionEffect<Output> =
  /** Append `entry.bytes` after `entry.after`; tell `appendResult`. With `again` the same bytes were sent before: pause a little. */
  | { readonly kind: 'append'; readonly entry: Entry<Output>; readonly again: boolean }
  /** Read records from a position; tell `readResult`. */
  | { readonly kind: 'read'; readonly from: number }
  /** It leads: `transact` may be called. */
  | { readonly kind: 'leading'; readonly epoch: number }
  /** Let these out, in order. */
  | { readonly kind: 'release'; readonly outputs: readonly Output[] }
  /** Write `frozenWrites()` to the store, then the marker, renew the reader, and call `flushed`. */
  | { readonly kind: 'flush'; readonly position: number; readonly note: Uint8Array }
  /** A newer leader took over. `dropped` were never let out; with `certain` what they tell of was certainly not applied. */
  | { readonly kind: 'fenced'; readonly certain: boolean; readonly dropped: readonly Output[] };

/** What a step may do. Valid only while the step runs. */
export interface Transaction<Output> {
  /** The record time: milliseconds, never goes back. */
  readonly time: number;
  /** The log position that what this step writes will take, or a higher one: nothing at or above it is durable yet. */
  readonly writingAt: number;
  /** A number that grows with every call, over all epochs: order among rows. */
  sequence(): number;
  get<Row>(table: Table<Row>, key: string): Row | undefined;
  put<Row>(table: Table<Row>, key: string, row: Row): void;
  delete(table: { readonly id: number }, key: string): void;
  /** In order of keys; sorts what is not flushed: not for hot paths. */
  scan<Row>(table: Table<Row>, from?: string, to?: string): Iterable<readonly [key: string, row: Row]>;
  /** Lets `output` out once everything this step may have read or written is durable. */
  emit(output: Output): void;
  /** Lets `output` out as soon as leadership is certain: for what depends only on the acknowledged prefix up to now (a grant of a durable task). */
  emitSettled(output: Output): void;
}

const sequencePerRecord = 2 ** 20;

export class Partition<Output> implements Transaction<Output> {
  readonly #options: PartitionOptions;
  readonly #layers: Layers;
  #role: Role = 'reading';
  #effects: PartitionEffect<Output>[] = [];

  // What the log says, as far as it was read or written.
  #logId: LogId | undefined;
  #lastPosition = 0;
  #lastLink = 0;
  #lastEpoch = 0;
  #lastTime = 0;

  // The claim, then the leadership.
  #claim: { readonly entry: Entry<Output> } | undefined;
  #pipeline: Pipeline<Output> | undefined;

  // The open batch.
  #writes: RowWrites = [];
  #outputs: Output[] = [];
  #settled: Output[] = [];
  #confirm = false;
  #sequence = 0;
  #undo: unknown[] = [];
  #checkpointWanted = false;
  #checkpointUnderWay = false;
  #logBytesSinceCheckpoint = 0;
  #logBytesWritten = 0;

  time = 0;

  constructor(options: PartitionOptions) {
    this.#options = options;
    this.#layers = new Layers(options.partition, options.store, options.tables);
    const marker = options.store.marker(options.partition);
    if (marker.note !== undefined) {
      const [high, low, link, epoch, time] = decodeRow(marker.note) as [number, number, number, number, number];
      this.#logId = [high, low];
      this.#lastPosition = marker.position;
      this.#lastLink = link;
      this.#lastEpoch = epoch;
      this.#lastTime = time;
    }
    this.#effects.push({ kind: 'read', from: this.#lastPosition + 1 });
  }

  get role(): Role {
    return this.#role;
  }

  /** Position of this leader's epoch record. */
  get epoch(): number {
    return this.#lastEpoch;
  }

  /** The end of the unbroken acknowledged prefix. */
  get acknowledged(): number {
    return this.#pipeline?.acknowledged ?? this.#lastPosition;
  }

  /** The position that what is being written now will take: at or above it nothing is durable yet. */
  get writingAt(): number {
    return this.#pipeline?.next ?? this.#lastPosition + 1;
  }

  get dirtyRows(): number {
    return this.#layers.dirtyRows;
  }

  get logBytesSinceCheckpoint(): number {
    return this.#logBytesSinceCheckpoint;
  }

  /** Bytes of records this leader has written. */
  get logBytesWritten(): number {
    return this.#logBytesWritten;
  }

  /** Outputs held back in the open batch. */
  get heldOutputs(): number {
    return this.#outputs.length;
  }

  /** What the host must do now, in order. */
  takeEffects(): PartitionEffect<Output>[] {
    if (this.#effects.length === 0 && this.#settled.length === 0) return noEffects as PartitionEffect<Output>[];
    const effects = this.#effects;
    this.#effects = [];
    this.#releaseSettled(effects);
    return effects;
  }

  // --- Reading and claiming

  /** Takes the records that a `read` asked for; `trimmed`: the log begins later than that. */
  readResult(records: readonly LogRecord[] | 'trimmed', now: number): void {
    if (this.#role === 'leading') {
      this.#take((this.#pipeline as Pipeline<Output>).readResult(records));
      return;
    }
    if (this.#role === 'fenced') return;
    if (records === 'trimmed')
      throw new TuttiError(
        'LOG_TRIMMED',
        `Partition ${this.#options.partition}: the log begins after position ${this.#lastPosition + 1}, where the store ends. Refill the store from a snapshot.`,
        { details: { partition: this.#options.partition, position: this.#lastPosition + 1 } },
      );
    for (const record of records) this.#applyRead(record);
    if (this.#role === 'claiming') {
      const claim = (this.#claim as { readonly entry: Entry<Output> }).entry;
      if (
        this.#lastEpoch === claim.after + 1 &&
        this.#lastPosition >= claim.after + 1 &&
        this.#lastLink === claim.checksum
      ) {
        this.#lead(claim.after + 1);
        return;
      }
      if (records.length === 0) {
        this.#effects.push({ kind: 'append', entry: claim, again: true });
        return;
      }
      this.#role = 'reading';
    }
    if (records.length > 0) {
      this.#effects.push({ kind: 'read', from: this.#lastPosition + 1 });
      return;
    }
    this.#beginClaim(now);
  }

  #beginClaim(now: number): void {
    const epoch = this.#lastPosition + 1;
    this.#logId ??= this.#options.newLogId;
    this.#lastTime = Math.max(this.#lastTime, now);
    const { bytes, checksum } = encodeRecord(
      {
        kind: recordKind.epoch,
        logId: this.#logId,
        link: this.#lastLink,
        epoch,
        durable: this.#lastPosition,
        time: this.#lastTime,
      },
      [],
    );
    const entry: Entry<Output> = {
      bytes,
      checksum,
      checkpoint: false,
      outputs: [],
      after: this.#lastPosition,
      result: undefined,
    };
    this.#claim = { entry };
    this.#role = 'claiming';
    this.#effects.push({ kind: 'append', entry, again: false });
  }

  #lead(epoch: number): void {
    this.#claim = undefined;
    this.#role = 'leading';
    this.#pipeline = new Pipeline({
      window: this.#options.window,
      carefulWindow: this.#options.carefulWindow,
      logId: this.#logId as LogId,
      epoch,
    });
    this.#effects.push({ kind: 'leading', epoch });
  }

  /** Decides whether a record counts (R1) and applies it. */
  #applyRead(record: LogRecord): void {
    const header = decodeHeader(record.bytes, record.position);
    this.#lastPosition = record.position;
    this.#logBytesSinceCheckpoint += record.bytes.length;
    if (this.#logId === undefined && header.kind === recordKind.epoch) this.#logId = header.logId;
    if (this.#logId === undefined || header.logId[0] !== this.#logId[0] || header.logId[1] !== this.#logId[1]) return;
    if (header.epoch < this.#lastEpoch) return;
    if (header.kind === recordKind.epoch) {
      // An epoch record that landed elsewhere than it meant to is no leadership.
      if (header.epoch !== record.position) return;
    } else if (header.epoch > this.#lastEpoch)
      throw this.#damaged(record.position, 'is of an epoch whose beginning is missing');
    if (header.link !== this.#lastLink) throw this.#damaged(record.position, 'does not follow the record before it');
    this.#lastEpoch = header.epoch;
    this.#lastLink = header.checksum;
    this.#lastTime = Math.max(this.#lastTime, header.time);
    if (header.kind !== recordKind.data) return;
    const writes = decodePayload(record.bytes, header);
    for (let at = 0; at < writes.length; at += 3) {
      const table = writes[at] as number;
      if (!this.#layers.knows(table))
        throw new TuttiError(
          'DATA_FORMAT',
          `The record at position ${record.position} writes table ${table}, which this version of Tutti does not know. Use the version that wrote it, or a newer one.`,
          {
            details: { position: record.position, table },
          },
        );
      this.#layers.apply(table, writes[at + 1] as string, writes[at + 2] as readonly unknown[] | null);
    }
  }

  #damaged(position: number, what: string): TuttiError {
    return new TuttiError(
      'LOG_DAMAGED',
      `Partition ${this.#options.partition}: the record at position ${position} ${what}: the log is damaged there.`,
      {
        details: { partition: this.#options.partition, position },
      },
    );
  }

  // --- Leading

  /** Runs `step` against the newest state. What it throws takes its writes and outputs back. */
  transact(now: number, step: (transaction: Transaction<Output>) => void): void {
    if (this.#role !== 'leading')
      throw new TuttiError('LOG_FENCED', `Partition ${this.#options.partition} is not led here.`);
    if (now > this.#lastTime) this.#lastTime = now;
    this.time = this.#lastTime;
    const writes = this.#writes.length;
    const outputs = this.#outputs.length;
    const settled = this.#settled.length;
    this.#undo.length = 0;
    try {
      step(this);
    } catch (error) {
      for (let at = this.#undo.length - 3; at >= 0; at -= 3)
        this.#layers.restore(this.#undo[at] as number, this.#undo[at + 1] as string, this.#undo[at + 2]);
      this.#writes.length = writes;
      this.#outputs.length = outputs;
      this.#settled.length = settled;
      throw error;
    }
  }

  sequence(): number {
    return this.writingAt * sequencePerRecord + this.#sequence++;
  }

  get<Row>(table: Table<Row>, key: string): Row | undefined {
    return this.#layers.get(table, key);
  }

  put<Row>(table: Table<Row>, key: string, row: Row): void {
    this.#undo.push(table.id, key, this.#layers.set(table.id, key, row));
    this.#writes.push(table.id, key, table.toFields(row));
  }

  delete(table: { readonly id: number }, key: string): void {
    this.#undo.push(table.id, key, this.#layers.set(table.id, key, undefined));
    this.#writes.push(table.id, key, null);
  }

  scan<Row>(table: Table<Row>, from?: string, to?: string): Iterable<readonly [key: string, row: Row]> {
    return this.#layers.scan(table, from, to);
  }

  emit(output: Output): void {
    this.#outputs.push(output);
  }

  emitSettled(output: Output): void {
    // On a shared log nothing is settled before an append that began later has confirmed the leadership.
    if (this.#options.shared) this.#outputs.push(output);
    else this.#settled.push(output);
  }

  /**
   * Ends the turn: what was written goes under way as one record if the window has room (else with the next
   * acknowledgement), and outputs are attached to what they depend on.
   */
  endTurn(): void {
    const pipeline = this.#pipeline;
    if (pipeline === undefined || this.#role !== 'leading') return;
    if (this.#writes.length === 0 && this.#outputs.length > 0) {
      // Nothing written: the outputs depend on what is under way, or on nothing.
      const newest = pipeline.newest;
      if (newest === undefined && !this.#options.shared) {
        this.#effects.push({ kind: 'release', outputs: this.#outputs });
        this.#outputs = [];
      } else if (newest !== undefined && !this.#options.shared) {
        newest.outputs.push(...this.#outputs);
        this.#outputs = [];
      } else this.#confirm = true;
    }
    if ((this.#writes.length > 0 || this.#confirm) && pipeline.hasRoom) this.#seal(pipeline);
    if (this.#checkpointWanted && pipeline.hasRoom && this.#writes.length === 0) this.#sealCheckpoint(pipeline);
  }

  #seal(pipeline: Pipeline<Output>): void {
    const { bytes, checksum } = encodeRecord(
      {
        kind: recordKind.data,
        logId: this.#logId as LogId,
        link: this.#lastLink,
        epoch: this.#lastEpoch,
        durable: pipeline.acknowledged,
        time: this.#lastTime,
      },
      this.#writes,
    );
    this.#push(pipeline, bytes, checksum, false);
    this.#writes = [];
    this.#confirm = false;
  }

  #sealCheckpoint(pipeline: Pipeline<Output>): void {
    this.#checkpointWanted = false;
    this.#checkpointUnderWay = true;
    const { bytes, checksum } = encodeRecord(
      {
        kind: recordKind.checkpoint,
        logId: this.#logId as LogId,
        link: this.#lastLink,
        epoch: this.#lastEpoch,
        durable: pipeline.acknowledged,
        time: this.#lastTime,
      },
      [],
    );
    this.#layers.freeze();
    this.#logBytesSinceCheckpoint = 0;
    this.#push(pipeline, bytes, checksum, true);
  }

  #push(pipeline: Pipeline<Output>, bytes: Uint8Array, checksum: number, checkpoint: boolean): void {
    this.#lastLink = checksum;
    this.#sequence = 0;
    this.#logBytesSinceCheckpoint += bytes.length;
    this.#logBytesWritten += bytes.length;
    this.#take([pipeline.push({ bytes, checksum, checkpoint, outputs: this.#outputs })]);
    this.#outputs = [];
  }

  /** Takes what the log said of an append. */
  appendResult(entry: Entry<Output>, result: AppendResult): void {
    if (this.#role === 'leading') {
      this.#take((this.#pipeline as Pipeline<Output>).appendResult(entry, result));
      this.endTurn();
      return;
    }
    if (this.#role !== 'claiming' || this.#claim?.entry !== entry) return;
    if (result.kind === 'appended' && result.position === entry.after + 1) {
      this.#lastPosition = result.position;
      this.#lastLink = entry.checksum;
      this.#lastEpoch = result.position;
      this.#lead(result.position);
    } else this.#effects.push({ kind: 'read', from: entry.after + 1 });
  }

  #take(steps: readonly PipelineStep<Output>[]): void {
    for (const step of steps) {
      switch (step.kind) {
        case 'append':
        case 'read':
          this.#effects.push(step);
          break;
        case 'acknowledged':
          this.#lastPosition = step.position;
          if (step.entry.outputs.length > 0) this.#effects.push({ kind: 'release', outputs: step.entry.outputs });
          if (step.entry.checkpoint)
            this.#effects.push({ kind: 'flush', position: step.position, note: this.#note(step.entry.checksum) });
          break;
        case 'fenced': {
          this.#role = 'fenced';
          const dropped = step.unresolved.flatMap((entry) => entry.outputs).concat(this.#outputs);
          this.#outputs = [];
          this.#effects.push({ kind: 'fenced', certain: step.certain, dropped });
          break;
        }
        default:
          step satisfies never;
      }
    }
  }

  #releaseSettled(effects: PartitionEffect<Output>[]): void {
    if (this.#settled.length === 0) return;
    effects.push({ kind: 'release', outputs: this.#settled });
    this.#settled = [];
  }

  // --- Checkpoints

  /** Asks for a checkpoint. False if one is under way or there is nothing to flush. */
  checkpoint(): boolean {
    if (this.#role !== 'leading' || this.#checkpointUnderWay || this.#layers.frozen) return false;
    if (this.#layers.dirtyRows === 0) return false;
    this.#checkpointWanted = true;
    this.endTurn();
    return true;
  }

  get checkpointUnderWay(): boolean {
    return this.#checkpointWanted || this.#checkpointUnderWay;
  }

  frozenWrites(): Iterable<EncodedWrite> {
    return this.#layers.frozenWrites();
  }

  /** The flush asked for is in the store and the reader renewed. */
  flushed(): void {
    this.#layers.flushed();
    this.#checkpointUnderWay = false;
  }

  #note(link: number): Uint8Array {
    const logId = this.#logId as LogId;
    return encodeRow([logId[0], logId[1], link, this.#lastEpoch, this.#lastTime]);
  }
}

const noEffects: readonly PartitionEffect<never>[] = [];
