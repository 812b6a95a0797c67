/**
 * A partition before it leads: it follows the log, or reads it to its end and claims (`partition.ts` has the whole life).
 *
 * Invariants
 * - R4: a claim goes right behind the last record that was read, and only its own bytes at that position make a leader.
 * - R5: nobody claims below a position that was known to be acknowledged when the claim was surveyed (scenarios P4, P10).
 * - R6: one who wanted to lead when the owner said so, and comes second, does not try again by itself: two would depose each other
 *   in turn (scenario P9).
 * - R8: to whom the leader gave the partition, its last record is the end: nobody has acknowledged more who did not claim behind it. Where
 *   it tells that replica itself, with its last records, those are as good as read: each stands in the log for good, and links to the one
 *   before it. The log still decides: where anybody has claimed since, the claim behind them is refused.
 * - R7: what a leader says of its progress is a hint. It may be lost, late, or of one who leads no more: a standby then reads
 *   later than it could, and nothing else.
 */
import type { AppendResult, LogRecord } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { PartitionEffect, PartitionOptions, Role } from './partition-effect.ts';
import type { Entry } from './pipeline.ts';
import { recordKind } from './record.ts';
import type { Replica } from './replica.ts';
import { Tail } from './tail.ts';

type Effects = PartitionEffect<never>[];

const looksSoonMax = 5;

export class Standby {
  readonly #options: PartitionOptions;
  readonly #replica: Replica;
  readonly #tail: Tail;
  #role: Role;
  #effects: Effects = [];
  #reading = false;
  /** The epoch record under way, while `claiming`. */
  #claim: Entry<never> | undefined;
  /** How far the log must be read before the claim. */
  #surveyedTo: number | undefined;
  #surveying = false;
  /** How far the log is said to reach. */
  #toldTo = 0;
  /** How far it was read when this one waited last. */
  #waitedAt = 0;
  /** How often it looks again soon, because there was something that nobody told of. */
  #looksSoon = 0;
  /** The last records of a leader that gave the partition to this replica, while a read is under way. */
  #given: readonly LogRecord[] | undefined;
  /** What was read ends in a hand-over to this replica, and its leader says that nothing follows. */
  #givenTo = false;

  constructor(options: PartitionOptions, replica: Replica) {
    this.#options = options;
    this.#replica = replica;
    const { shared, begin } = options;
    this.#tail = new Tail(replica, { shared, flushes: begin === 'follow' });
    this.#role = begin === 'follow' ? 'following' : 'reading';
    this.#readOn();
  }

  /** `leading`: its claim stands, and this object is done. */
  get role(): Role {
    return this.#role;
  }

