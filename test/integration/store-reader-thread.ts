/**
 * A thread that reads the store, for `store-threads.test.ts`. `workerData.mode`:
 *
 * - `follow`: for each message, renews and answers with the value of that key (text) or undefined.
 * - `scan`: scans table 1 again and again. All rows of one state have the same value; says `torn` if not.
 * - `loop`: begins a scan and never goes on, as user code may.
 *
 * Says `open` once it has read something.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openLmdbReader } from '../../src/store/lmdb-store.ts';

const { path, mode } = workerData as { readonly path: string; readonly mode: 'follow' | 'scan' | 'loop' };
const port = parentPort!;
const reader = openLmdbReader(path);

const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString();

const scanOnce = (): void => {
  const values = new Set<string | undefined>();
  for (const [, value] of reader.scan(0, 1, '', undefined)) values.add(textOf(value.subarray(0, 10)));
  if (values.size > 1) port.postMessage(`torn: ${[...values].join(', ')}`);
};

switch (mode) {
  case 'follow':
    port.postMessage('open');
    port.on('message', (key: string) => {
      reader.renew();
      port.postMessage({ key, value: textOf(reader.get(0, 1, key)) });
    });
    break;
  case 'scan':
    scanOnce();
    port.postMessage('open');
    for (;;) {
      reader.renew();
      scanOnce();
    }
  case 'loop':
    for (const [key] of reader.scan(0, 1, '', undefined)) {
      port.postMessage('open');
      while (key !== undefined);
    }
    break;
  default:
    mode satisfies never;
}
