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
 * - C1: a checkpoint flushes exactly the state at its record's position.
 */
import type { AppendResult, LogRecord } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { StoreReader } from '../store/store.ts';
import { type Batch, Batches, charsOf } from './batch.ts';
import { Chain } from './chain.ts';
import { type EncodedWrite, type HighestKeys, Layers } from './layers.ts';
import { type Entry, Pipeline, type PipelineStep } from './pipeline.ts';
import { type LogId, recordKind } from './record.ts';
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
  /** Random, and new for each `Partition`: it tells this one's claim from another's, and is the log's id if the log is new. */
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
  /** Moves the record time on to that of a message received, if it is later. */
  notBefore(time: number): void;
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

export class Partition<Output> implements Transaction<Output> {
  readonly #options: PartitionOptions;
  readonly #layers: Layers;
  readonly #chain: Chain;
  readonly #batches = new Batches<Output>();
  #role: Role = 'reading';
  #effects: PartitionEffect<Output>[] = [];
  /** The epoch record under way, while `claiming`. */
  #claim: Entry<Output> | undefined;
  /** While `leading`. */
  #pipeline: Pipeline<Output> | undefined;

  #settled: Output[] = [];
  #undo: unknown[] = [];
  #checkpointUnderWay = false;
  #logBytesSinceCheckpoint = 0;
  #logBytes: number;

