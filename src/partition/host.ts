/**
 * Drives the core of one partition: turns its effects into appends, reads, flushes and snapshots, and what comes of them
 * into events. Whatever is decided is decided in the core.
 */

import type { Blobs, Log } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { StoreMarker, StoreReader, StoreWriter } from '../store/store.ts';
import type { EncodedWrite } from './layers.ts';
import { Partition, type PartitionEffect, type PartitionOptions, type Transaction } from './partition.ts';
import { RecordClock } from './record-clock.ts';
import { Snapshots } from './snapshot.ts';

export type PartitionHostOptions<Output> = {
  readonly core: PartitionOptions;
  readonly log: Log;
  readonly reader: StoreReader;
  /** A reader of its own for each snapshot, at the state of the moment. */
  readonly openSnapshotReader: () => StoreReader;
  readonly writer: StoreWriter;
  readonly blobs: Blobs;
  readonly env: Env;
  readonly release: (outputs: readonly Output[]) => void;
  readonly onLeading: (epoch: number) => void;
  readonly onFenced: (certain: boolean, dropped: readonly Output[]) => void;
  /** The partition stops: damage, or a bug. */
  readonly onFailed: (error: unknown) => void;
  /** Something was acknowledged: what waited for it may go on. */
  readonly onProgress: () => void;
  readonly checkpoints?: CheckpointSettings;
};

/** When the store is flushed, and when a snapshot is taken. The limits are the default; tests use smaller ones. */
export type CheckpointSettings = {
  readonly checkpointDirtyRows: number;
  readonly checkpointLogBytes: number;
  readonly checkpointIntervalMs: number;
  readonly checkpointSliceRows: number;
  readonly snapshotLogBytes: number;
  readonly snapshotChunkBytes: number;
};

const retryPauseMs = 50;
const slicesUnderWayMax = 4;
const storeRetryMs = 1_000;

export class PartitionHost<Output> {
  readonly core: Partition<Output>;
  readonly #options: PartitionHostOptions<Output>;
  readonly #snapshots: Snapshots;
  readonly #settings: CheckpointSettings;
  readonly #clock: RecordClock;
  /** Nothing new is begun, and what the disk refuses is not tried again. */
  #closing = false;
  #failed = false;
  #snapshotUnderWay = false;
  #checkpointedAt: number;
  #underWay = 0;
  #idle: (() => void)[] = [];
  readonly #pauses = new Set<() => void>();

  private constructor(options: PartitionHostOptions<Output>, snapshots: Snapshots) {
    this.#options = options;
    this.#snapshots = snapshots;
    this.#settings = options.checkpoints ?? limits;
    this.core = new Partition<Output>(options.core);
    this.#clock = new RecordClock(options.env.clock);
    this.#checkpointedAt = options.env.clock.monotonic();
  }

