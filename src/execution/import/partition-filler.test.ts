import { expect, test } from 'vitest';
import { openFileBlobs } from '../../engine/embedded/file-blobs.ts';
import { memoryFiles } from '../../engine/embedded/memory-files.ts';
import { openPhysicalLog } from '../../engine/embedded/physical-log.ts';
import type { AnyTable } from '../../partition/table.ts';
import { nodeEnv } from '../../platform/node.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { keyTable, logTable } from '../../tasks/tables.ts';
import { keyOfUint } from '../../values/ordered-key.ts';
import { PartitionFiller } from './partition-filler.ts';

/** What a filler is opened over: each time with an empty store, so that what counts is in the log. */
const newFiller = async () => {
  const files = memoryFiles();
  const physical = await openPhysicalLog(files, 'log', { env: nodeEnv() });
  const blobs = await openFileBlobs(files, 'blobs');
  return (time: number): Promise<PartitionFiller> => {
    const store = createMemoryStore();
    return PartitionFiller.open({
      partition: 0,
      log: physical.log(0),
      blobs,
      env: nodeEnv(),
      reader: store.reader(),
      openReader: () => store.reader(),
      writer: store.writer,
      time,
    });
  };
};

const table = logTable as AnyTable;

test('rows are in the log when it has settled, in records of bounded size; and can all be removed', async () => {
  const open = await newFiller();
  const filler = await open(0);
  expect(filler.isEmpty).toBe(true);
  const line = (n: number) => ({ time: n, level: 'info', text: 'x'.repeat(n % 7 === 0 ? 100_000 : 10), tries: 0 });
  for (let n = 0; n < 5_000; n++) await filler.put(table, keyOfUint(n, 4), line(n));
  await filler.put(keyTable as AnyTable, 'k', { id: 'i' });
  await filler.settled();
  expect(filler.isEmpty).toBe(false);
  await filler.close();

  const again = await open(0);
  expect(again.isEmpty).toBe(false);
  await again.empty();
  await again.settled();
  await again.close();
  const last = await open(0);
  expect(last.isEmpty).toBe(true);
  await last.close();
});

test('a partition that another process leads is filled no further', async () => {
  const open = await newFiller();
  const filler = await open(0);
  await filler.put(table, 'a', { time: 1, level: 'info', text: '', tries: 0 });
  await filler.settled();
  const other = await open(0);
  await filler.put(table, 'b', { time: 1, level: 'info', text: '', tries: 0 });
  await expect(filler.settled()).rejects.toMatchObject({ code: 'LOG_FENCED' });
  await other.close();
});
