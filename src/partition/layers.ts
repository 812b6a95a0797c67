/**
 * The rows of one partition as its leader sees them: what was written and not yet flushed lies over the store.
 *
 * - `active`: written since the last checkpoint began.
 * - `frozen`: what the checkpoint under way flushes. It ends exactly at the checkpoint's record, so that only what is
 *   acknowledged by then reaches the store (invariant L-ack: the host flushes only after that record was acknowledged).
 * - `clean`: what the last checkpoint flushed, kept so that hot rows need not be read from the store.
 * - the store, at its marker or beyond.
 *
 * A layer maps a key to a row, or to null: deleted.
 */
import type { StoreReader } from '../store/store.ts';
import { decodeRow, encodeRow } from './record.ts';
import type { AnyTable, Table, TableSet } from './table.ts';

type Layer = Map<string, unknown>;

/** The layers of one table. */
class TableLayers {
  readonly table: AnyTable;
  active: Layer = new Map();
  frozen: Layer | undefined;
  clean: Layer | undefined;

  constructor(table: AnyTable) {
    this.table = table;
  }
}

export type EncodedWrite = readonly [table: number, key: string, value: Uint8Array | undefined];

export class Layers {
  readonly #partition: number;
  readonly #store: StoreReader;
  readonly #tables: TableLayers[] = [];
  #dirtyRows = 0;

  constructor(partition: number, store: StoreReader, tables: TableSet) {
    this.#partition = partition;
    this.#store = store;
    for (const table of tables.all()) this.#tables[table.id] = new TableLayers(table);
  }

  /** Rows written since the last checkpoint began. */
  get dirtyRows(): number {
    return this.#dirtyRows;
  }

  get frozen(): boolean {
    return this.#tables.some((layers) => layers?.frozen !== undefined);
  }

  get<Row>(table: Table<Row>, key: string): Row | undefined {
    const layers = this.#layersOf(table.id);
    let row = layers.active.get(key);
    if (row === undefined && layers.frozen !== undefined) row = layers.frozen.get(key);
    if (row === undefined && layers.clean !== undefined) row = layers.clean.get(key);
    if (row === undefined) {
      const bytes = this.#store.get(this.#partition, table.id, key);
      if (bytes === undefined) return undefined;
      return table.fromFields(decodeRow(bytes));
    }
    return row === null ? undefined : (row as Row);
  }

  /** Writes or (undefined) deletes. Returns what the active layer held, for `restore`. */
  set(tableId: number, key: string, row: unknown): unknown {
    const { active } = this.#layersOf(tableId);
    const before = active.get(key);
    if (before === undefined) this.#dirtyRows++;
    active.set(key, row === undefined ? null : row);
    return before;
  }

  /** Takes back a `set`. */
  restore(tableId: number, key: string, before: unknown): void {
    const { active } = this.#layersOf(tableId);
    if (before === undefined) {
      active.delete(key);
      this.#dirtyRows--;
    } else active.set(key, before);
  }

  /**
   * Rows with `from <= key < to` in ascending order of keys. Sorts the unflushed keys of the range: for look-ups by people
   * and at start-up, not for hot paths.
   */
  *scan<Row>(table: Table<Row>, from = '', to?: string): Generator<readonly [key: string, row: Row]> {
    const layers = this.#layersOf(table.id);
    const over = new Map<string, unknown>();
    for (const layer of [layers.frozen, layers.active])
      if (layer !== undefined)
        for (const [key, row] of layer) if (key >= from && (to === undefined || key < to)) over.set(key, row);
    const keys = [...over.keys()].sort(compareKeys);
    let next = 0;
    for (const [key, bytes] of this.#store.scan(this.#partition, table.id, from, to)) {
      for (; next < keys.length && (keys[next] as string) < key; next++) {
        const row = over.get(keys[next] as string);
        if (row !== null) yield [keys[next] as string, row as Row];
      }
      if (over.has(key)) continue;
      yield [key, table.fromFields(decodeRow(bytes))];
    }
    for (; next < keys.length; next++) {
      const row = over.get(keys[next] as string);
      if (row !== null) yield [keys[next] as string, row as Row];
    }
  }

  /** Applies one row write of a record that was read. */
  apply(tableId: number, key: string, fields: readonly unknown[] | null): void {
    this.set(tableId, key, fields === null ? undefined : this.#layersOf(tableId).table.fromFields(fields));
  }

  knows(tableId: number): boolean {
    return this.#tables[tableId] !== undefined;
  }

  /** Begins a checkpoint: what is active now is what will be flushed. */
  freeze(): void {
    for (const layers of this.#tables) {
      if (layers === undefined) continue;
      layers.frozen = layers.active;
      layers.active = new Map();
    }
    this.#dirtyRows = 0;
  }

  /** What the checkpoint under way must write, encoded one by one as it is taken. */
  *frozenWrites(): Generator<EncodedWrite> {
    for (const layers of this.#tables) {
      if (layers?.frozen === undefined) continue;
      // In key order: the store appends faster than it inserts.
      const keys = [...layers.frozen.keys()].sort(compareKeys);
      for (const key of keys) {
        const row = layers.frozen.get(key);
        yield [layers.table.id, key, row === null ? undefined : encodeRow(layers.table.toFields(row))];
      }
    }
  }

  /** The checkpoint is in the store, and the reader was renewed past it. */
  flushed(): void {
    for (const layers of this.#tables) {
      if (layers === undefined) continue;
      layers.clean = layers.frozen;
      layers.frozen = undefined;
    }
  }

  #layersOf(tableId: number): TableLayers {
    const layers = this.#tables[tableId];
    if (layers === undefined) throw new Error(`no table has the number ${tableId}`);
    return layers;
  }
}

const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
