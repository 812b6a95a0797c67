/**
 * A store that keeps nothing: for `--engine memory` and for tests. Writer and readers live in one thread. A reader holds the
 * state of its last `renew()` as a reference, so nothing is copied for it.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { ownBytes } from '../platform/own-bytes.ts';
import { assertRow, prefixChars, tableEnd, tablePrefix } from './keys.ts';
import { noMarker } from './marker.ts';
import { SortedTree } from './sorted-tree.ts';
import type { StoreEntry, StoreMarker, StoreReader, StoreWrite, StoreWriter } from './store.ts';

type PartitionState = { readonly rows: SortedTree<Uint8Array>; readonly marker: StoreMarker };
/** Everything that is in such a store at one moment, by partition. */
export type MemoryState = readonly (PartitionState | undefined)[];

const emptyPartition: PartitionState = { rows: SortedTree.empty(), marker: noMarker };

export type MemoryStore = {
  /** Opens a reader on what is written by then. */
  readonly reader: () => StoreReader;
  readonly writer: StoreWriter;
  /** What is written by now; stays as it is. */
  readonly state: () => MemoryState;
};

/** One store with its writer, which holds `state` at first. */
export const createMemoryStore = (state: MemoryState = []): MemoryStore => {
  const writer = new MemoryWriter(state);
  return { reader: () => new MemoryReader(writer), writer, state: () => writer.state };
};

class MemoryWriter implements StoreWriter {
  state: MemoryState;
  #closed = false;

  constructor(state: MemoryState) {
    this.state = state;
  }

  async write(partition: number, slice: readonly StoreWrite[]): Promise<void> {
    this.#assertOpen();
    for (const [table, key] of slice) assertRow(table, key);
    const before = this.state[partition] ?? emptyPartition;
    // Values are copied, because their bytes belong to the caller again once the write has settled.
    const changes = slice.map(
      ([table, key, value]) =>
        [tablePrefix(partition, table) + key, value === undefined ? undefined : ownBytes(value)] as const,
    );
    this.#put(partition, { rows: before.rows.edit(changes), marker: before.marker });
  }

  async mark(partition: number, marker: StoreMarker): Promise<void> {
    this.#assertOpen();
    const { rows } = this.state[partition] ?? emptyPartition;
    this.#put(partition, {
      rows,
      marker: { position: marker.position, note: marker.note === undefined ? undefined : ownBytes(marker.note) },
    });
  }

  async clear(partition: number): Promise<void> {
    this.#assertOpen();
    this.#put(partition, emptyPartition);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #put(partition: number, state: PartitionState): void {
    const changed = this.state.slice();
    changed[partition] = state;
    this.state = changed;
  }

  #assertOpen(): void {
    if (this.#closed) throw new TuttiError('CLOSED', 'The store was closed.');
  }
}

class MemoryReader implements StoreReader {
  readonly #writer: MemoryWriter;
  #state: MemoryState;
  /** Another object after each renewal: how a scan notices. */
  #renewal: object = {};

  constructor(writer: MemoryWriter) {
    this.#writer = writer;
    this.#state = writer.state;
  }

  get(partition: number, table: number, key: string): Uint8Array | undefined {
    return this.#state[partition]?.rows.get(tablePrefix(partition, table) + key);
  }

  scan(partition: number, table: number, from: string, to: string | undefined): Generator<StoreEntry> {
    return this.#scan('range', partition, table, from, to);
  }

  scanDown(partition: number, table: number, from: string, to: string | undefined): Generator<StoreEntry> {
    return this.#scan('rangeDown', partition, table, from, to);
  }

  *#scan(
    way: 'range' | 'rangeDown',
    partition: number,
    table: number,
    from: string,
    to: string | undefined,
  ): Generator<StoreEntry> {
    const renewal = this.#renewal;
    const prefix = tablePrefix(partition, table);
    const end = to === undefined ? tableEnd(partition, table) : prefix + to;
    for (const [key, value] of this.#state[partition]?.rows[way](prefix + from, end) ?? []) {
      yield [key.slice(prefixChars), value];
      if (renewal !== this.#renewal) throw new TuttiError('INVARIANT', 'The reader was renewed during a scan.');
    }
  }

  marker(partition: number): StoreMarker {
    return this.#state[partition]?.marker ?? noMarker;
  }

  renew(): void {
    this.#state = this.#writer.state;
    this.#renewal = {};
  }

  async close(): Promise<void> {
    this.#state = [];
    this.#renewal = {};
  }
}
