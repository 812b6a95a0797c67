/**
 * A process laid out like a node, for tests that end it at a bad moment: a main thread, a thread that writes slices without
 * pause (8 to 16 under way at any time), and one that scans without pause (`store-thread.ts`).
 *
 * Arguments: the store's path, and how the main thread ends the process (`exit`, `throw`, `reject` or `never`) so many
 * milliseconds after the writing began. Prints a line per mark that settled, and `ending` before it ends.
 */
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { parkOnExit } from '../../src/store/parking.ts';

const [path, how = 'never', afterMs] = process.argv.slice(2);

const endProcess = (): void => {
  writeSync(1, 'ending\n');
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

const start = (role: 'write' | 'scan'): Worker =>
  new Worker(new URL('./store-thread.ts', import.meta.url), { workerData: { role, path } });

const writer = start('write');
writer.once('message', () => {
  const scanner = start('scan');
  // Both have loaded the binding by then: a node waits for that too.
  scanner.once('message', () => {
    parkOnExit(
      (cell) => scanner.postMessage(cell),
      (cell) => writer.postMessage(cell),
    );
    if (how !== 'never') setTimeout(endProcess, Number(afterMs));
  });
});
