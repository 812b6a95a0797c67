/**
 * A process laid out like a node, for tests that end it at a bad moment: the main thread, a thread that writes slices without
 * pause (8 to 16 under way at any time), and one that scans without pause.
 *
 * Arguments: the store's path, and how the main thread ends the process (`exit`, `throw`, `reject` or `never`) so many
 * milliseconds after the first slices are written. Prints a line per mark that settled, and `ending` before it ends.
 */
import { writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openLmdbReader, openLmdbWriter } from '../../src/store/lmdb-store.ts';
import { rowKey, rowsPerSlice, sliceOf, slicesPerMark } from './store-rows.ts';

type Role = { readonly role: 'write' | 'scan'; readonly path: string };

const say = (line: string): void => void writeSync(1, `${line}\n`);

const writeWithoutPause = async (path: string): Promise<void> => {
  const writer = openLmdbWriter(path);
  await writer.mark(0, { position: 0, note: undefined });
  parentPort!.postMessage('opened');
  let marked: Promise<void> = Promise.resolve();
  for (let round = 1; ; round += 1) {
    const slices = Array.from({ length: slicesPerMark }, (_, slice) => writer.write(0, sliceOf(round, slice)));
    const mark = writer.mark(0, { position: round, note: undefined });
    await marked;
    await Promise.all(slices);
    marked = mark.then(() => say(`marked ${round}`));
  }
};

const scanWithoutPause = (path: string): never => {
  const reader = openLmdbReader(path);
  for (;;) {
    reader.renew();
    let rowCount = 0;
    for (const _ of reader.scan(0, 1, '', undefined)) rowCount += 1;
    reader.get(0, 1, rowKey(0, rowCount % rowsPerSlice));
  }
};

const endProcess = (how: string): void => {
  say('ending');
  switch (how) {
    case 'exit':
      process.exit(7);
      break;
    case 'throw':
      throw new Error('not caught');
    case 'reject':
      void Promise.reject(new Error('not caught'));
      break;
    default:
      throw new Error(`Not a way to end a process: ${how}`);
  }
};

const main = (path: string, how: string, afterMs: number): void => {
  const start = (role: Role['role']): Worker => new Worker(new URL(import.meta.url), { workerData: { role, path } });
  start('write').once('message', () => {
    start('scan');
    if (how !== 'never') setTimeout(endProcess, afterMs, how);
  });
};

if (isMainThread) main(process.argv[2]!, process.argv[3]!, Number(process.argv[4]));
else {
  const { role, path } = workerData as Role;
  if (role === 'write') await writeWithoutPause(path);
  else scanWithoutPause(path);
}
