/**
 * What a partition must know of a table: a number that is never used again for another one, and how a row becomes the
 * positional array that stands in the log and the store. Rows are plain objects that nothing changes in place.
 */
export interface Table<Row> {
  readonly id: number;
  readonly name: string;
  /** Keys begin with a time, so that new ones come about in order. */
  readonly growing?: boolean;
  toFields(row: Row): readonly unknown[];
  /** Characters of the texts in a row, about. Without it all fields are looked through: rows that are written often say it. */
  chars?(row: Row): number;
  fromFields(fields: readonly unknown[]): Row;
}

/** A table of any row type, where only its number and codec matter. */
export type AnyTable = Table<unknown>;

/** Declares a table; the row type is inferred from `fromFields`. */
export const defineTable = <Row>(table: Table<Row>): Table<Row> => table;

/** The tables a partition knows, by number. A record that names another one is of a newer version. */
export class TableSet {
  readonly #byId = new Map<number, AnyTable>();

  constructor(tables: readonly AnyTable[]) {
    for (const table of tables) {
      if (this.#byId.has(table.id)) throw new Error(`two tables have the number ${table.id}`);
      this.#byId.set(table.id, table);
    }
  }

  /** These and one more, if it is not among them. */
  with(table: AnyTable): TableSet {
    return this.#byId.has(table.id) ? this : new TableSet([...this.#byId.values(), table]);
  }

  get(id: number): AnyTable | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<AnyTable> {
    return this.#byId.values();
  }
}
