/**
 * Drives the core of one partition: turns its effects into appends, reads, flushes and snapshots, and what comes of them
 * into events. Whatever is decided is decided in the core.
 */

import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { StoreMarker } from '../store/store.ts';
import { Digests, digestsTable } from './digests.ts';
import type { CheckpointSettings, PartitionHostOptions } from './host-options.ts';
import { Partition } from './partition.ts';
import type { PartitionEffect } from './partition-effect.ts';
import type { Entry } from './pipeline.ts';
import { RecordClock } from './record-clock.ts';
import { damagedFrom, damageToldBy, knownDamage } from './replica.ts';
import { Scans } from './scans.ts';
import { SharedLog } from './shared-log.ts';
import { Snapshots } from './snapshot.ts';
import type { Transaction } from './transaction.ts';
import { UnderWay } from './under-way.ts';
import { writeCheckpoint } from './write-checkpoint.ts';

const [retryPauseMs, storeRetryMs] = [50, 1_000];

export class PartitionHost<Output> {
  readonly core: Partition<Output>;
  readonly #options: PartitionHostOptions<Output>;
  readonly #snapshots: Snapshots;
  readonly #scans: Scans;
  /** Undefined for a log of one's own: nobody else has its state. */
  readonly #digests: Digests | undefined;
  readonly #settings: CheckpointSettings;
  readonly #clock: RecordClock;
  /** Once it is closing, nothing new is begun, and what the disk refuses is not tried again. */
  readonly #underWay: UnderWay;
  /** Undefined for a log of one's own. */
  readonly #shared: SharedLog | undefined;
  #failed = false;
  #checkpointedAt: number;
  #appliedTo = 0;
  #cancelPoll: () => void = () => {};
  #stopFollowing: () => void = () => {};

