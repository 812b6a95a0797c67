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

export const replay = (partition: number, records: readonly Uint8Array[], tables: readonly AnyTable[]): RowSource => {
  const core = new Partition<never>({
    partition,
    window: 8,
    carefulWindow: 8,
    shared: true,
    store: createMemoryStore().reader(),
    tables: new TableSet(tables),
    newLogId: [0, 0],
  });
  core.readResult(
    records.map((bytes, at) => ({ position: at + 1, bytes })),
    0,
  );
  return core;
};

/** The first difference of two states, undefined if there is none. */
export const firstDifference = (a: Rows, b: Rows): string | undefined => {
  for (let at = 0; at < Math.max(a.length, b.length); at++) if (a[at] !== b[at]) return `${a[at]} and ${b[at]}`;
  return undefined;
};
