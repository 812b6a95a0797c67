/**
 * The store of one node in a simulated world, and what is left of it when the node ends: with a kill what was written, with a
 * power failure some state between the last one that was synced and the newest, or nothing at all when the disk is lost.
 */

import type { Life, Simulation } from '../engine/simulated/simulation.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { createMemoryStore, type MemoryState, type MemoryStore } from '../store/memory-store.ts';
import type { StoreMarker, StoreReader, StoreWrite, StoreWriter } from '../store/store.ts';
import type { SeededRandom } from '../values/hash.ts';
import { SimulatedCopies } from './simulated-copies.ts';

export type DiskEnd = 'kill' | 'power' | 'lost';

/** Records that were kept last, of which a power failure takes some. */
const unsyncedCopiesMax = 8;
/** So many of 1 writes share the transaction that waits, if one does: all of it is kept, or none. */
const joins = 0.7;
const writeMs = 2;
const syncMs = 4;

export class SimulatedDisk {
  /** Nothing more can be written while it is. */
  full = false;
  readonly #simulation: Simulation;
  readonly #random: SeededRandom;
  #memory: MemoryStore = createMemoryStore();
  /** What was written since the last sync, oldest first; the first one is what that sync kept. */
  #unsynced: MemoryState[] = [[]];

  readonly #copiesRandom: SeededRandom;
  #copies = new Map<number, SimulatedCopies>();

  constructor(simulation: Simulation, name: string) {
    this.#simulation = simulation;
    this.#random = simulation.random(`disk ${name}`);
    this.#copiesRandom = simulation.random(`copies ${name}`);
  }

  /** Copies of a partition's records, as a new life of the node finds them. */
  copies(partition: number): SimulatedCopies {
    let copies = this.#copies.get(partition);
    if (copies === undefined) {
      copies = new SimulatedCopies(() => this.full);
      this.#copies.set(partition, copies);
    }
    return copies;
  }

  /** The store as a new life of the node finds it. */
  open(life: Life): { readonly openReader: () => StoreReader; readonly writer: StoreWriter } {
    const memory = this.#memory;
    return { openReader: () => memory.reader(), writer: this.#writerOf(life, memory) };
  }

  /** A bit of some row of these tables flips where it is kept; undefined: there is none. */
  flipRow(partition: number, tables: readonly number[], pick: number): StoreWrite | undefined {
    const reader = this.#memory.reader();
    const rows = tables.flatMap((table) =>
      [...reader.scan(partition, table, '', undefined)].map(([key, value]) => ({ table, key, value })),
    );
    const row = rows[pick % Math.max(1, rows.length)];
    if (row === undefined) return undefined;
    const value = Uint8Array.from(row.value);
    value[pick % value.length] = (value[pick % value.length] as number) ^ (1 << (pick % 8));
    void this.#memory.writer.write(partition, [[row.table, row.key, value]]);
    return [row.table, row.key, this.#memory.reader().get(partition, row.table, row.key)];
  }

  /** Whether a row that was flipped was not written since: not even with the same bytes, as one that counts can be. */
  holds(partition: number, [table, key, value]: StoreWrite): boolean {
    return value !== undefined && this.#memory.reader().get(partition, table, key) === value;
  }

  /** The node ends. */
  end(how: DiskEnd): void {
    const kept =
      how === 'lost'
        ? []
        : how === 'kill'
          ? this.#memory.state()
          : this.#unsynced[Math.floor(this.#random.fraction() * this.#unsynced.length)];
    if (how === 'lost') this.#copies = new Map();
    if (how === 'power')
      for (const copies of this.#copies.values())
        copies.loseTail(Math.floor(this.#copiesRandom.fraction() * unsyncedCopiesMax));
    this.#memory = createMemoryStore(kept);
    this.#unsynced = [this.#memory.state()];
  }

  #writerOf(life: Life, memory: MemoryStore): StoreWriter {
    const failed = new Set<number>();
    let readyAtMs = 0;
    /** The writes of the transaction that was planned last, while it waits and nothing was called after them. */
    let waiting: (() => void)[] | undefined;
    /** Calls take effect in their order, each some time later, unless the node ends before. */
    const later = (delayMs: number, action: () => void): void => {
      const now = this.#simulation.nowMs;
      readyAtMs = Math.max(readyAtMs, now + delayMs * this.#random.fraction());
      this.#simulation.after(readyAtMs - now, life, 'store', action);
    };
    const call = (partition: number, action: () => Promise<void>, plan: (run: () => void) => void): Promise<void> =>
      new Promise((resolve, reject) =>
        plan(() => {
          if (this.full) {
            failed.add(partition);
            reject(new TuttiError('STORE_FULL', 'There is no room left for the store.'));
          } else void action().then(resolve, reject);
        }),
      );
    const transaction = (run: () => void): void => {
      if (waiting !== undefined && this.#random.fraction() < joins) {
        waiting.push(run);
        return;
      }
      const runs = [run];
      waiting = runs;
      later(writeMs, () => {
        if (waiting === runs) waiting = undefined;
        for (const each of runs) each();
        this.#unsynced.push(memory.state());
      });
    };
    const alone = (run: () => void): void => {
      waiting = undefined;
      later(syncMs, run);
    };
    return {
      write: (partition, slice) => call(partition, () => memory.writer.write(partition, slice), transaction),
      mark: (partition: number, marker: StoreMarker) =>
        call(
          partition,
          async () => {
            if (failed.delete(partition))
              throw new TuttiError('STORE_FULL', 'A slice before this mark was not written.');
            await memory.writer.mark(partition, marker);
            this.#unsynced = [memory.state()];
          },
          alone,
        ),
      clear: (partition: number) => call(partition, () => memory.writer.clear(partition), alone),
      close: async () => {},
    };
  }
}
