/**
 * A log in memory, and leaders over it whose every effect a test performs, answers, delays or drops by hand. Nothing happens
 * by itself: no promise, no timer.
 */
import type { AppendResult, LogRecord } from '../engine/engine.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { EncodedWrite } from './layers.ts';
import { Partition } from './partition.ts';
import type { PartitionEffect } from './partition-effect.ts';
import type { Entry } from './pipeline.ts';
import { encodeRecord, type LogId, type RecordKind, type RowWrites, recordKind } from './record.ts';
import { defineTable, TableSet } from './table.ts';
import type { Transaction } from './transaction.ts';

export type Item = { readonly value: number | string };

export const items = defineTable<Item>({
  id: 7,
  name: 'items',
  toFields: (row) => [row.value],
  fromFields: (fields) => ({ value: fields[0] as number | string }),
});
/** A second table, whose rows a first must not be taken for. */
export const others = defineTable<Item>({ ...items, id: 9, name: 'others' });

export const logId: LogId = [11, 22];

export class ScriptedLog {
  readonly records: Uint8Array[] = [];
  trimmedTo = 1;

  get end(): number {
    return this.records.length;
  }

  /** Puts bytes at the end if that is where they belong. */
  put(bytes: Uint8Array, after: number): boolean {
    if (after !== this.records.length) return false;
    this.records.push(bytes);
    return true;
  }

  read(from: number): readonly LogRecord[] {
    return this.records.slice(from - 1).map((bytes, at) => ({ position: from + at, bytes }));
  }
}

export type Store = ReturnType<typeof createMemoryStore>;

export type LeaderOptions = {
  readonly log: ScriptedLog;
  readonly store?: Store;
  readonly shared?: boolean;
  readonly window?: number;
  readonly carefulWindow?: number;
  readonly newLogId?: LogId;
  readonly now?: number;
  readonly begin?: 'lead' | 'follow';
  readonly name?: string;
  readonly surveys?: boolean;
};

let claims = 100;

type Flush = { readonly position: number; readonly note: Uint8Array };

export class Leader {
  readonly log: ScriptedLog;
  readonly store: Store;
  readonly reader: ReturnType<Store['reader']>;
  readonly core: Partition<string>;
  now: number;
  /** Appends not yet performed, oldest first. */
  readonly appends: Entry<string>[] = [];
  /** Reads asked for. */
  readonly reads: number[] = [];
  readonly flushes: Flush[] = [];
  readonly released: string[] = [];
  /** Positions that were told to stand for good. */
  readonly stood: number[] = [];
  /** Of each time that it waited for more in the log: whether it looks again soon. */
  readonly waits: boolean[] = [];
  /** Surveys asked for. */
  surveys = 0;
  surveysGiven = 0;
  /** What concerns who leads. */
  readonly told: PartitionEffect<string>[] = [];
  fenced: { readonly certain: boolean; readonly dropped: readonly string[] } | undefined;

  constructor(options: LeaderOptions) {
    this.log = options.log;
    this.store = options.store ?? createMemoryStore();
    this.reader = this.store.reader();
    this.now = options.now ?? 1_000;
    this.core = new Partition<string>({
      partition: 0,
      window: options.window ?? 8,
      carefulWindow: options.carefulWindow ?? options.window ?? 8,
      shared: options.shared ?? false,
      store: this.reader,
      tables: new TableSet([items, others]),
      begin: options.begin ?? 'lead',
      name: options.name ?? '',
      surveys: options.surveys ?? false,
      newLogId: options.log.end === 0 ? (options.newLogId ?? logId) : [claims++, 0],
    });
    this.pump();
  }

  /** A leader that leads and is past the careful range, so that its window is open. */
  static ready(options: LeaderOptions): Leader {
    const leader = new Leader(options);
    leader.settle();
    for (let at = 0; at < (options.carefulWindow ?? options.window ?? 8); at++) {
      leader.put(`warm${at}`, 0);
      leader.settle();
    }
    leader.released.length = 0;
    return leader;
  }

  /** Takes the core's effects over. */
  pump(): void {
    for (const effect of this.core.takeEffects()) this.#take(effect);
  }