  takeEffects(): Effects {
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  /** Takes the records that a `read` asked for; `trimmed`: the log begins later than that. */
  readResult(records: readonly LogRecord[] | 'trimmed', now: number): void {
    if (records === 'trimmed') throw trimmed(this.#options.partition, this.#replica.position + 1);
    this.#reading = false;
    this.#tail.take(records);
    this.#advance();
    if (this.#given !== undefined) {
      this.#takeGiven(now);
      return;
    }
    if (this.#tail.blocked) return;
    if (this.#claim !== undefined) {
      const { after, checksum } = this.#claim;
      const { epoch, link } = this.#replica.chain;
      // Among what was read: its checksum is that of the last record that counted, and no other claim has it.
      if (epoch === after + 1 && link === checksum) {
        this.#role = 'leading';
        return;
      }
      if (records.length === 0) {
        this.#effects.push({ kind: 'append', entry: this.#claim, again: true });
        return;
      }
      this.#claim = undefined;
      this.#surveyedTo = undefined;
      this.#role = 'reading';
      if (epoch > after && this.#options.begin === 'follow') {
        this.#role = 'following';
        this.#effects.push({ kind: 'beaten', epoch });
      }
    }
    if (records.length > 0 && !this.#readAllTold()) this.#readOn();
    else this.#endReached(now);
  }

  /** Takes what the log said of the claim. */
  appendResult(entry: Entry<never>, result: AppendResult): void {
    if (this.#claim !== entry) return;
    if (result.kind !== 'appended' || result.position !== entry.after + 1) {
      this.#readOn();
      return;
    }
    this.#replica.chain.claimed(this.#options.newLogId, result.position, entry.checksum);
    if (this.#options.shared) this.#effects.push({ kind: 'stands', position: result.position, bytes: entry.bytes });
    this.#role = 'leading';
  }

  /** Looks whether there is more to apply. */
  poll(): void {
    if (this.#claim === undefined && !this.#surveying && !this.#tail.blocked) this.#readOn();
  }

  /** The log is said to reach `to`. */
  told(to: number): void {
    this.#toldTo = to;
    if (to > this.#replica.position) this.poll();
  }

  /** The leader gave the partition to this replica. */
  given(records: readonly LogRecord[], now: number): void {
    if (this.#role !== 'following') return;
    this.#given = records;
    if (!this.#reading) this.#takeGiven(now);
  }

  /** R8. Where they do not follow what was read, or do not end in a hand-over to this replica, the log is read as for any claim. */
  #takeGiven(now: number): void {
    const records = this.#given ?? [];
    this.#given = undefined;
    this.#role = 'reading';
    this.#advance();
    const { position } = this.#replica;
    const next = records.filter((record) => record.position > position);
    if (next.every((record, at) => record.position === position + 1 + at)) {
      this.#tail.take(next);
      this.#advance();
    }
    const { name = '' } = this.#options;
    this.#givenTo = records.at(-1)?.position === this.#replica.position && this.#tail.takeHandedTo() === name;
    if (!this.#givenTo) {
      this.#readOn();
      return;
    }
    this.#effects.push({ kind: 'handOver', to: name });
    this.#endReached(now);
  }

  /** Acknowledged records reach up to `upTo`, and the log does. */
  surveyed(upTo: number, now: number): void {
    this.#surveying = false;
    this.#surveyedTo = upTo;
    if (this.#givenTo && upTo <= this.#replica.position) this.#endReached(now);
    else this.#readOn();
    this.#givenTo = false;
  }

  /** Goes on to lead. False: it has begun to already. */
  claim(): boolean {
    if (this.#role !== 'following') return false;
    this.#role = 'reading';
    this.#advance();
    this.#readOn();
    return true;
  }

  /** A flush is in the store. */
  flushed(): void {
    if (!this.#tail.blocked) return;
    this.#advance();
    this.poll();
  }

  #advance(): void {
    this.#tail.goOn(this.#role === 'following', this.#effects);
  }

  #readOn(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#effects.push({ kind: 'read', from: this.#replica.position + 1 });
  }

  /** A standby need not look for an end that it was told of; one to whom the partition was given, or in a log without a name, must. */
  #readAllTold(): boolean {
    const { position, logId } = this.#replica.chain;
    return this.#role === 'following' && position === this.#toldTo && logId !== undefined && !this.#tail.handedOver;
  }

  #wait(): void {
    const { position } = this.#replica;
    if (position > this.#waitedAt && position > this.#toldTo) this.#looksSoon = looksSoonMax;
    this.#waitedAt = position;
    // Who is about to claim has no time.
    const soon = this.#role !== 'following' || position < this.#toldTo || this.#looksSoon > 0;
    if (this.#looksSoon > 0) this.#looksSoon--;
    this.#effects.push({ kind: 'wait', soon });
  }

  #endReached(now: number): void {
    const to = this.#tail.takeHandedTo();
    if (this.#role === 'following') {
      if (to !== undefined) this.#effects.push({ kind: 'handOver', to });
      if (to === undefined || to !== this.#options.name) {
        this.#replica.chain.beginAgain();
        this.#wait();
        return;
      }
      this.#givenTo = true;
    }
    const { chain } = this.#replica;
    if (this.#options.surveys === true) {
      if (this.#surveyedTo === undefined) {
        this.#role = 'reading';
        this.#surveying = true;
        this.#effects.push({ kind: 'survey', given: this.#givenTo });
        return;
      }
      if (this.#surveyedTo > chain.position) {
        // Reads lag.
        this.#wait();
        return;
      }
    }
    chain.passTime(now);
    const record = chain.claim(this.#options.newLogId);
    this.#claim = {
      ...record,
      kind: recordKind.epoch,
      digest: false,
      outputs: [],
      after: chain.position,
      result: undefined,
    };
    this.#role = 'claiming';
    this.#effects.push({ kind: 'append', entry: this.#claim, again: false });
  }
}

const trimmed = (partition: number, position: number): TuttiError =>
  new TuttiError(
    'LOG_TRIMMED',
    `Partition ${partition}: the log begins after position ${position}, where the store ends. Refill the store from a snapshot.`,
    { details: { partition, position } },
  );
