/**
 * Where a row stands among all rows of all partitions: two characters for the partition, two for the table, both big-endian,
 * then the row's own key. So a partition and each of its tables is one range. Key strings, like the keys themselves.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';

/** No table has this number, so `tableEnd` never carries into the partition. The partition's marker stands there. */
export const markerTable = 0xffff;

/** Characters before the row's own key. */
export const prefixChars = 4;

const twoChars = (number: number): string => String.fromCharCode(number >>> 8, number & 0xff);

/** What all keys of one table begin with. */
export const tablePrefix = (partition: number, table: number): string => twoChars(partition) + twoChars(table);

/** The first key after all keys of the table. */
export const tableEnd = (partition: number, table: number): string => tablePrefix(partition, table + 1);

export const markerKey = (partition: number): string => tablePrefix(partition, markerTable);

/** Throws `INVARIANT` for a table or key that would land in another place or be refused half-way through a transaction. */
export const assertRow = (table: number, key: string): void => {
  if (key.length > limits.storeKeyBytesMax || !(table >= 0 && table < markerTable)) {
    throw new TuttiError('INVARIANT', `Table ${table} or a key of ${key.length} characters does not fit in the store.`);
  }
};
