/**
 * The records of one log that count, as a chain: each names the checksum of the one before it. It reads (which records count
 * is decided here alone) and it makes the next one.
 *
 * Invariants
 * - R1: an epoch older than the newest seen is skipped, and so is a foreign log id in a log that others can write to;
 *   everything else must link, or it is damage.
 * - D1: the time of records never goes back.
 * - R2: no two claims are the same bytes, so whoever finds its own in the log leads.
 * - R3: what a leader numbers by positions is never numbered so by another, not even where its records never counted
 *   (scenario P7): each epoch record sets a base that is further on than an older leader can have been.
 */
import type { LogRecord } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { StoreMarker } from '../store/store.ts';
import {
  decodeHeader,
  decodeRow,
  decodeWrites,
  type EncodedRecord,
  encodeRecord,
  encodeRow,
  type LogId,
  type RecordKind,
  type RowWrites,
  recordKind,
  sameLog,
} from './record.ts';

/** What stands beside a store's marker: enough to go on reading after it. */
type Note = readonly [
  logIdHigh: number,
  logIdLow: number,
  link: number,
  epoch: number,
  time: number,
  base: number,
  more: unknown,
];

/** What stands in an epoch record. */
type Claim = readonly [claimIdHigh: number, claimIdLow: number, base: number];

/** What stands in a hand-over record: who is to lead next. */
type HandOver = readonly [to: string];

/** A record that counts, as it is to be applied. `to`: who is to lead next, in a hand-over record. */
export type Counted = {
  readonly kind: RecordKind;
  readonly checksum: number;
  readonly writes: RowWrites;
  readonly to: string | undefined;
  /** A checkpoint at which every replica makes a digest of its state. */
  readonly digest: boolean;
};

const nothing: RowWrites = [];

/** More than the records that a leader can have written and not had acknowledged. */
const basePerEpoch = 2 ** 16;

export class Chain {
  readonly #partition: number;
  readonly #shared: boolean;
  #logId: LogId | undefined;
  #position = 0;
  #link = 0;
  #epoch = 0;
  #time = 0;
  #base = 0;
  /** What `note` was given when the store was flushed, undefined for an empty store. */
  readonly more: unknown;

  /** Begins after a store's marker. */
  constructor(partition: number, marker: StoreMarker, shared: boolean) {
    this.#partition = partition;
    this.#shared = shared;
    if (marker.note === undefined) return;
    const [high, low, link, epoch, time, base, more] = decodeRow(marker.note) as unknown as Note;
    this.#logId = [high, low];
    this.#position = marker.position;
    this.#link = link;
    this.#epoch = epoch;
    this.#time = time;
    this.#base = base;
    this.more = more;
  }

  /** The last position read, whether it counted or not. */
  get position(): number {
    return this.#position;
  }

  get link(): number {
    return this.#link;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get time(): number {
    return this.#time;
  }

  /** Added to positions where they number something (R3). */
  get base(): number {
    return this.#base;
  }

  /** Undefined while the log is empty. */
  get logId(): LogId | undefined {
    return this.#logId;
  }

  /** Moves the time on; an earlier one changes nothing (D1). */
  passTime(now: number): void {
    if (now > this.#time) this.#time = now;
  }

  /** Takes the next record; undefined: it does not count. Throws `LOG_DAMAGED`. */
  read(record: LogRecord): Counted | undefined {
    const { position } = record;
    const header = decodeHeader(record.bytes, position);
    this.#position = position;
    // What stands first in a log is where it was meant to stand, or it is of another one.
    if (this.#logId === undefined && header.kind === recordKind.epoch && header.epoch === position)
      this.#logId = header.logId;
    if (this.#logId === undefined || !sameLog(header.logId, this.#logId)) {
      // Nobody else can write to a log that is not shared: it was put in the place of another, or the store was.
      if (!this.#shared) throw this.#damaged(position, 'belongs to another log');
      return undefined;
    }
    if (header.epoch < this.#epoch) return undefined;
    if (header.kind === recordKind.epoch) {
      // An epoch record that landed elsewhere than it meant to is no leadership.
      if (header.epoch !== position) return undefined;
    } else if (header.epoch > this.#epoch)
      throw this.#damaged(position, 'belongs to a leadership whose beginning is missing');
    if (header.link !== this.#link) throw this.#damaged(position, 'does not follow the record before it');
    this.#epoch = header.epoch;
    this.#link = header.checksum;
    this.passTime(header.time);
    const { kind, checksum, digest } = header;
    const writes = decodeWrites(record.bytes, header);
    if (kind === recordKind.epoch) this.#base = (writes as unknown as Claim)[2];
    else if (kind === recordKind.handOver)
      return { kind, checksum, writes: nothing, to: (writes as unknown as HandOver)[0], digest };
    return { kind, checksum, writes: kind === recordKind.epoch ? nothing : writes, to: undefined, digest };
  }

  /** Nothing of what was read counted, not even a beginning: it is to be read again, because another log may have the name by then. */
  beginAgain(): void {
    if (this.#logId === undefined) this.#position = 0;
  }

  /** The epoch record that would stand right after what was read. `claimId` is random, and names the log if it is empty. */
  claim(claimId: LogId): EncodedRecord {
    const epoch = this.#position + 1;
    const claim: Claim = [claimId[0], claimId[1], this.#base + basePerEpoch];
    // Whoever is first in an empty log names it: until then it has no name, also not ours.
    return this.#encode(recordKind.epoch, this.#logId ?? claimId, epoch, this.#position, [...claim]);
  }

  /** The claim just made with `claimId` stands at `position`, and was not read. */
  claimed(claimId: LogId, position: number, checksum: number): void {
    this.#logId ??= claimId;
    this.#position = position;
    this.#epoch = position;
    this.#link = checksum;
    this.#base += basePerEpoch;
  }

  /** Makes the next record, which from then on is the one to link to. */
  next(kind: RecordKind, durable: number, writes: RowWrites, digest = false): EncodedRecord {
    const record = this.#encode(kind, this.#logId as LogId, this.#epoch, durable, writes, digest);
    this.#link = record.checksum;
    return record;
  }

  /** Makes the last record of a leader that gives its partition to `to`. */
  handOver(durable: number, to: string): EncodedRecord {
    return this.next(recordKind.handOver, durable, [to] satisfies HandOver as unknown as RowWrites);
  }

  #encode(
    kind: RecordKind,
    logId: LogId,
    epoch: number,
    durable: number,
    writes: RowWrites,
    digest = false,
  ): EncodedRecord {
    return encodeRecord({ kind, logId, link: this.#link, epoch, durable, time: this.#time, digest }, writes);
  }

  /** What is stored beside the marker of a checkpoint whose record has this checksum. */
  note(checksum: number, more: unknown): Uint8Array {
    const logId = this.#logId as LogId;
    return encodeRow([logId[0], logId[1], checksum, this.#epoch, this.#time, this.#base, more] satisfies Note);
  }

  #damaged(position: number, what: string): TuttiError {
    return new TuttiError(
      'LOG_DAMAGED',
      `Partition ${this.#partition}: the record at position ${position} ${what}: the log is damaged there.`,
      { details: { partition: this.#partition, position } },
    );
  }
}
