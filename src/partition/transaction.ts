import type { Table } from './table.ts';

/** What a step may do. Valid only while the step runs. */
export interface Transaction<Output> {
  /** The record time: milliseconds, never goes back. */
  readonly time: number;
  /** The log position that what this step writes will take, or a higher one: nothing at or above it is durable yet. */
  readonly writingAt: number;
  /** Moves the record time on to that of a message received, if it is later. */
  notBefore(time: number): void;
  /** A number that grows with every call, over all epochs: order among rows. */
  sequence(): number;
  get<Row>(table: Table<Row>, key: string): Row | undefined;
  put<Row>(table: Table<Row>, key: string, row: Row): void;
  delete(table: { readonly id: number }, key: string): void;
  /** In order of keys; sorts what is not flushed: not for hot paths. */
  scan<Row>(table: Table<Row>, from?: string, to?: string): Iterable<readonly [key: string, row: Row]>;
  /** At most `most` rows with the highest keys below `below`, from the highest down. */
  scanDown<Row>(table: Table<Row>, below: string | undefined, most: number): Iterable<readonly [key: string, row: Row]>;
  /** Lets `output` out once everything this step may have read or written is durable. */
  emit(output: Output): void;
  /** Lets `output` out as soon as leadership is certain: for what depends only on the acknowledged prefix up to now (a grant of a durable task). */
  emitSettled(output: Output): void;
}
