/**
 * Background scans of the store at a checkpoint: a leader's snapshots, and the digests of all replicas. One at a time: each has a
 * reader of its own, opened before anything after the checkpoint is written.
 */
import type { Env } from '../platform/env.ts';
import type { StoreMarker, StoreReader } from '../store/store.ts';
import type { Digest } from './digests.ts';
import type { Snapshots } from './snapshot.ts';
import type { UnderWay } from './under-way.ts';

export type ScanOptions = {
  readonly partition: number;
  readonly shared: boolean;
  readonly snapshots: Snapshots;
  readonly openReader: () => StoreReader;
  readonly env: Env;
  readonly underWay: UnderWay;
};

export class Scans {
  readonly #options: ScanOptions;
  #busy = false;
  /** The leadership for which it was looked which snapshots there are. */
  #listedFor = 0;

  constructor(options: ScanOptions) {
    this.#options = options;
  }

  /** A snapshot is to be taken at the next checkpoint. `logBytes` counts what the log ever had. */
  snapshotDue(logBytes: number): boolean {
    return !this.#busy && !this.#options.underWay.closing && this.#options.snapshots.due(logBytes);
  }

  /** Undefined: it failed, and the next one is as good. */
  snapshot(marker: StoreMarker, logBytes: number, epoch: number): Promise<Digest | undefined> {
    return this.#scan('snapshot.failed', marker.position, async (reader) => {
      const { shared, snapshots } = this.#options;
      if (shared && this.#listedFor !== epoch) {
        // Others have led, and taken some, since this replica was opened.
        await snapshots.load();
        this.#listedFor = epoch;
      }
      return await snapshots.take(reader, marker, logBytes, epoch);
    });
  }

  /** Undefined: there was no time for it, or it failed. */
  async digest(position: number): Promise<Digest | undefined> {
    if (this.#busy) return undefined;
    const { snapshots, underWay } = this.#options;
    return await this.#scan('digest.failed', position, (reader) => snapshots.digest(reader, () => underWay.pause(0)));
  }

  async #scan(
    failed: string,
    position: number,
    scan: (reader: StoreReader) => Promise<Digest | undefined>,
  ): Promise<Digest | undefined> {
    const { env, partition, underWay } = this.#options;
    this.#busy = true;
    const reader = this.#options.openReader();
    try {
      return await scan(reader);
    } catch (error) {
      if (!underWay.closing) env.events.emit(failed, { partition, position, error });
      return undefined;
    } finally {
      this.#busy = false;
      await reader.close();
    }
  }
}