  constructor(options: PartitionOptions) {
    this.#options = options;
    this.#chain = new Chain(options.partition, options.store.marker(options.partition), options.shared);
    const [highest, logBytes] = (this.#chain.more ?? [[], 0]) as [HighestKeys, number];
    this.#layers = new Layers(options.partition, options.store, options.tables, highest);
    this.#logBytes = logBytes;
    this.#effects.push({ kind: 'read', from: this.#chain.position + 1 });
  }

  get role(): Role {
    return this.#role;
  }

  /** Position of this leader's epoch record. */
  get epoch(): number {
    return this.#chain.epoch;
  }

  get time(): number {
    return this.#chain.time;
  }

  /** The end of the unbroken acknowledged prefix. */
  get acknowledged(): number {
    return this.#pipeline?.acknowledged ?? this.#chain.position;
  }

  get writingAt(): number {
    return (this.#pipeline?.next ?? this.#chain.position + 1) + this.#batches.closedCount;
  }

  get dirtyRows(): number {
    return this.#layers.dirtyRows;
  }

  /** Bytes of records read or written since the last checkpoint began. */
  get logBytesSinceCheckpoint(): number {
    return this.#logBytesSinceCheckpoint;
  }

  /** Bytes of all records the log ever had, about: records under way at a crash may count twice. */
  get logBytes(): number {
    return this.#logBytes;
  }

  /** Outputs that wait for a record. */
  get heldOutputs(): number {
    return this.#batches.outputCount + (this.#pipeline?.outputCount ?? 0);
  }

  /** Nothing waits to be written, is under way, or waits to leave. */
  get idle(): boolean {
    return this.#pipeline?.newest === undefined && this.#batches.empty && this.#settled.length === 0;
  }

  /** What the host must do now, in order. */
  takeEffects(): PartitionEffect<Output>[] {
    const effects = this.#effects;
    if (this.#settled.length > 0) {
      effects.push({ kind: 'release', outputs: this.#settled });
      this.#settled = [];
    }
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  // --- Reading and claiming

  /** Takes the records that a `read` asked for; `trimmed`: the log begins later than that. */
  readResult(records: readonly LogRecord[] | 'trimmed', now: number): void {
    if (this.#pipeline !== undefined) {
      this.#take(this.#pipeline.readResult(records));
      this.endTurn();
      return;
    }
    if (records === 'trimmed') throw trimmed(this.#options.partition, this.#chain.position + 1);
    for (const record of records) this.#apply(record);
    if (this.#claim !== undefined) {
      const claim = this.#claim;
      // Among what was read: its checksum is that of the last record that counted, and no other claim has it.
      if (this.#chain.epoch === claim.after + 1 && this.#chain.link === claim.checksum) {
        this.#lead(claim.after + 1);
        return;
      }
      if (records.length === 0) {
        this.#effects.push({ kind: 'append', entry: claim, again: true });
        return;
      }
      this.#claim = undefined;
      this.#role = 'reading';
    }
    if (records.length > 0) this.#effects.push({ kind: 'read', from: this.#chain.position + 1 });
    else this.#beginClaim(now);
  }

  #apply(record: LogRecord): void {
    const writes = this.#chain.read(record);
    this.#logBytesSinceCheckpoint += record.bytes.length;
    this.#logBytes += record.bytes.length;
    if (writes === undefined) return;
    for (let at = 0; at < writes.length; at += 3) {
      const table = writes[at] as number;
      if (!this.#layers.knows(table)) throw unknownTable(record.position, table);
      this.#layers.apply(table, writes[at + 1] as string, writes[at + 2] as readonly unknown[] | null);
    }
  }

  #beginClaim(now: number): void {
    this.#chain.passTime(now);
    const record = this.#chain.claim(this.#options.newLogId);
    const after = this.#chain.position;
    const entry: Entry<Output> = { ...record, checkpoint: false, outputs: [], after, result: undefined };
    this.#claim = entry;
    this.#role = 'claiming';
    this.#effects.push({ kind: 'append', entry, again: false });
  }

  #lead(epoch: number): void {
    this.#claim = undefined;
    this.#role = 'leading';
    this.#layers.allRead();
    const { window, carefulWindow } = this.#options;
    this.#pipeline = new Pipeline({ window, carefulWindow, logId: this.#chain.logId as LogId, epoch });
    this.#effects.push({ kind: 'leading', epoch });
  }

  // --- Leading

  /** Runs `step` against the newest state. What it throws takes its writes and outputs back. */
  transact(now: number, step: (transaction: Transaction<Output>) => void): void {
    if (this.#role !== 'leading')
      throw new TuttiError('LOG_FENCED', `Partition ${this.#options.partition} is not led here.`);
    this.#chain.passTime(now);
    const batch = this.#batches.open;
    const { chars } = batch;
    const writes = batch.writes.length;
    const outputs = batch.outputs.length;
    const settled = this.#settled.length;
    this.#undo.length = 0;
    try {
      step(this);
    } catch (error) {
      for (let at = this.#undo.length - 3; at >= 0; at -= 3)
        this.#layers.restore(this.#undo[at] as number, this.#undo[at + 1] as string, this.#undo[at + 2]);
      batch.writes.length = writes;
      batch.outputs.length = outputs;
      batch.chars = chars;
      this.#settled.length = settled;
      throw error;
    }
    this.#batches.stepEnded();
  }

  notBefore(time: number): void {
    this.#chain.passTime(time);
  }

  sequence(): number {
    return this.#batches.sequence(this.#chain.base + this.writingAt);
  }

  get<Row>(table: Table<Row>, key: string): Row | undefined {
    return this.#layers.get(table, key);
  }

  put<Row>(table: Table<Row>, key: string, row: Row): void {
    this.#undo.push(table.id, key, this.#layers.set(table.id, key, row));
    const fields = table.toFields(row);
    this.#batches.write(table.id, key, fields, table.chars?.(row) ?? charsOf(fields));
  }

  delete(table: { readonly id: number }, key: string): void {
    this.#undo.push(table.id, key, this.#layers.set(table.id, key, undefined));
    this.#batches.write(table.id, key, null, 0);
  }

  scan<Row>(table: Table<Row>, from?: string, to?: string): Iterable<readonly [key: string, row: Row]> {
    return this.#layers.scan(table, from, to);
  }

  emit(output: Output): void {
    this.#batches.open.outputs.push(output);
  }

  emitSettled(output: Output): void {
    // On a shared log nothing is settled before an append that began later has confirmed the leadership.
    if (this.#options.shared) this.emit(output);
    else this.#settled.push(output);
  }

  /**
   * Ends the turn: what was written goes under way as far as the window has room (the rest with the next
   * acknowledgement), and outputs are attached to what they depend on.
   */
  endTurn(): void {
    const pipeline = this.#pipeline;
    if (pipeline === undefined || this.#role !== 'leading') return;
    while (pipeline.hasRoom) {
      const batch = this.#batches.takeClosed();
      if (batch === undefined) break;
      this.#seal(pipeline, batch);
    }
    if (this.#batches.closedCount > 0) return;
    const { writes, outputs } = this.#batches.open;
    if (writes.length === 0 && outputs.length === 0) return;
    // Without writes, outputs depend on what is under way, or on nothing; on a shared log an empty record confirms them.
    if (writes.length === 0 && !this.#options.shared) this.#attach(pipeline, this.#batches.takeOpen().outputs);
    else if (pipeline.hasRoom) this.#seal(pipeline, this.#batches.takeOpen());
  }

  #attach(pipeline: Pipeline<Output>, outputs: Output[]): void {
    const { newest } = pipeline;
    if (newest === undefined) this.#effects.push({ kind: 'release', outputs });
    else for (const output of outputs) newest.outputs.push(output);
  }

  #seal(pipeline: Pipeline<Output>, batch: Batch<Output>): void {
    const { writes, outputs, checkpoint } = batch;
    const kind = checkpoint ? recordKind.checkpoint : recordKind.data;
    const record = this.#chain.next(kind, pipeline.acknowledged, writes);
    // A checkpoint's own record does not ask for the next one.
    if (!checkpoint) this.#logBytesSinceCheckpoint += record.bytes.length;
    this.#logBytes += record.bytes.length;
    this.#take([pipeline.push({ ...record, checkpoint, outputs })]);
  }

  /** Takes what the log said of an append. */
  appendResult(entry: Entry<Output>, result: AppendResult): void {
    if (this.#pipeline !== undefined) {
      this.#take(this.#pipeline.appendResult(entry, result));
      this.endTurn();
      return;
    }
    if (this.#claim !== entry) return;
    if (result.kind === 'appended' && result.position === entry.after + 1) {
      this.#chain.claimed(this.#options.newLogId, result.position, entry.checksum);
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
        case 'acknowledged': {
          const { outputs, checkpoint, checksum } = step.entry;
          if (outputs.length > 0) this.#effects.push({ kind: 'release', outputs });
          if (!checkpoint) break;
          const note = this.#chain.note(checksum, [this.#layers.highestKeys(), this.#logBytes]);
          this.#effects.push({ kind: 'flush', position: step.position, note });
          break;
        }
        case 'fenced': {
          this.#role = 'fenced';
          const under = step.unresolved.flatMap((entry) => entry.outputs);
          const dropped = under.concat(this.#batches.takeAllOutputs(), this.#settled.splice(0));
          this.#effects.push({ kind: 'fenced', certain: step.certain, dropped });
          break;
        }
        default:
          step satisfies never;
      }
    }
  }

  /** Begins a checkpoint of the state as it is now. False if one is under way, or nothing was written since the last one. */
  checkpoint(): boolean {
    if (this.#role !== 'leading' || this.#checkpointUnderWay) return false;
    if (this.#layers.dirtyRows === 0 && this.#logBytesSinceCheckpoint === 0) return false;
    this.#checkpointUnderWay = true;
    this.#logBytesSinceCheckpoint = 0;
    this.#layers.freeze();
    this.#batches.closeForCheckpoint();
    this.endTurn();
    return true;
  }

  get checkpointUnderWay(): boolean {
    return this.#checkpointUnderWay;
  }

  /** What a `flush` must write. May be taken again from its beginning. */
  frozenWrites(): Iterable<EncodedWrite> {
    return this.#layers.frozenWrites();
  }

  /** The flush asked for is in the store and the reader renewed. */
  flushed(): void {
    this.#layers.flushed();
    this.#checkpointUnderWay = false;
  }
}

const unknownTable = (position: number, table: number): TuttiError =>
  new TuttiError(
    'DATA_FORMAT',
    `The record at position ${position} writes table ${table}, which this version of Tutti does not know. Use the version that wrote it, or a newer one.`,
    { details: { position, table } },
  );

const trimmed = (partition: number, position: number): TuttiError =>
  new TuttiError(
    'LOG_TRIMMED',
    `Partition ${partition}: the log begins after position ${position}, where the store ends. Refill the store from a snapshot.`,
    { details: { partition, position } },
  );