  #take(effect: PartitionEffect<string>): void {
    switch (effect.kind) {
      case 'append':
        this.appends.push(effect.entry);
        break;
      case 'read':
        this.reads.push(effect.from);
        break;
      case 'release':
        this.released.push(...effect.outputs);
        break;
      case 'flush':
        this.flushes.push({ position: effect.position, note: effect.note });
        break;
      case 'fenced':
        this.fenced = { certain: effect.certain, dropped: effect.dropped };
        break;
      case 'stands':
        this.stood.push(effect.position);
        break;
      case 'handOver':
      case 'handedOver':
      case 'beaten':
        this.told.push(effect);
        break;
      case 'survey':
        this.surveys++;
        this.surveysGiven += effect.given ? 1 : 0;
        break;
      case 'wait':
        this.waits.push(effect.soon);
        break;
      case 'leading':
        break;
      default:
        effect satisfies never;
    }
  }

  step(step: (tx: Transaction<string>) => void): void {
    this.core.transact(this.now, step);
    this.core.endTurn();
    this.pump();
  }

  /** Writes one row and says so. */
  put(key: string, value: number | string, output = `${key}=${value}`): void {
    this.step((tx) => {
      tx.put(items, key, { value });
      tx.emit(output);
    });
  }

  say(output: string): void {
    this.step((tx) => tx.emit(output));
  }

  value(key: string): number | string | undefined {
    let value: number | string | undefined;
    this.core.transact(this.now, (tx) => {
      value = tx.get(items, key)?.value;
    });
    return value;
  }

  rows(): Record<string, number | string> {
    const rows: Record<string, number | string> = {};
    this.core.transact(this.now, (tx) => {
      for (const [key, row] of tx.scan(items)) rows[key] = row.value;
    });
    return rows;
  }

  /** The append that is `index`th in line reaches the log and its answer comes back. */
  land(index = 0): void {
    const entry = this.take(index);
    const landed = this.log.put(entry.bytes, entry.after);
    this.answer(entry, landed ? { kind: 'appended', position: entry.after + 1 } : { kind: 'occupied' });
  }

  /** Takes an append out of the line: the test alone decides what becomes of it. */
  take(index = 0): Entry<string> {
    const [entry] = this.appends.splice(index, 1);
    if (entry === undefined) throw new Error('no append is under way');
    return entry;
  }

  answer(entry: Entry<string>, result: AppendResult): void {
    this.core.appendResult(entry, result);
    this.pump();
  }

  /** Answers the oldest read with what the log holds. */
  read(): void {
    const from = this.reads.shift();
    if (from === undefined) throw new Error('no read is asked for');
    this.core.readResult(from < this.log.trimmedTo ? 'trimmed' : this.log.read(from), this.now);
    this.pump();
  }

  /** Lets everything happen as it should, until nothing is under way. */
  settle(): void {
    while (this.fenced === undefined && this.appends.length + this.reads.length > 0) {
      if (this.appends.length > 0) this.land();
      else this.read();
    }
  }

  /** Performs the oldest flush: `slices` writes at most, each of `rows` rows; with all of them written, the marker. */
  async flush(slices = Number.POSITIVE_INFINITY, rows = 2): Promise<void> {
    const flush = this.flushes.shift();
    if (flush === undefined) throw new Error('no flush is asked for');
    const begins = this.core.flushBegins(flush.position);
    if (begins !== undefined) await this.store.writer.write(0, [begins]);
    let slice: EncodedWrite[] = [];
    let written = 0;
    for (const write of [...this.core.frozenWrites()]) {
      slice.push(write);
      if (slice.length < rows) continue;
      if (written++ >= slices) return;
      await this.store.writer.write(0, slice);
      slice = [];
    }
    if (written >= slices) return;
    await this.store.writer.write(0, slice);
    await this.store.writer.mark(0, flush);
    this.reader.renew();
    this.core.flushed();
    this.pump();
  }
}

export const standby = (log: ScriptedLog, more: Partial<LeaderOptions> = {}): Leader =>
  new Leader({ log, shared: true, begin: 'follow', name: 'b', newLogId: [77, 1], ...more });

/** One that leads and is past the careful range. */
export const leaderOf = (log: ScriptedLog): Leader => Leader.ready({ log, shared: true, window: 4 });

/** A standby looks, and applies what there is. */
export const lookAgain = (follower: Leader): void => {
  follower.core.poll();
  follower.pump();
  while (follower.reads.length > 0) follower.read();
};

/** A record as somebody else would write it. */
export const foreignRecord = (
  more: Partial<{ logId: LogId; link: number; epoch: number; kind: RecordKind }>,
  writes: RowWrites = [],
): Uint8Array =>
  encodeRecord({ kind: recordKind.data, logId, link: 0, epoch: 1, durable: 0, time: 0, ...more }, writes).bytes;
