/**
 * Opens a store that a test has damaged, reads all of it, writes to it, and prints as JSON how far it came: `opened`, `read`,
 * `written`, or the code of the error. Apart from the test, because a damaged file may end the process. Argument: the path.
 */
import { isTuttiError } from '../../src/errors/tutti-error.ts';
import { openLmdbReader, openLmdbWriter } from '../../src/store/lmdb-store.ts';

const result: { opened?: boolean; rowCount?: number; position?: number; written?: boolean; code?: string } = {};
const path = process.argv[2]!;
try {
  const writer = openLmdbWriter(path);
  const reader = openLmdbReader(path);
  result.opened = true;
  result.position = reader.marker(0).position;
  result.rowCount = [...reader.scan(0, 1, '', undefined)].length;
  await writer.write(0, [[1, 'new', new Uint8Array(10)]]);
  result.written = true;
  await reader.close();
  await writer.close();
} catch (error) {
  result.code = isTuttiError(error) ? error.code : String(error);
}
console.log(JSON.stringify(result));