  private constructor(options: PartitionHostOptions<Output>, snapshots: Snapshots) {
    this.#options = options;
    this.#snapshots = snapshots;
    this.#settings = options.checkpoints ?? limits;
    this.#underWay = new UnderWay(options.env, (error) => this.#fail(error));
    const { env, log, replicas } = options;
    const { partition } = options.core;
    this.#scans = new Scans({
      partition,
      shared: log.shared,
      snapshots,
      openReader: options.openSnapshotReader,
      env,
      underWay: this.#underWay,
    });
    this.#digests = log.shared ? new Digests(partition) : undefined;
    this.core = new Partition<Output>({ ...options.core, surveys: replicas !== undefined });
    this.#shared = log.shared
      ? new SharedLog({
          partition,
          log,
          replicas,
          env,
          underWay: this.#underWay,
          state: () => ({ position: this.core.position, role: this.core.role, logId: this.core.logId }),
          confirm: () => this.confirm(),
          onFailed: (error) => this.#fail(error),
        })
      : undefined;
    if (replicas !== undefined && options.core.begin === 'follow')
      this.#stopFollowing = replicas.follow(
        (to) => this.#do(() => this.core.told(to)),
        async () => this.#shared?.prepare(),
        (records) => this.#do(() => this.core.given(records, this.now())),
      );
    this.#clock = new RecordClock(env.clock);
    this.#checkpointedAt = env.clock.monotonic();
  }

  /**
   * Opens a partition; a store that does not reach the log's first record is refilled from a snapshot. Leads as soon as
   * the log was read, or (`core.begin`) follows until `claim`. Throws `LOG_DAMAGED` when log and store cannot belong together.
   * A standby that finds the log trimmed under it fails with `LOG_TRIMMED`: opened again, it begins with a newer snapshot.
   */
  static async open<Output>(options: PartitionHostOptions<Output>): Promise<PartitionHost<Output>> {
    const { log, reader, writer, checkpoints = limits } = options;
    const { partition } = options.core;
    const tables = log.shared ? options.core.tables.with(digestsTable) : options.core.tables;
    const snapshots = new Snapshots({
      partition,
      tables: [...tables.all()].map((table) => table.id),
      blobs: options.blobs,
      log,
      env: options.env,
      chunkBytes: checkpoints.snapshotChunkBytes,
      everyLogBytes: checkpoints.snapshotLogBytes,
    });
    // An earlier life of the partition in this process may have written since.
    reader.renew();
    await snapshots.load();
    const [start, end] = [await log.start(), await log.end()];
    const damaged = log.shared ? knownDamage(reader, partition) : undefined;
    // Where others lead at times, rows without a marker may be left of a state that was being removed.
    if (damaged !== undefined || (log.shared && reader.marker(partition).position === 0)) {
      await writer.clear(partition);
      reader.renew();
    }
    if (reader.marker(partition).position + 1 < start) {
      await snapshots.restore(writer, damaged);
      reader.renew();
    }
    const kept = Math.max(reader.marker(partition).position, snapshots.newest);
    // Of a shared log the end is a hint that may lag.
    if (!log.shared && kept > end)
      throw new TuttiError(
        'LOG_DAMAGED',
        `Partition ${partition}: the log ends at position ${end}, but what was kept of it reaches position ${kept}: acknowledged records are missing. Put back the log files of this data folder from a backup.`,
        { details: { partition, end, kept } },
      );
    const host = new PartitionHost<Output>(options, snapshots);
    host.#pump();
    return host;
  }

  /**
   * Runs a step. One that throws has hit a bug, or a store that cannot be read: what is kept in memory beside the rows may
   * be half changed then, so the partition stops. Steps of a partition that is stopped or handed over are not run.
   */
  transact(step: (tx: Transaction<Output>) => void): void {
    if (this.#failed || this.core.role === 'handingOver' || this.core.role === 'handedOver') return;
    this.#guard(() => this.core.transact(this.now(), step));
  }

  /** The record time that a step gets which is run now. */
  now(): number {
    return this.#clock.now(this.core.time);
  }

  /** Ends a turn: what was written is sent on its way, what may leave leaves, and a checkpoint begins when one is due. */
  endTurn(): void {
    if (this.#stopped) return;
    this.#guard(() => {
      this.core.endTurn();
      if (this.#checkpointDue())
        this.core.checkpoint(this.#digests !== undefined && this.#scans.snapshotDue(this.core.logBytes));
    });
    this.#pump();
  }

  /** A standby reads the log to its end and claims: `onLeading` or `onBeaten` tells what became of it. False: it is no standby. */
  claim(): boolean {
    return this.#do(() => this.core.claim());
  }

  /**
   * A leader gives the partition to the replica called `to`, once that one is ready: `onHandingOver` is called, no step is run from there
   * on, what is under way becomes durable, and a record says who is to lead; then `onGaveAway` is called (or `onFenced`, if another was
   * faster). False: it does not lead.
   */
  handOver(to: string): boolean {
    if (this.#stopped || this.core.role !== 'leading') return false;
    const begin = (): void => {
      if (this.core.handOver(to)) this.#options.onHandingOver?.();
    };
    this.#shared?.whenReady(to, () => this.#do(begin));
    return true;
  }

  /** An idle leader appends an empty record: `onFenced` tells if another one leads. It does so by itself when the log's end looks wrong. */
  confirm(): void {
    this.#do(() => this.core.confirm());
  }

  #do<T>(action: () => T): T | false {
    let result: T | false = false;
    if (this.#stopped) return result;
    this.#guard(() => {
      result = action();
    });
    this.#pump();
    return result;
  }

  get #stopped(): boolean {
    return this.#failed || this.#underWay.closing;
  }

  /**
   * Flushes what there is and settles when nothing is under way any more; no turn may follow. What the store refuses is not
   * tried again: it is in the log. Appends that a full disk holds up settle when the log is closed.
   */
  async close(): Promise<void> {
    if (!this.#stopped && this.core.role === 'leading') {
      this.#guard(() => this.core.checkpoint());
      this.#pump();
    }
    this.#snapshots.stop();
    this.#stopFollowing();
    await this.#underWay.close();
  }

  #checkpointDue(): boolean {
    const core = this.core;
    const settings = this.#settings;
    // A log that grows by records without rows is trimmed by checkpoints all the same.
    if (core.checkpointUnderWay || (core.dirtyRows === 0 && core.logBytesSinceCheckpoint === 0)) return false;
    return (
      core.dirtyRows >= settings.checkpointDirtyRows ||
      core.logBytesSinceCheckpoint >= settings.checkpointLogBytes ||
      this.#options.env.clock.monotonic() - this.#checkpointedAt >= settings.checkpointIntervalMs
    );
  }

  #pump(): void {
    for (let effects = this.core.takeEffects(); effects.length > 0 && !this.#failed; effects = this.core.takeEffects())
      for (const effect of effects) this.#perform(effect);
    const { position } = this.core;
    if (position === this.#appliedTo || this.#failed) return;
    this.#appliedTo = position;
    if (this.core.role === 'following') this.#compareDigests();
    this.#options.onApplied?.(position);
  }

  #perform(effect: PartitionEffect<Output>): void {
    switch (effect.kind) {
      case 'append':
        if (effect.again) this.#underWay.track(this.#appendAgain(effect.entry));
        else this.#append(effect.entry);
        break;
      case 'read':
        this.#underWay.track(this.#options.log.read(effect.from).then(this.#read, this.#notRead));
        break;
      case 'wait':
        this.#cancelPoll();
        this.#cancelPoll = this.#underWay.later(limits[effect.soon ? 'followPollMs' : 'followPollIdleMs'], this.#poll);
        break;
      case 'stands':
        this.#shared?.stands(effect.position, effect.bytes);
        break;
      case 'survey':
        this.#underWay.track(this.#survey(effect.given));
        break;
      case 'handOver':
        this.#options.onHandedOver?.(effect.to);
        break;
      case 'handedOver':
        this.#shared?.gave(effect.to);
        this.#options.onGaveAway?.(effect.to);
        break;
      case 'beaten':
        this.#options.onBeaten?.(effect.epoch);
        break;
      case 'leading':
        this.#stopFollowing();
        this.#shared?.watch();
        this.#options.onLeading(effect.epoch);
        break;
      case 'release':
        this.#options.release(effect.outputs);
        break;
      case 'flush':
        this.#underWay.track(this.#flush(effect.position, effect.note, effect.digest));
        break;
      case 'fenced':
        this.#failed = true;
        this.#options.onFenced(effect.certain, effect.dropped);
        break;
      default:
        effect satisfies never;
    }
  }

  #append(entry: Entry<Output>): void {
    this.#underWay.track(
      this.#options.log.append(entry.bytes, entry.after).then((result) => {
        // The log is closed or refuses: nobody was told that this was done.
        if (this.#underWay.closing && result.kind !== 'appended') return;
        this.core.appendResult(entry, result);
        this.#afterEvent();
      }),
    );
  }

  async #appendAgain(entry: Entry<Output>): Promise<void> {
    this.#shared?.appendsAgain();
    do await this.#underWay.pause(retryPauseMs);
    while (this.#shared?.putsBack === true && !this.#underWay.closing);
    this.#append(entry);
  }

  async #survey(given: boolean): Promise<void> {
    // Blobs that cannot be reached stop no claim: what others know counts more.
    const late = async (): Promise<number> => this.#underWay.pause(limits.askReplicasMs).then(() => 0);
    const newest = given ? undefined : await Promise.race([this.#snapshots.findNewest(), late()]);
    const upTo = (await this.#shared?.survey(newest)) ?? 0;
    if (this.#stopped) return;
    this.core.surveyed(upTo, this.now());
    this.#afterEvent();
  }

  readonly #poll = (): void => void this.#do(() => this.core.poll());

  readonly #read = (records: Parameters<Partition<Output>['readResult']>[0]): void => {
    // Of a leader that is closed nobody was told what this would show; who does not lead shall not begin to.
    if (this.#stopped) return;
    this.core.readResult(records, this.now());
    this.#afterEvent();
  };

  readonly #notRead = (error: unknown): void => {
    if ((error as { code?: unknown }).code !== 'LOG_TRIMMED') throw error;
    this.#read('trimmed');
  };

  #afterEvent(): void {
    this.#pump();
    if (this.core.role !== 'following') this.#options.onProgress();
  }

  /** Writes the checkpoint under way to the store; tries again for as long as the store refuses. */
  async #flush(position: number, note: Uint8Array, digest: boolean): Promise<void> {
    const { reader, writer, env } = this.#options;
    const { partition } = this.#options.core;
    const begins = this.core.flushBegins(position);
    const target = { writer, partition, begins, sliceRows: this.#settings.checkpointSliceRows };
    const began = env.clock.monotonic();
    let rows: number | undefined;
    while (rows === undefined) {
      try {
        rows = await writeCheckpoint(target, this.core.frozenWrites(), { position, note });
      } catch (error) {
        env.events.emit('checkpoint.failed', { partition, position, error });
        if (this.#underWay.closing) return;
        await this.#underWay.pause(storeRetryMs);
      }
    }
    reader.renew();
    this.core.flushed();
    this.#checkpointedAt = env.clock.monotonic();
    env.events.emit('checkpoint.done', { partition, position, rows, ms: this.#checkpointedAt - began });
    this.#shared?.trimCopies();
    const { logBytes, role } = this.core;
    if (role === 'leading' && this.#scans.snapshotDue(logBytes))
      this.#underWay.track(this.#takeSnapshot({ position, note }, logBytes, digest));
    else if (digest && role === 'following' && this.core.exactAt(position))
      this.#underWay.track(this.#makeDigest(position));
    this.#afterEvent();
  }

  async #takeSnapshot(marker: StoreMarker, logBytes: number, digest: boolean): Promise<void> {
    const { epoch } = this.core;
    const made = await this.#scans.snapshot(marker, logBytes, epoch);
    if (!digest || made === undefined || this.#stopped || this.core.role !== 'leading' || this.core.epoch !== epoch)
      return;
    this.transact((tx) => this.#digests?.write(tx, marker.position, made));
    this.endTurn();
  }

  async #makeDigest(position: number): Promise<void> {
    const made = await this.#scans.digest(position);
    if (made === undefined || this.#stopped) return;
    this.#digests?.made(position, made);
    this.#compareDigests();
  }

  #compareDigests(): void {
    const { env, core } = this.#options;
    try {
      for (const position of this.#digests?.compare(this.core) ?? [])
        env.events.emit('digest.same', { partition: core.partition, position });
    } catch (error) {
      this.#fail(error);
    }
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const { log, reader, writer, core, onFailed } = this.#options;
    // A log of one's own may be all that there is: a person is to decide there.
    const damaged = log.shared ? damageToldBy(error, reader, core.partition) : undefined;
    // The store is filled again when it is opened next.
    if (damaged !== undefined)
      this.#underWay.track(writer.write(core.partition, [damagedFrom(damaged)]).catch(() => undefined));
    onFailed(error);
  }
}
