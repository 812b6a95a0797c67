/** The state that a log's records make, by the reader that ships and nothing else: no store, no snapshot, no trim. */
import { Partition } from '../../../src/partition/partition.ts';
import { type AnyTable, TableSet } from '../../../src/partition/table.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';

export type RowSource = { scan(table: AnyTable): Iterable<readonly [key: string, row: unknown]> };

/** A row as it is compared: what its table keeps of it. */
type KeptRow = { readonly table: AnyTable; readonly key: string; readonly fields: readonly unknown[] };

/** All rows of these tables in order of table and key. */
export type Rows = Iterable<KeptRow>;

export function* rowsOf(source: RowSource, tables: readonly AnyTable[]): Generator<KeptRow> {
  for (const table of tables)
    for (const [key, row] of source.scan(table)) yield { table, key, fields: table.toFields(row) };
}

/** The states of one log, each made by going on from the one that was asked for before, where that is earlier. */
export class Replay {
  readonly #partition: number;
  readonly #records: readonly Uint8Array[];
  readonly #tables: readonly AnyTable[];
  #core: Partition<never> | undefined;
  #position = 0;
  #rows: readonly KeptRow[] | undefined;

  /** `records`: all there ever were, from position 1 on; may grow. */
  constructor(partition: number, records: readonly Uint8Array[], tables: readonly AnyTable[]) {
    this.#partition = partition;
    this.#records = records;
    this.#tables = tables;
  }

  /** The state at a position, until a later one is asked for. */
  at(position: number): RowSource {
    let core = this.#core;
    if (core === undefined || position < this.#position) {
      core = new Partition<never>({
        partition: this.#partition,
        window: 8,
        carefulWindow: 8,
        shared: true,
        store: createMemoryStore().reader(),
        tables: new TableSet(this.#tables),
        newLogId: [0, 0],
      });
      this.#core = core;
      this.#position = 0;
      this.#rows = undefined;
    }
    if (position === this.#position) return core;
    const from = this.#position;
    core.readResult(
      this.#records.slice(from, position).map((bytes, at) => ({ position: from + at + 1, bytes })),
      0,
    );
    this.#position = position;
    this.#rows = undefined;
    return core;
  }

  rowsAt(position: number): Rows {
    const source = this.at(position);
    this.#rows ??= [...rowsOf(source, this.#tables)];
    return this.#rows;
  }
}

/** The first difference of two states, undefined if there is none. */
export const firstDifference = (a: Rows, b: Rows): string | undefined => {
  const others = b[Symbol.iterator]();
  for (const row of a) {
    const { value: other } = others.next() as { readonly value: KeptRow | undefined };
    if (other === undefined || !sameRow(row, other)) return `${textOf(row)} and ${textOf(other)}`;
  }
  const { value: more } = others.next() as { readonly value: KeptRow | undefined };
  return more === undefined ? undefined : `${textOf(undefined)} and ${textOf(more)}`;
};

const sameRow = (a: KeptRow, b: KeptRow): boolean =>
  a.key === b.key && a.table.id === b.table.id && sameValue(a.fields, b.fields);

/** By what JSON makes of them: fields that were stored come back with null for what was not there. */
const sameValue = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (!Array.isArray(a) || !Array.isArray(b)) return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
  return a.length === b.length && a.every((value, at) => sameValue(value, b[at]));
};

const textOf = (row: KeptRow | undefined): string =>
  row === undefined ? 'none' : `${row.table.name} ${JSON.stringify(row.key)} ${JSON.stringify(row.fields)}`;
