/** A partition's host over a log, a store and blobs in memory, with time, disk and store under the test's control. */
import { FaultyDisk, seededPick } from '../engine/embedded/faulty-files.fixture.ts';
import { openFileBlobs } from '../engine/embedded/file-blobs.ts';
import type { Files } from '../engine/embedded/files.ts';
import { manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { openPhysicalLog, type PhysicalLog } from '../engine/embedded/physical-log.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { StoreMarker, StoreReader, StoreWrite, StoreWriter } from '../store/store.ts';
import { PartitionHost } from './host.ts';
import type { CheckpointSettings } from './host-options.ts';
import { items, others } from './scripted-log.fixture.ts';
import { TableSet } from './table.ts';
import type { Transaction } from './transaction.ts';

/** A store that can refuse writes, or keep them waiting. */
export class ReluctantStore implements StoreWriter {
  readonly memory = createMemoryStore();
  refuses: 'STORE_FULL' | 'STORE_FAILED' | undefined;
  readonly slices: StoreWrite[][] = [];
  readonly marks: number[] = [];
  #waiting: (() => void)[] | undefined;

  reader(): StoreReader {
    return this.memory.reader();
  }

  hold(): void {
    this.#waiting = [];
  }

  letGo(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const go of waiting) go();
  }

  /** Calls that wait. */
  get held(): number {
    return this.#waiting?.length ?? 0;
  }

  async write(partition: number, slice: readonly StoreWrite[]): Promise<void> {
    await this.#pass();
    this.slices.push([...slice]);
    await this.memory.writer.write(partition, slice);
  }

  async mark(partition: number, marker: StoreMarker): Promise<void> {
    await this.#pass();
    this.marks.push(marker.position);
    await this.memory.writer.mark(partition, marker);
  }

  async clear(partition: number): Promise<void> {
    await this.memory.writer.clear(partition);
  }

  async close(): Promise<void> {}

  async #pass(): Promise<void> {
    const waiting = this.#waiting;
    if (waiting !== undefined) await new Promise<void>((resolve) => waiting.push(resolve));
    if (this.refuses !== undefined) throw new TuttiError(this.refuses, 'The store refuses.');
  }
}

export const rarely: CheckpointSettings = {
  checkpointDirtyRows: 1_000_000,
  checkpointLogBytes: 1_000_000_000,
  checkpointIntervalMs: 1_000_000_000,
  checkpointSliceRows: 2,
  snapshotLogBytes: 1_000_000_000,
  snapshotChunkBytes: 1_000,
};

const turnsMax = 100_000;

/** One data folder; `open` is what a process does with it. */
export class HostRig {
  readonly env = manualEnv();
  readonly disk = new FaultyDisk(seededPick(1));
  store = new ReluctantStore();
  readonly released: string[] = [];
  readonly failures: unknown[] = [];
  checkpoints: CheckpointSettings = rarely;
  /** Most snapshots that were under way at the same time. */
  snapshotsAtOnce = 0;
  #snapshotReaders = 0;
  host!: PartitionHost<string>;
  log!: PhysicalLog;

  /** Settles when the partition is led, or throws what it failed with. */
  async open(): Promise<void> {
    const files: Files = this.disk.start({ fillAheadPays: false });
    const reader = this.store.reader();
    this.log = await openPhysicalLog(files, '/log', {
      env: this.env,
      segmentBytes: 64 * 1024,
      recordBytesMax: 16 * 1024,
    });
    const blobs = await openFileBlobs(files, '/blobs');
    this.failures.length = 0;
    this.host = await PartitionHost.open<string>({
      core: {
        partition: 0,
        window: 2,
        carefulWindow: 2,
        shared: false,
        store: reader,
        tables: new TableSet([items, others]),
        newLogId: [1, this.env.emitted.length],
      },
      log: this.log.log(0),
      reader,
      openSnapshotReader: () => this.#openSnapshotReader(),
      writer: this.store,
      blobs,
      env: this.env,
      release: (outputs) => void this.released.push(...outputs),
      onLeading: () => undefined,
      onFenced: () => undefined,
      onFailed: (error) => void this.failures.push(error),
      onProgress: () => undefined,
      checkpoints: this.checkpoints,
    });
    await this.until(() => this.host.core.role === 'leading');
  }

  /** Ends the process; nothing that is under way comes to an end. */
  kill(): void {
    this.disk.crash('kill');
  }

  async close(): Promise<void> {
    await this.host.close();
    await this.log.close();
  }

  /** Writes rows in one step, `released` gets `key=value` when they are durable. */
  put(...rows: readonly (readonly [key: string, value: number])[]): void {
    this.host.transact((tx) => {
      for (const [key, value] of rows) {
        tx.put(items, key, { value });
        tx.emit(`${key}=${value}`);
      }
    });
    this.host.endTurn();
  }

  rows(): Record<string, number | string> {
    let rows: Record<string, number | string> = {};
    this.host.transact((tx: Transaction<string>) => {
      rows = Object.fromEntries(Array.from(tx.scan(items), ([key, { value }]) => [key, value]));
    });
    return rows;
  }

  events(name: string): Readonly<Record<string, unknown>>[] {
    return this.env.emitted.filter((event) => event.name === name).map(({ fields }) => fields);
  }

  /** Lets the event loop turn until `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    for (let turn = 0; !condition(); turn++) {
      if (this.failures.length > 0) throw this.failures[0];
      if (turn === turnsMax) throw new Error('It never came to that.');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #openSnapshotReader(): StoreReader {
    const reader = this.store.reader();
    this.snapshotsAtOnce = Math.max(this.snapshotsAtOnce, ++this.#snapshotReaders);
    const close = reader.close.bind(reader);
    reader.close = async () => {
      this.#snapshotReaders--;
      await close();
    };
    return reader;
  }
}
