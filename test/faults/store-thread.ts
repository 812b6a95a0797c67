/** The threads of `store-process.ts`. Each posts a message when it begins. */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openLmdbReader, openLmdbWriter } from '../../src/store/lmdb-store.ts';
import { park } from '../../src/store/parking.ts';
import { rowKey, rowsPerSlice, sliceOf, slicesPerMark } from './store-rows.ts';

const { role, path } = workerData as { readonly role: 'write' | 'scan'; readonly path: string };

const writeWithoutPause = async (): Promise<never> => {
  const writer = openLmdbWriter(path);
  parentPort!.on('message', park);
  await writer.mark(0, { position: 0, note: undefined });
  parentPort!.postMessage('begun');
  let marked: Promise<void> = Promise.resolve();
  for (let round = 1; ; round += 1) {
    const slices = Array.from({ length: slicesPerMark }, (_, slice) => writer.write(0, sliceOf(round, slice)));
    const mark = writer.mark(0, { position: round, note: undefined });
    await marked;
    await Promise.all(slices);
    marked = mark.then(() => void writeSync(1, `marked ${round}\n`));
  }
};

const scanWithoutPause = async (): Promise<never> => {
  const reader = openLmdbReader(path);
  parentPort!.on('message', park);
  parentPort!.postMessage('begun');
  for (;;) {
    // As a state thread does now and then.
    await new Promise((resolve) => setImmediate(resolve));
    reader.renew();
    let rowCount = 0;
    for (const _ of reader.scan(0, 1, '', undefined)) rowCount += 1;
    reader.get(0, 1, rowKey(0, rowCount % rowsPerSlice));
  }
};

if (role === 'write') await writeWithoutPause();
else await scanWithoutPause();
