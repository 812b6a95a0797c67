/**
 * The core of a partition (DESIGN section 3): a synchronous state machine over one log and one store. Events go in, effects
 * come out; it knows no clock, no promise and no I/O. `host.ts` turns effects into I/O.
 *
 * Life: one that is to lead is `reading` (applies the log from the store's marker to its end) → `claiming` (its epoch record is
 * under way) → `leading` → `handingOver` (takes no steps; what is under way becomes durable) → `handedOver`. A standby is
 * `following` until `claim` sends it the same way, or a hand-over that names it; one that is beaten to its claim follows again.
 * `fenced`: a newer leader's record was read. A `fenced` or `handedOver` object is of no more use.
 *
 * Invariants
 * - G1, the one gate: an output leaves only by a `release` effect, after everything it may depend on is durable, and, where
 *   the log is shared, after an append that began later (scenario P2).
 * - C1: a checkpoint flushes exactly the state at its record's position, on every replica. A standby applies no further than to
 *   the next checkpoint while it flushes one; who is about to lead does not wait, and leaves that checkpoint out.
 * - H1: a hand-over record is a leader's last, and where it counts, all that its leader ever appended stands before: it links to that.
 */

import type { AppendResult, LogRecord } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { StoreWrite } from '../store/store.ts';
import { type Batch, Batches, charsOf } from './batch.ts';
import type { Chain } from './chain.ts';
import type { EncodedWrite, Layers } from './layers.ts';
import type { PartitionEffect, PartitionOptions, Role } from './partition-effect.ts';
import { type Entry, Pipeline, type PipelineStep } from './pipeline.ts';
import { type EncodedRecord, type LogId, type RecordKind, recordKind } from './record.ts';
import { Replica } from './replica.ts';
import { Standby } from './standby.ts';
import type { Table } from './table.ts';
import type { Transaction } from './transaction.ts';

export class Partition<Output> implements Transaction<Output> {
  readonly #options: PartitionOptions;
  readonly #replica: Replica;
  readonly #layers: Layers;
  readonly #chain: Chain;
  readonly #standby: Standby;
  readonly #batches = new Batches<Output>();
  #role: Role;
  #effects: PartitionEffect<Output>[] = [];
  /** From `leading` on. */
  #pipeline: Pipeline<Output> | undefined;
  /** Who is to lead next, while `handingOver`; and whether the record that says so is under way. */
  #handOverTo = '';
  #lastSent = false;

  #settled: Output[] = [];
  #undo: unknown[] = [];

  constructor(options: PartitionOptions) {
    this.#options = options;
    this.#replica = new Replica(options);
    this.#layers = this.#replica.layers;
    this.#chain = this.#replica.chain;
    this.#standby = new Standby(options, this.#replica);
    this.#role = this.#standby.role;
    this.#followStandby();
  }

  get role(): Role {
    return this.#role;
  }

  /** Position of this leader's epoch record. */
  get epoch(): number {
    return this.#chain.epoch;
  }

  /** Undefined while the log is empty. */
  get logId(): LogId | undefined {
    return this.#chain.logId;
  }

  get time(): number {
    return this.#chain.time;
  }

  /** Up to here records stand in the log for good, and are in the state: the end of the unbroken acknowledged prefix. */
  get position(): number {
    return this.#pipeline?.acknowledged ?? this.#chain.position;
  }

