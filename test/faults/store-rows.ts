/** The rows that `store-process.ts` writes, known in advance so that a test can say what must be there after its end. */
import type { StoreWrite } from '../../src/store/store.ts';

export const slicesPerMark = 8;
export const rowsPerSlice = 1_000;

/** Scattered over the table, so that each slice touches many pages. */
export const rowKey = (slice: number, row: number): string => {
  const scattered = Math.imul(slice * rowsPerSlice + row, 0x9e3779b1) >>> 0;
  return scattered.toString(16).padStart(8, '0');
};

export const rowValue = (round: number, slice: number, row: number): string =>
  `${round}/${slice}/${row}/`.padEnd(100 + (row % 50), 'x');

/** Each round writes all rows anew. */
export const sliceOf = (round: number, slice: number): readonly StoreWrite[] =>
  Array.from({ length: rowsPerSlice }, (_, row) => [1, rowKey(slice, row), Buffer.from(rowValue(round, slice, row))]);
