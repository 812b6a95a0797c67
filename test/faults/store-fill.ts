/**
 * Fills a store until it is full, for `store-damage.test.ts`, which limits the size of files. Argument: the store's path.
 * Prints as JSON how the calls ended: those that met the limit, and those that followed.
 */
import { isTuttiError } from '../../src/errors/tutti-error.ts';
import { openLmdbReader, openLmdbWriter } from '../../src/store/lmdb-store.ts';

const codeOf = async (call: Promise<void>): Promise<string> => {
  try {
    await call;
    return 'done';
  } catch (error) {
    return isTuttiError(error) ? error.code : String(error);
  }
};

const writer = openLmdbWriter(process.argv[2]!);
const row = Buffer.alloc(1_000, 7);
const write = (round: number): Promise<void> =>
  writer.write(
    0,
    Array.from({ length: 1_000 }, (_, index) => [1, `${round}/${index}`, row]),
  );

let round = 1;
let full = 'done';
for (; full === 'done' && round < 1_000; round += 1) {
  full = await codeOf(write(round));
  if (full === 'done') await writer.mark(0, { position: round, note: undefined });
}
const markAfterFailedWrite = await codeOf(writer.mark(0, { position: round, note: undefined }));
const reader = openLmdbReader(process.argv[2]!);
const { position } = reader.marker(0);
const rowCount = [...reader.scan(0, 1, '', undefined)].length;
// Small changes still fit in pages that are free; a large one does not.
const small = await codeOf(writer.write(0, [[1, '1/0', row]]));
const again = await codeOf(write(round));
const otherPartition = await codeOf(writer.mark(1, { position: 5, note: undefined }));
await reader.close();
await writer.close();
const result = { full, markAfterFailedWrite, markerIsLast: position === round - 2, rowCount, position, small, again };
console.log(JSON.stringify({ ...result, otherPartition }));