  get writingAt(): number {
    return (this.#pipeline?.next ?? this.#chain.position + 1) + this.#batches.closedCount;
  }

  /** After a crash in the middle of a flush, rows may be of a later position until that is reached again. */
  exactAt(position: number): boolean {
    return this.#replica.exactAt(position);
  }

  flushBegins(position: number): StoreWrite | undefined {
    return this.#replica.flushBegins(position);
  }

  get dirtyRows(): number {
    return this.#layers.dirtyRows;
  }

  /** Bytes of records read or written since the last checkpoint began. */
  get logBytesSinceCheckpoint(): number {
    return this.#replica.logBytesSinceCheckpoint;
  }

  /** Bytes of all records the log ever had, about: records under way at a crash may count twice. */
  get logBytes(): number {
    return this.#replica.logBytes;
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

  // --- Before it leads

  /** `trimmed`: the log begins later than the `read` asked. */
  readResult(records: readonly LogRecord[] | 'trimmed', now: number): void {
    if (this.#pipeline === undefined) {
      this.#standby.readResult(records, now);
      this.#followStandby();
    } else {
      this.#take(this.#pipeline.readResult(records));
      this.endTurn();
    }
  }

  /** One who does not lead looks whether there is more to apply. */
  poll(): void {
    this.#asStandby(() => this.#standby.poll());
  }

  /** The leader gave the partition to this replica, and says so itself, with its last records: they stand in the log for good. */
  given(records: readonly LogRecord[], now: number): void {
    this.#asStandby(() => this.#standby.given(records, now));
  }

  /** The log is said to reach `to`: a hint. A standby that has not read as far does so. */
  told(to: number): void {
    this.#asStandby(() => this.#standby.told(to));
  }

  /** What a `survey` found: acknowledged records, and the log, reach up to this position at least. */
  surveyed(upTo: number, now: number): void {
    this.#asStandby(() => this.#standby.surveyed(upTo, now));
  }

  #asStandby(action: () => void): void {
    if (this.#pipeline !== undefined) return;
    action();
    this.#followStandby();
  }

  /** A standby goes on to lead: it reads the log to its end, and claims. False: it is no standby. */
  claim(): boolean {
    if (this.#role !== 'following') return false;
    this.#standby.claim();
    this.#followStandby();
    return true;
  }

  #followStandby(): void {
    for (const effect of this.#standby.takeEffects()) this.#effects.push(effect);
    this.#role = this.#standby.role;
    if (this.#role !== 'leading') return;
    this.#layers.storeKnown();
    const { window, carefulWindow } = this.#options;
    const { epoch, logId } = this.#chain;
    this.#pipeline = new Pipeline({ window, carefulWindow, logId: logId as LogId, epoch });
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
    const [writes, outputs] = [batch.writes.length, batch.outputs.length];
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

  scanDown<Row>(table: Table<Row>, below: string | undefined, most: number): Iterable<readonly [string, Row]> {
    return this.#layers.scanDown(table, below, most);
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
    if (pipeline === undefined || (this.#role !== 'leading' && this.#role !== 'handingOver')) return;
    while (pipeline.hasRoom) {
      const batch = this.#batches.takeClosed();
      if (batch === undefined) break;
      this.#seal(pipeline, batch);
    }
    if (this.#batches.closedCount > 0) return;
    const { writes, outputs } = this.#batches.open;
    if (writes.length > 0 || outputs.length > 0) {
      // Without writes, outputs depend on what is under way, or on nothing; on a shared log an empty record confirms them.
      if (writes.length === 0 && !this.#options.shared) this.#take(pipeline.attach(this.#batches.takeOutputs()));
      else if (pipeline.hasRoom) this.#seal(pipeline, this.#batches.takeOpen());
      else return;
    }
    if (this.#role === 'handingOver') this.#sendHandOver(pipeline);
  }

  #seal(pipeline: Pipeline<Output>, batch: Batch<Output>): void {
    const { writes, outputs, checkpoint, digest } = batch;
    const kind = checkpoint ? recordKind.checkpoint : recordKind.data;
    this.#send(pipeline, kind, this.#chain.next(kind, pipeline.acknowledged, writes, digest), outputs, digest);
  }

  #send(pipeline: Pipeline<Output>, kind: RecordKind, record: EncodedRecord, outputs: Output[], digest = false): void {
    this.#replica.logged(record.bytes.length, kind === recordKind.checkpoint);
    this.#take([pipeline.push({ ...record, kind, digest, outputs })]);
  }

  /** Takes what the log said of an append. */
  appendResult(entry: Entry<Output>, result: AppendResult): void {
    if (this.#pipeline !== undefined) {
      this.#take(this.#pipeline.appendResult(entry, result));
      this.endTurn();
      return;
    }
    this.#standby.appendResult(entry as Entry<never>, result);
    this.#followStandby();
  }

  #stands(position: number, bytes: Uint8Array): void {
    if (this.#options.shared) this.#effects.push({ kind: 'stands', position, bytes });
  }

  #take(steps: readonly PipelineStep<Output>[]): void {
    for (const step of steps) {
      switch (step.kind) {
        case 'append':
        case 'read':
        case 'release':
          this.#effects.push(step);
          break;
        case 'leftover':
          this.#stands(step.record.position, step.record.bytes);
          break;
        case 'acknowledged': {
          const { outputs, kind, checksum, bytes, digest } = step.entry;
          this.#stands(step.position, bytes);
          if (outputs.length > 0) this.#effects.push({ kind: 'release', outputs });
          if (kind === recordKind.checkpoint)
            this.#effects.push({ kind: 'flush', position: step.position, note: this.#replica.note(checksum), digest });
          if (kind === recordKind.handOver) {
            this.#role = 'handedOver';
            this.#effects.push({ kind: 'handedOver', to: this.#handOverTo });
          }
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
  checkpoint(digest = false): boolean {
    if (this.#role !== 'leading' || this.#replica.flushing) return false;
    if (this.#layers.dirtyRows === 0 && this.#replica.logBytesSinceCheckpoint === 0) return false;
    this.#replica.freeze();
    this.#batches.closeForCheckpoint(digest);
    this.endTurn();
    return true;
  }

  get checkpointUnderWay(): boolean {
    return this.#replica.flushing;
  }

  /** What a `flush` must write. May be taken again from its beginning. */
  frozenWrites(): Iterable<EncodedWrite> {
    return this.#replica.frozenWrites();
  }

  /** The flush asked for is in the store and the reader renewed. */
  flushed(): void {
    this.#replica.flushed();
    if (this.#role !== 'following') return;
    this.#standby.flushed();
    this.#followStandby();
  }

  /** Appends a record without writes, if nothing is under way: what comes of it tells whether this leader still leads. */
  confirm(): void {
    const pipeline = this.#pipeline;
    if (this.#role !== 'leading' || pipeline === undefined || !this.idle) return;
    this.#send(pipeline, recordKind.data, this.#chain.next(recordKind.data, pipeline.acknowledged, []), []);
  }

  // --- Handing over

  /** Gives the partition to `to`: runs no more steps, and appends the hand-over behind all else. False: it does not lead. */
  handOver(to: string): boolean {
    if (this.#role !== 'leading') return false;
    this.#role = 'handingOver';
    this.#handOverTo = to;
    this.#pipeline?.hurry();
    this.endTurn();
    return true;
  }

  /** It goes right behind what is under way, and lands only if that does. */
  #sendHandOver(pipeline: Pipeline<Output>): void {
    if (this.#lastSent || !pipeline.hasRoom) return;
    this.#lastSent = true;
    const record = this.#chain.handOver(pipeline.acknowledged, this.#handOverTo);
    this.#send(pipeline, recordKind.handOver, record, []);
  }
}
