/**
 * The rows of one partition as its leader sees them: what was written and not yet flushed lies over the store.
 *
 * - `active`: written since the last checkpoint began.
 * - `frozen`: what the checkpoint under way flushes. It ends exactly at the checkpoint's record.
 * - `clean`: what the last checkpoint flushed, kept so that hot rows need not be read from the store.
 * - the store, at its marker or beyond.
 *
 * A layer maps a key to a row, or to null: deleted.
 *
 * Invariants
 * - L-ack: only what is acknowledged reaches the store (the host flushes only after the checkpoint's record was).
 * - L-below: no key above a table's `below` is in `frozen`, `clean` or the store. So a new key whose kind grows with time
 *   needs no look at the store, and a row that is born and dies between two checkpoints leaves nothing to flush. Until as much
 *   of the log was read as the store may hold, nothing is known: slices of a checkpoint that a crash cut short may lie in
 *   it, of rows that come later in the log.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import type { StoreReader } from '../store/store.ts';
import { decodeRow, encodeRow } from './record.ts';
import type { AnyTable, Table, TableSet } from './table.ts';

type Layer = Map<string, unknown>;

/** What nothing was written to. */
const untouched: Layer = new Map();

/** Above every key string. */
const aboveAll = '\uffff';

/** The layers of one table. */
class TableLayers {
  readonly table: AnyTable;
  active: Layer = new Map();
  frozen: Layer | undefined;
  clean: Layer | undefined;
  /** The highest key ever written. */
  highest = '';
  below = aboveAll;

  constructor(table: AnyTable) {
    this.table = table;
  }
}

export type EncodedWrite = readonly [table: number, key: string, value: Uint8Array | undefined];

/** The highest key of each table: `[table, key, …]`. */
export type HighestKeys = readonly (number | string)[];

export class Layers {
  readonly #partition: number;
  readonly #store: StoreReader;
  readonly #byId: (TableLayers | undefined)[] = [];
  readonly #tables: TableLayers[] = [];
  #storeKnown = false;

  /** `highest`: what `highestKeys` gave when the store was flushed. */
  constructor(partition: number, store: StoreReader, tables: TableSet, highest: HighestKeys) {
    this.#partition = partition;
    this.#store = store;
    for (const table of tables.all()) {
      const layers = new TableLayers(table);
      this.#byId[table.id] = layers;
      this.#tables.push(layers);
    }
    for (let at = 0; at < highest.length; at += 2) {
      const layers = this.#byId[highest[at] as number];
      if (layers !== undefined) layers.highest = highest[at + 1] as string;
    }
  }

