/** The state that a log's records make, by the reader that ships and nothing else: no store, no snapshot, no trim. */
import { Partition } from '../../../src/partition/partition.ts';
import { type AnyTable, TableSet } from '../../../src/partition/table.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';

/** All rows of these tables, one line each, in order of table and key. */
export type Rows = readonly string[];

export type RowSource = { scan(table: AnyTable): Iterable<readonly [key: string, row: unknown]> };

export const rowsOf = (source: RowSource, tables: readonly AnyTable[]): Rows =>
  tables.flatMap((table) =>
    [...source.scan(table)].map(
      ([key, row]) => `${table.name} ${JSON.stringify(key)} ${JSON.stringify(table.toFields(row))}`,
    ),
  );

/** The states of one log, each made by going on from the one that was asked for before, where that is earlier. */
export class Replay {
  readonly #partition: number;
  readonly #records: readonly Uint8Array[];
  readonly #tables: readonly AnyTable[];
  #core: Partition<never> | undefined;
  #position = 0;
  #rows: Rows | undefined;

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
    this.#rows ??= rowsOf(source, this.#tables);
    return this.#rows;
  }
}

/** The first difference of two states, undefined if there is none. */
export const firstDifference = (a: Rows, b: Rows): string | undefined => {
  for (let at = 0; at < Math.max(a.length, b.length); at++) if (a[at] !== b[at]) return `${a[at]} and ${b[at]}`;
  return undefined;
};
