/**
 * Writes rows into a partition that nobody uses yet, as its leader: in records of bounded size, of which only so many are under way.
 * What an earlier try has left there can be taken out first.
 */
import type { Blobs, Log } from '../../engine/engine.ts';
import { TuttiError } from '../../errors/tutti-error.ts';
import { charsOf } from '../../partition/batch.ts';
import { PartitionHost } from '../../partition/host.ts';
import type { AnyTable } from '../../partition/table.ts';
import type { Env } from '../../platform/env.ts';
import type { StoreReader, StoreWriter } from '../../store/store.ts';
import { coreOptions, partitionTables } from '../state/part.ts';

const stepRowsMax = 1_000;
const stepCharsMax = 256 * 1024;
const stepsUnderWayMax = 8;

export type FillerOptions = {
  readonly partition: number;
  readonly log: Log;
  readonly blobs: Blobs;
  readonly env: Env;
  readonly reader: StoreReader;
  readonly openReader: () => StoreReader;
  readonly writer: StoreWriter;
  /** Record time does not begin before this. */
  readonly time: number;
};

type Change = readonly [table: AnyTable, key: string, row: unknown];

/** Told when its step is durable. */
type Done = () => void;

export class PartitionFiller {
  readonly #options: FillerOptions;
  readonly #failed = Promise.withResolvers<never>();
  #host: PartitionHost<Done> | undefined;
  #changes: Change[] = [];
  #chars = 0;
  readonly #underWay: Promise<void>[] = [];

  private constructor(options: FillerOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
  }

  /** Leads the partition. Throws `LOG_DAMAGED`, `LOG_FENCED` … */
  static async open(options: FillerOptions): Promise<PartitionFiller> {
    const filler = new PartitionFiller(options);
    await filler.#lead();
    return filler;
  }

  async #lead(): Promise<void> {
    const { partition, log, blobs, env, reader, openReader, writer } = this.#options;
    const leads = Promise.withResolvers<void>();
    this.#host = await PartitionHost.open<Done>({
      core: coreOptions(partition, log, reader, env.random),
      log,
      reader,
      openSnapshotReader: openReader,
      writer,
      blobs,
      env,
      release: (outputs) => {
        for (const done of outputs) done();
      },
      onLeading: () => leads.resolve(),
      onFenced: () => this.#fail(new TuttiError('LOG_FENCED', `Partition ${partition} is led by another process now.`)),
      onFailed: (error) => this.#fail(error),
      onProgress: () => undefined,
    });
    await Promise.race([leads.promise, this.#failed.promise]);
  }

  /** Whether it holds anything. */
  get isEmpty(): boolean {
    for (const table of partitionTables.all()) for (const _ of this.#core.scan(table)) return false;
    return true;
  }

  /** Removes whatever it holds. */
  async empty(): Promise<void> {
    for (const table of partitionTables.all())
      for (let from: string | undefined = ''; from !== undefined; ) {
        const keys: string[] = [];
        for (const [key] of this.#core.scan(table, from)) if (keys.push(key) > stepRowsMax) break;
        from = keys.length > stepRowsMax ? keys.at(-1) : undefined;
        for (const key of keys) await this.#add([table, key, undefined], 0);
      }
    await this.#step();
  }

  async put(table: AnyTable, key: string, row: unknown): Promise<void> {
    await this.#add([table, key, row], table.chars?.(row) ?? charsOf(table.toFields(row)));
  }

  /** Settles when all that was put is durable. */
  async settled(): Promise<void> {
    await this.#step();
    await this.#whole(Promise.all(this.#underWay));
  }

  async close(): Promise<void> {
    await this.#host?.close();
  }

  get #core() {
    return (this.#host as PartitionHost<Done>).core;
  }

  #fail(error: unknown): void {
    this.#failed.reject(error);
  }

  #whole<T>(what: Promise<T>): Promise<T> {
    return Promise.race([what, this.#failed.promise]);
  }

  async #add(change: Change, chars: number): Promise<void> {
    if (this.#changes.length > 0 && this.#chars + chars > stepCharsMax) await this.#step();
    this.#changes.push(change);
    this.#chars += chars + change[1].length;
    if (this.#changes.length >= stepRowsMax) await this.#step();
  }

  async #step(): Promise<void> {
    const changes = this.#changes;
    if (changes.length === 0) return;
    this.#changes = [];
    this.#chars = 0;
    const durable = Promise.withResolvers<void>();
    const host = this.#host as PartitionHost<Done>;
    host.transact((tx) => {
      tx.notBefore(this.#options.time);
      for (const [table, key, row] of changes) {
        if (row === undefined) tx.delete(table, key);
        else tx.put(table, key, row);
      }
      tx.emit(durable.resolve);
    });
    host.endTurn();
    this.#underWay.push(durable.promise);
    if (this.#underWay.length > stepsUnderWayMax) await this.#whole(this.#underWay.shift() as Promise<void>);
  }
}