  /** Rows that the next checkpoint will flush. */
  get dirtyRows(): number {
    let count = 0;
    for (const layers of this.#tables) count += layers.active.size;
    return count;
  }

  get frozen(): boolean {
    return this.#tables.some((layers) => layers.frozen !== undefined);
  }

  get<Row>(table: Table<Row>, key: string): Row | undefined {
    const layers = this.#layersOf(table.id);
    let row = layers.active.get(key);
    if (row === undefined) {
      if (key > layers.below) return undefined;
      row = layers.frozen?.get(key);
      if (row === undefined) row = layers.clean?.get(key);
      if (row === undefined) {
        const bytes = this.#store.get(this.#partition, table.id, key);
        return bytes === undefined ? undefined : this.#rowOf(table, key, bytes);
      }
    }
    return row === null ? undefined : (row as Row);
  }

  /** Writes or (undefined) deletes. Returns what the active layer held, for `restore`. */
  set(tableId: number, key: string, row: unknown): unknown {
    const layers = this.#layersOf(tableId);
    const before = layers.active.get(key);
    if (row !== undefined) {
      layers.active.set(key, row);
      if (key > layers.highest) layers.highest = key;
    } else if (key > layers.below) layers.active.delete(key);
    else layers.active.set(key, null);
    return before;
  }

  /** Takes back a `set`. */
  restore(tableId: number, key: string, before: unknown): void {
    const { active } = this.#layersOf(tableId);
    if (before === undefined) active.delete(key);
    else active.set(key, before);
  }

  /**
   * Rows with `from <= key < to` in ascending order of keys, as they are now. Sorts the unflushed keys of the range: for
   * look-ups by people and at start-up, not for hot paths.
   */
  *scan<Row>(table: Table<Row>, from = '', to?: string): Generator<readonly [key: string, row: Row]> {
    const { frozen, active } = this.#layersOf(table.id);
    if (active.size === 0 && (frozen === undefined || frozen.size === 0)) {
      for (const [key, bytes] of this.#store.scan(this.#partition, table.id, from, to))
        yield [key, this.#rowOf(table, key, bytes)];
      return;
    }
    const over: (readonly [key: string, row: unknown])[] = [];
    for (const entry of active) if (entry[0] >= from && (to === undefined || entry[0] < to)) over.push(entry);
    for (const entry of frozen ?? untouched)
      if (entry[0] >= from && (to === undefined || entry[0] < to) && !active.has(entry[0])) over.push(entry);
    over.sort(([a], [b]) => compareKeys(a, b));
    let next = 0;
    for (const [key, bytes] of this.#store.scan(this.#partition, table.id, from, to)) {
      let unflushed = over[next];
      for (; unflushed !== undefined && unflushed[0] < key; unflushed = over[++next])
        if (unflushed[1] !== null) yield unflushed as readonly [string, Row];
      // What lies over it counts, and comes next.
      if (unflushed?.[0] !== key) yield [key, this.#rowOf(table, key, bytes)];
    }
    for (; next < over.length; next++) {
      const unflushed = over[next] as readonly [string, Row];
      if (unflushed[1] !== null) yield unflushed;
    }
  }

  /**
   * The rows with the highest keys below `below` (undefined: of all), at most `most`, in descending order of keys. Goes through
   * the unflushed keys once and reads of the store what is taken: for look-ups by people.
   */
  *scanDown<Row>(
    table: Table<Row>,
    below: string | undefined,
    most: number,
  ): Generator<readonly [key: string, row: Row]> {
    const layers = this.#layersOf(table.id);
    const over = highestUnflushed(layers, below, most);
    const row = (key: string): Row => (layers.active.get(key) ?? layers.frozen?.get(key)) as Row;
    let given = 0;
    let next = 0;
    for (const [key, bytes] of this.#store.scanDown(this.#partition, table.id, '', below)) {
      for (; next < over.length && (over[next] as string) > key && given < most; given++) {
        const higher = over[next++] as string;
        yield [higher, row(higher)];
      }
      if (given >= most) return;
      // What lies over it counts: it is given from there, or deleted.
      if (layers.active.has(key) || layers.frozen?.has(key) === true) continue;
      given++;
      yield [key, this.#rowOf(table, key, bytes)];
    }
    for (; next < over.length && given < most; given++) {
      const key = over[next++] as string;
      yield [key, row(key)];
    }
  }

  /** A row as the store keeps it. Throws `STORE_FAILED` where it is none. */
  #rowOf<Row>(table: Table<Row>, key: string, bytes: Uint8Array): Row {
    try {
      return table.fromFields(decodeRow(bytes));
    } catch (error) {
      throw new TuttiError(
        'STORE_FAILED',
        `Partition ${this.#partition}: a row of the table "${table.name}" cannot be read: the store is damaged.`,
        { cause: error, details: { partition: this.#partition, table: table.name, row: key } },
      );
    }
  }

  /** Applies one row write of a record that was read. */
  apply(tableId: number, key: string, fields: readonly unknown[] | null): void {
    this.set(tableId, key, fields === null ? undefined : this.#layersOf(tableId).table.fromFields(fields));
  }

  knows(tableId: number): boolean {
    return this.#byId[tableId] !== undefined;
  }

  /** The log was read as far as the store may hold anything of it (L-below). */
  storeKnown(): void {
    if (this.#storeKnown) return;
    this.#storeKnown = true;
    for (const layers of this.#tables) layers.below = layers.highest;
  }

  /** At least the highest key of each table in the store once the checkpoint under way is flushed. */
  highestKeys(): HighestKeys {
    return this.#tables.flatMap((layers) => (layers.highest === '' ? [] : [layers.table.id, layers.highest]));
  }

  /** Begins a checkpoint: what is active now is what will be flushed. */
  freeze(): void {
    for (const layers of this.#tables) {
      if (layers.active.size === 0) layers.frozen = untouched;
      else {
        layers.frozen = layers.active;
        layers.active = new Map();
      }
      if (this.#storeKnown) layers.below = layers.highest;
    }
  }

  /** What the checkpoint under way must write, encoded one by one as it is taken. */
  *frozenWrites(): Generator<EncodedWrite> {
    for (const { frozen, table } of this.#tables) {
      if (frozen === undefined || frozen.size === 0) continue;
      // In key order the store touches each page once; keys that grow with time come about so by themselves.
      const keys = table.growing === true ? frozen.keys() : [...frozen.keys()].sort(compareKeys);
      for (const key of keys) {
        const row = frozen.get(key);
        yield [table.id, key, row === null ? undefined : encodeRow(table.toFields(row))];
      }
    }
  }

  /** The checkpoint is in the store, and the reader was renewed past it. */
  flushed(): void {
    for (const layers of this.#tables) {
      layers.clean = layers.frozen;
      layers.frozen = undefined;
    }
  }

  #layersOf(tableId: number): TableLayers {
    const layers = this.#byId[tableId];
    if (layers === undefined) throw new Error(`no table has the number ${tableId}`);
    return layers;
  }
}

const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The highest keys below `below` that have an unflushed row, at most `most`, in descending order. */
const highestUnflushed = ({ active, frozen }: TableLayers, below: string | undefined, most: number): string[] => {
  let chosen: string[] = [];
  let floor = '';
  for (const layer of frozen === undefined ? [active] : [active, frozen]) {
    // The newest come last and are mostly the highest: from the end on, nearly all others are told by one comparison.
    const keys = [...layer.keys()];
    for (let at = keys.length - 1; at >= 0; at--) {
      const key = keys[at] as string;
      if (key < floor || (below !== undefined && key >= below)) continue;
      if (layer.get(key) === null || (layer === frozen && active.has(key))) continue;
      chosen.push(key);
      if (chosen.length < 2 * most) continue;
      chosen = chosen.sort(compareKeys).reverse().slice(0, most);
      floor = chosen.at(-1) as string;
    }
  }
  return chosen.sort(compareKeys).reverse().slice(0, most);
};