  /**
   * Opens a partition; a store that does not reach the log's first record is refilled from a snapshot. Leads as soon as
   * the log was read. Throws `LOG_DAMAGED` when log and store cannot belong together.
   */
  static async open<Output>(options: PartitionHostOptions<Output>): Promise<PartitionHost<Output>> {
    const { log, reader, checkpoints = limits } = options;
    const { partition, tables } = options.core;
    const snapshots = new Snapshots({
      partition,
      tables: [...tables.all()].map((table) => table.id),
      blobs: options.blobs,
      log,
      env: options.env,
      chunkBytes: checkpoints.snapshotChunkBytes,
      everyLogBytes: checkpoints.snapshotLogBytes,
    });
    await snapshots.load();
    const [start, end] = [await log.start(), await log.end()];
    if (reader.marker(partition).position + 1 < start) {
      await snapshots.restore(options.writer);
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
   * be half changed then, so the partition stops. Steps of a stopped partition are not run.
   */
  transact(step: (tx: Transaction<Output>) => void): void {
    if (this.#failed) return;
    this.#guard(() => this.core.transact(this.now(), step));
  }

  /** The record time that a step gets which is run now. */
  now(): number {
    return this.#clock.now(this.core.time);
  }

  /** Ends a turn: what was written is sent on its way, what may leave leaves, and a checkpoint begins when one is due. */
  endTurn(): void {
    if (this.#failed || this.#closing) return;
    this.#guard(() => {
      this.core.endTurn();
      if (this.#checkpointDue()) this.core.checkpoint();
    });
    this.#pump();
  }

  /**
   * Flushes what there is and settles when nothing is under way any more; no turn may follow. What the store refuses is not
   * tried again: it is in the log. Appends that a full disk holds up settle when the log is closed.
   */
  async close(): Promise<void> {
    if (!this.#failed && !this.#closing && this.core.role === 'leading') {
      this.#guard(() => this.core.checkpoint());
      this.#pump();
    }
    this.#closing = true;
    this.#snapshots.stop();
    for (const end of this.#pauses) end();
    if (this.#underWay > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
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
  }

  #perform(effect: PartitionEffect<Output>): void {
    const { log } = this.#options;
    switch (effect.kind) {
      case 'append': {
        const { entry } = effect;
        const append = (): void =>
          this.#track(
            log.append(entry.bytes, entry.after).then((result) => {
              // The log is closed or refuses: nobody was told that this was done.
              if (this.#closing && result.kind !== 'appended') return;
              this.core.appendResult(entry, result);
              this.#afterEvent();
            }),
          );
        if (effect.again) this.#track(this.#pause(retryPauseMs).then(append));
        else append();
        break;
      }
      case 'read':
        this.#track(
          log.read(effect.from).then(
            (records) => this.#read(records),
            (error: unknown) => {
              if ((error as { code?: unknown }).code !== 'LOG_TRIMMED') throw error;
              this.#read('trimmed');
            },
          ),
        );
        break;
      case 'leading':
        this.#options.onLeading(effect.epoch);
        break;
      case 'release':
        this.#options.release(effect.outputs);
        break;
      case 'flush':
        this.#track(this.#flush(effect.position, effect.note));
        break;
      case 'fenced':
        this.#failed = true;
        this.#options.onFenced(effect.certain, effect.dropped);
        break;
      default:
        effect satisfies never;
    }
  }

  #read(records: Parameters<Partition<Output>['readResult']>[0]): void {
    this.core.readResult(records, this.now());
    this.#afterEvent();
  }

  #afterEvent(): void {
    this.#pump();
    this.#options.onProgress();
  }

  /** Writes the checkpoint under way to the store; tries again for as long as the store refuses. */
  async #flush(position: number, note: Uint8Array): Promise<void> {
    const { reader, env, core } = this.#options;
    const began = env.clock.monotonic();
    let rows: number | undefined;
    while (rows === undefined) {
      try {
        rows = await this.#writeFrozen(position, note);
      } catch (error) {
        env.events.emit('checkpoint.failed', { partition: core.partition, position, error });
        if (this.#closing) return;
        await this.#pause(storeRetryMs);
      }
    }
    reader.renew();
    this.core.flushed();
    this.#checkpointedAt = env.clock.monotonic();
    env.events.emit('checkpoint.done', { partition: core.partition, position, rows, ms: this.#checkpointedAt - began });
    const { logBytes } = this.core;
    if (!this.#closing && !this.#snapshotUnderWay && this.#snapshots.due(logBytes))
      this.#track(this.#takeSnapshot({ position, note }, logBytes));
    this.#afterEvent();
  }

  /** Returns how many rows were written. */
  async #writeFrozen(position: number, note: Uint8Array): Promise<number> {
    const { writer, core } = this.#options;
    let rows = 0;
    let slice: EncodedWrite[] = [];
    // Slices that wait together share a transaction of the store.
    const underWay: Promise<void>[] = [];
    for (const write of this.core.frozenWrites()) {
      slice.push(write);
      rows++;
      if (slice.length < this.#settings.checkpointSliceRows) continue;
      if (underWay.length >= slicesUnderWayMax) await underWay.shift();
      underWay.push(writer.write(core.partition, slice));
      // Awaited in order below; one that fails meanwhile is no unhandled rejection.
      underWay.at(-1)?.catch(() => undefined);
      slice = [];
    }
    if (slice.length > 0) underWay.push(writer.write(core.partition, slice));
    await Promise.all(underWay);
    await writer.mark(core.partition, { position, note });
    return rows;
  }

  /** The reader is opened in the turn in which the flush ended, before another one writes. */
  async #takeSnapshot(marker: StoreMarker, logBytes: number): Promise<void> {
    const { env, core } = this.#options;
    this.#snapshotUnderWay = true;
    const reader = this.#options.openSnapshotReader();
    try {
      await this.#snapshots.take(reader, marker, logBytes, this.core.epoch);
    } catch (error) {
      if (!this.#closing)
        env.events.emit('snapshot.failed', { partition: core.partition, position: marker.position, error });
    } finally {
      this.#snapshotUnderWay = false;
      await reader.close();
    }
  }

  /** Ends early when the partition is closed. */
  async #pause(ms: number): Promise<void> {
    if (this.#closing) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const cancel = this.#options.env.timers.after(ms, end);
      this.#pauses.add(end);
    });
  }

  #track(work: Promise<void>): void {
    this.#underWay++;
    void work
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#underWay--;
        if (this.#underWay === 0) for (const resolve of this.#idle.splice(0)) resolve();
      });
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
    this.#options.onFailed(error);
  }
}
